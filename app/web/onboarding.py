"""Onboarding: place, one need, one offering on one page, then who could fit."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from app import db
from app.i18n import language
from app.models import LONGEST_TEXT, Company, Kind
from app.services import listings, onboarding, places, preview
from app.services import topics as topic_service
from app.services.listings import Draft
from app.services.onboarding import Start
from app.services.places import Place
from app.services.preview import Fits
from app.web import topics
from app.web.access import company_id, member, person
from app.web.forms import AtMost, Form, Paragraphs, Required, Words
from app.web.listing_form import check_text
from app.web.topics import Picker

bp = Blueprint("onboarding", __name__, url_prefix="/onboarding")

PARTS = {"need-": Kind.NEED, "offering-": Kind.OFFERING}


class StartForm(Form):
    place = Words(
        _l("Wo ist Ihre Firma?"),
        [Required(_l("Bitte nennen Sie den Ort.")), AtMost(120)],
    )
    need = Paragraphs(_l("Wobei könnte Ihnen jemand helfen?"), name="need-text")
    offering = Paragraphs(_l("Was haben Sie schon gemacht?"), name="offering-text")
    nothing = BooleanField(_l("Noch nichts anzubieten"))

    def validate_need(self, field: Any) -> None:
        check_text(field, longest=LONGEST_TEXT, required=self.nothing.data)

    def validate_offering(self, field: Any) -> None:
        if not self.nothing.data:
            check_text(field, longest=LONGEST_TEXT, required=not self.need.data)

    def text(self, part: str) -> str:
        if part == "offering-" and self.nothing.data:
            return ""
        return (self.need.data if part == "need-" else self.offering.data) or ""


@bp.route("", methods=["GET", "POST"])
@member
def start() -> ResponseReturnValue:
    form = StartForm()
    if request.method == "GET":
        company = db.session().get_one(Company, company_id())
        if company.onboarded_at:
            return redirect(url_for("listings.index"))
        form.place.data = _label(company)
        return _page(form, [])
    chosen = request.form.get("place-choice")
    if chosen:
        form.place.data = chosen
    if chosen or any(topics.asked(request.form, part) for part in PARTS):
        return _page(form, [])
    candidates: list[Place] = []
    if form.validate():
        place, candidates = settle(form)
        if place is not None:
            with form.telling():
                begun = Start(place, _draft(form, "need-"), _draft(form, "offering-"))
                onboarding.finish(begun, by=person().id, at=_now())
                return redirect(url_for(".fits"))
    return _page(form, candidates), 422


@bp.post("/later")
@member
def later() -> ResponseReturnValue:
    onboarding.skip(by=person().id, at=_now())
    return redirect(url_for("suggestions.week"))


@bp.get("/fits")
@member
def fits() -> ResponseReturnValue:
    """Who could fit what the company has recorded: numbers only, no names."""
    session = db.session()
    company = session.get_one(Company, company_id())
    found = [
        one
        for one in listings.of_company(session, company.id)
        if one.is_open(listings.today(_now()))
    ]
    return render_template(
        "onboarding/fits.html",
        listings=found,
        chips=topic_service.names(session, found, language()),
        fits={one.id: preview.of_listing(session, one) for one in found},
    )


@bp.post("/preview")
@member
def count() -> ResponseReturnValue:
    """How many could fit what is typed so far; swapped in by htmx."""
    form = StartForm()
    return render_template("onboarding/preview.html", fits=_fits(form))


def settle(form: StartForm) -> tuple[Place | None, list[Place]]:
    """The place that was typed, or those it could be, with the error at the field."""
    found = places.resolve(form.place.data)
    if isinstance(found, Place):
        return found, []
    if found is None:
        form.place.errors = [_("Diesen Ort kennen wir nicht. Bitte prüfen Sie ihn.")]
        return None, places.search(form.place.data, limit=5)
    form.place.errors = [_("Diesen Ort gibt es mehrmals. Welchen meinen Sie?")]
    return None, list(found.places)[:8]


def _label(company: Company) -> str:
    """The place as the list of places writes it, where one was given already."""
    if not company.place:
        return ""
    state = places.STATE_NAMES.get(company.state or "")
    return f"{company.place} ({state})" if state else company.place


def _page(form: StartForm, candidates: list[Place]) -> str:
    return render_template(
        "onboarding/start.html",
        form=form,
        candidates=candidates,
        pickers={part: topics.read(request.form, part) for part in PARTS},
        fits=_fits(form) if request.method == "POST" else {},
        draft_key=f"{person().id}:start",
    )


def _fits(form: StartForm) -> dict[str, Fits]:
    """For each text that was typed, how many companies could fit it."""
    place = places.resolve(form.place.data or "")
    found = {}
    for part, kind in PARTS.items():
        text = form.text(part)[:LONGEST_TEXT]
        if not text:
            continue
        picker = topics.read(request.form, part)
        fitting = preview.of_draft(
            db.session(),
            Draft(kind, text, added=tuple(picker.added), removed=tuple(picker.removed)),
            company_id(),
            place if isinstance(place, Place) else None,
        )
        if fitting is not None:
            found[kind.value] = fitting
    return found


def _draft(form: StartForm, part: str) -> Draft | None:
    text = form.text(part)
    if not text:
        return None
    picker: Picker = topics.read(request.form, part)
    added, removed = tuple(picker.added), tuple(picker.removed)
    return Draft(PARTS[part], text, added=added, removed=removed)


def _now() -> datetime:
    return datetime.now(UTC)
