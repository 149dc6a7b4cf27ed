"""What everybody may see: what this is, who runs it, in which language."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import db
from app.i18n import COOKIE, LANGUAGES
from app.i18n import language as page_language
from app.models import Seat
from app.security import csrf
from app.services import companies, usecases
from app.web.access import person, public, signed_in
from app.web.my_data_words import kept
from app.web.page import exists

bp = Blueprint("public", __name__)

A_YEAR = 365 * 24 * 3600


@bp.get("/")
@public
def start() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(_home())
    figures = companies.public_figures(
        db.session(),
        today=datetime.now(UTC).date(),
        with_demo=current_app.config["DEMO"],
    )
    return render_template(
        "public/start.html", figures=figures, areas=usecases.areas(page_language())
    )


@bp.get("/about")
@public
def about() -> ResponseReturnValue:
    return render_template("public/about.html")


@bp.get("/imprint")
@public
def imprint() -> ResponseReturnValue:
    return render_template("public/imprint.html")


@bp.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    return render_template("public/privacy.html", keepings=kept())


@bp.get("/accessibility")
@public
def accessibility() -> ResponseReturnValue:
    return render_template("public/accessibility.html")


@bp.get("/waiting")
@signed_in
def waiting() -> ResponseReturnValue:
    """For accounts whose company, or whose seat there, is not approved yet."""
    one = person()
    if one.sits and one.company is not None and one.company.is_active:
        return redirect(_home())
    return render_template(
        "public/waiting.html", person=one, asked=one.seat is Seat.ASKED
    )


@bp.post("/language")
@csrf.exempt  # sets a cookie of the visitor's own browser, nothing else
@public
def language() -> ResponseReturnValue:
    chosen = request.form.get("language")
    response = make_response(redirect(_own_path(request.form.get("next", "/")), 303))
    if chosen in LANGUAGES:
        response.set_cookie(
            COOKIE,
            chosen,
            max_age=A_YEAR,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response


def _home() -> str:
    """Where a signed-in person works: the week, or the round without a company."""
    one = person()
    if one.is_organizer and not one.sits:
        pages = ["rounds.review", "quality.index", "members.index"]
    elif one.company is not None and one.company.onboarded_at is None:
        pages = ["onboarding.start", "suggestions.week"]
    else:
        pages = ["suggestions.week"]
    return url_for(next(filter(exists, pages), ".waiting"))


def _own_path(address: str) -> str:
    """A path of this site; anything else becomes the start page."""
    parts = urlsplit(address.replace("\\", "/"))
    outside = parts.scheme or parts.netloc or not address.startswith("/")
    return "/" if outside or address.startswith("//") else address
