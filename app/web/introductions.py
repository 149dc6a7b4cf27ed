"""Introductions: the list, one of them, and the decisions about it."""

from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, TextAreaField
from wtforms.validators import DataRequired, Length

from app import db
from app.errors import Invalid
from app.models import DeclineReason
from app.services import introductions, introductions_views
from app.services.introductions import Contact, Standing
from app.services.introductions_contacts import note_read
from app.services.introductions_ends import LONGEST_COMPLAINT
from app.web import meetings
from app.web.access import company_id, member, person

bp = Blueprint("introductions", __name__, url_prefix="/introductions")

ENDED_PER_PAGE = 20


class ContactForm(FlaskForm):
    """What the other company sees once both have accepted."""

    release_email = BooleanField(_l("E-Mail-Adresse zeigen"))
    release_phone = BooleanField(_l("Telefonnummer zeigen"))


class AcceptForm(ContactForm):
    tells = BooleanField(_l("Der anderen Firma schon jetzt sagen: Wir haben Interesse"))


class ComplaintForm(FlaskForm):
    text = TextAreaField(
        _l("Was ist vorgefallen?"),
        [
            DataRequired(_l("Bitte schreiben Sie kurz, was war.")),
            Length(max=LONGEST_COMPLAINT, message=_l("Höchstens 200 Zeichen.")),
        ],
    )


@bp.get("")
@member
def index() -> ResponseReturnValue:
    page = max(1, request.args.get("page", 1, type=int))
    found = introductions_views.overview(
        db.session(), company_id(), at=_now(), page=page, size=ENDED_PER_PAGE
    )
    pages = max(1, -(-found.n_ended // ENDED_PER_PAGE))
    return render_template(
        "introductions/index.html", found=found, page=page, pages=pages
    )


@bp.get("/<uuid:introduction_id>")
@member
def show(introduction_id: UUID) -> ResponseReturnValue:
    view = _view(introduction_id)
    more = meetings.parts(view) if view.standing is Standing.CONNECTED else {}
    return render_template(
        f"introductions/{view.standing.value}.html", view=view, **more
    )


@bp.post("/<uuid:introduction_id>/read")
@member
def read(introduction_id: UUID) -> ResponseReturnValue:
    """Sent by the page that shows contact data; no GET writes."""
    note_read(introduction_id, by=person().id, at=_now())
    return "", 204


@bp.route("/<uuid:introduction_id>/accept", methods=["GET", "POST"])
@member
def accept(introduction_id: UUID) -> ResponseReturnValue:
    me = person()
    form = AcceptForm(
        data={"release_email": me.release_email, "release_phone": me.release_phone}
    )
    if form.validate_on_submit():
        try:
            standing = introductions.accept(
                introduction_id,
                by=me.id,
                at=_now(),
                tells=form.tells.data,
                contact=Contact(
                    email=form.release_email.data, phone=form.release_phone.data
                ),
            )
        except Invalid as error:
            form.release_email.errors = [_(error.message, **error.details)]
        else:
            flash(_accepted(standing), "success")
            return redirect(url_for(".show", introduction_id=introduction_id))

    view = _view(introduction_id)
    if view.standing is not Standing.ASKED:
        return redirect(url_for(".show", introduction_id=introduction_id))
    template = "introductions/accept.html"
    return render_template(template, view=view, form=form, me=person()), (
        422 if form.errors else 200
    )


@bp.route("/<uuid:introduction_id>/decline", methods=["GET", "POST"])
@member
def decline(introduction_id: UUID) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    if request.method == "POST" and reason in set(DeclineReason):
        introductions.decline(
            introduction_id, DeclineReason(reason), by=person().id, at=_now()
        )
        flash(_("Abgelehnt. Die andere Firma erfährt nicht, dass Sie es waren."))
        return redirect(url_for("suggestions.week"))

    view = _view(introduction_id)
    if view.standing is not Standing.ASKED:
        return redirect(url_for(".show", introduction_id=introduction_id))
    quick = "HX-Request" in request.headers
    template = "introductions/_decline.html" if quick else "introductions/decline.html"
    return render_template(template, view=view), (
        422 if request.method == "POST" else 200
    )


@bp.post("/<uuid:introduction_id>/withdraw")
@member
def withdraw(introduction_id: UUID) -> ResponseReturnValue:
    introductions.withdraw(introduction_id, by=person().id, at=_now())
    flash(_("Sie haben Ihre Zusage zurückgenommen."))
    return redirect(url_for(".show", introduction_id=introduction_id))


@bp.route("/<uuid:introduction_id>/complain", methods=["GET", "POST"])
@member
def complain(introduction_id: UUID) -> ResponseReturnValue:
    form = ComplaintForm()
    if form.validate_on_submit():
        try:
            introductions.complain(
                introduction_id, form.text.data, by=person().id, at=_now()
            )
        except Invalid as error:
            form.text.errors = [_(error.message, **error.details)]
        else:
            flash(_("Danke. Die beiden Firmen werden einander nicht mehr vorgestellt."))
            return redirect(url_for(".show", introduction_id=introduction_id))

    view = _view(introduction_id)
    return render_template("introductions/complain.html", view=view, form=form), (
        422 if form.errors else 200
    )


def _view(introduction_id: UUID) -> introductions_views.View:
    return introductions_views.view(
        db.session(), person().id, introduction_id, at=_now()
    )


def _accepted(standing: Standing) -> str:
    if standing is Standing.CONNECTED:
        return _("Beide haben angenommen. Hier sind die Kontaktdaten.")
    return _("Angenommen. Sagt auch die andere Firma zu, schreiben wir Ihnen.")


def _now() -> datetime:
    return datetime.now(UTC)
