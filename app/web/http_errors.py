"""Where refusals of the product become pages: the only map from error to status."""

from flask import Flask, render_template
from flask.typing import ResponseReturnValue

from app.errors import AppError, Busy, Conflict, Invalid, NotAllowed, NotFound

STATUS = {NotFound: 404, NotAllowed: 403, Conflict: 409, Invalid: 422, Busy: 503}


def init_app(app: Flask) -> None:
    app.register_error_handler(AppError, refuse)


def refuse(error: AppError) -> ResponseReturnValue:
    status = next(
        (code for kind, code in STATUS.items() if isinstance(error, kind)), 400
    )
    return render_template("errors/refused.html", error=error), status
