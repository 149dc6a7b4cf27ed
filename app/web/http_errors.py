"""Where refusals become pages: the only map from error to status and words."""

import logging
from dataclasses import dataclass

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from app import db
from app.errors import AppError, Busy, Conflict, Invalid, NotAllowed, NotFound
from app.i18n import COOKIE, LANGUAGES

log = logging.getLogger(__name__)

STATUS = {NotFound: 404, NotAllowed: 403, Conflict: 409, Invalid: 422, Busy: 503}


@dataclass(frozen=True)
class Words:
    """What a refusal is called, what it means, and what to do next."""

    title: str
    text: str


WORDS = {
    400: Words(
        _l("Diese Anfrage verstehen wir nicht"),
        _l("Bitte gehen Sie zurück und versuchen Sie es noch einmal."),
    ),
    401: Words(_l("Bitte melden Sie sich an"), _l("Ihre Anmeldung ist abgelaufen.")),
    403: Words(
        _l("Das darf Ihr Konto nicht"),
        _l("Wenn Sie meinen, dass es das sollte, fragen Sie die Organisation."),
    ),
    404: Words(
        _l("Diese Seite gibt es nicht"),
        _l("Sie wurde verschoben, oder sie ist nicht für Sie bestimmt."),
    ),
    405: Words(
        _l("So lässt sich diese Seite nicht aufrufen"),
        _l("Bitte benutzen Sie die Schaltflächen der Seite, auf der Sie waren."),
    ),
    409: Words(
        _l("Das ist inzwischen anders"),
        _l("Jemand war schneller. Bitte sehen Sie nach, wie es jetzt steht."),
    ),
    410: Words(
        _l("Dieser Link gilt nicht mehr"),
        _l("Er ist abgelaufen oder wurde schon benutzt. Fordern Sie einen neuen an."),
    ),
    413: Words(
        _l("Das ist zu viel auf einmal"),
        _l("Die Eingabe ist größer, als wir sie annehmen. Bitte kürzen Sie sie."),
    ),
    422: Words(
        _l("Bitte prüfen Sie die Angaben"), _l("Etwas daran können wir nicht annehmen.")
    ),
    429: Words(
        _l("Das waren viele Versuche"),
        _l("Bitte warten Sie einige Minuten und versuchen Sie es dann noch einmal."),
    ),
    500: Words(
        _l("Hier ist uns ein Fehler unterlaufen"),
        _l("Es wurde nichts verändert. Bitte versuchen Sie es gleich noch einmal."),
    ),
    503: Words(
        _l("Der Dienst ist gerade nicht bereit"),
        _l("Bitte versuchen Sie es in einer Minute noch einmal."),
    ),
}


def init_app(app: Flask) -> None:
    app.register_error_handler(AppError, refuse)
    app.register_error_handler(CSRFError, form_too_old)
    app.register_error_handler(HTTPException, explain)
    app.register_error_handler(OperationalError, not_ready)
    app.register_error_handler(Exception, apologise)


def refuse(error: AppError) -> ResponseReturnValue:
    """A rule of the product said no: its own sentence, translated."""
    status = next(
        (code for kind, code in STATUS.items() if isinstance(error, kind)), 400
    )
    text = WORDS[404].text if status == 404 else _(error.message, **error.details)
    return page(status, WORDS[status].title, text), status


def form_too_old(_error: CSRFError) -> ResponseReturnValue:
    title = _("Diese Seite war zu lange offen")
    text = _(
        "Zu Ihrer Sicherheit nehmen wir das Formular so nicht an. Gehen Sie zurück,"
        " laden Sie die Seite neu und senden Sie es noch einmal."
    )
    return page(400, title, text), 400


def explain(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    words = WORDS.get(status, WORDS[400 if status < 500 else 500])
    response = error.get_response()
    response.set_data(page(status, words.title, words.text))
    response.content_type = "text/html; charset=utf-8"
    return response


def not_ready(error: OperationalError) -> ResponseReturnValue:
    """The database does not answer or is full: nothing was half written."""
    log.error("database not ready: %s", type(error.orig).__name__)
    return _without_database(503), 503


def apologise(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected %s at %s", type(error).__name__, request.endpoint)
    return _without_database(500), 500


def page(status: int, title: str, text: str) -> str:
    name = "fragment" if request.headers.get("HX-Request") else "refused"
    return render_template(f"errors/{name}.html", status=status, title=title, text=text)


def _without_database(status: int) -> str:
    """A page that asks nobody who is visiting."""
    db.remove()
    g._login_user = AnonymousUserMixin()  # headers and templates ask for it later
    words = WORDS[status]
    accepted = request.accept_languages.best_match(LANGUAGES)
    chosen = request.cookies.get(COOKIE) or accepted
    with force_locale("en" if chosen == "en" else "de"):
        return render_template("errors/broken.html", title=words.title, text=words.text)
