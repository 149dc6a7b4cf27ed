"""A company's needs and offerings: the list, the form, renew, close, reopen."""

from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import db
from app.errors import NotFound
from app.i18n import language
from app.models import Kind
from app.services import listings, usecases
from app.services import topics as topic_service
from app.services.listings import Wording
from app.web import topics
from app.web.access import company_id, member, person
from app.web.cards import help_names
from app.web.listing_form import HELP_HINTS, REACHES, ListingForm
from app.web.topics import Picker

bp = Blueprint("listings", __name__, url_prefix="/listings")


@bp.get("")
@member
def index() -> ResponseReturnValue:
    found = listings.of_company(db.session(), company_id())
    today = listings.today(_now())
    return render_template(
        "listings/index.html",
        needs=[one for one in found if one.kind is Kind.NEED],
        offerings=[one for one in found if one.kind is Kind.OFFERING],
        chips=topic_service.names(db.session(), found, language()),
        today=today,
        soon=today + listings.RUNS_OUT_WITHIN,
        help_names=help_names,
        reaches={reach.value: words for reach, words in REACHES},
    )


@bp.route("/new", methods=["GET", "POST"])
@member
def new() -> ResponseReturnValue:
    kind = _kind(request.args.get("kind", Kind.NEED.value))
    form = ListingForm()
    if request.method == "GET":
        return _page(kind, form, _prefilled(form))
    if topics.asked(request.form):
        return _page(kind, form, topics.read(request.form))
    picker = topics.read(request.form)
    if form.validate():
        with form.telling():
            listings.create(form.draft(kind, picker), by=person().id, at=_now())
            flash(_saved(kind), "success")
            return redirect(url_for(".index"))
    return _page(kind, form, picker), 422


@bp.route("/<uuid:listing_id>/edit", methods=["GET", "POST"])
@member
def edit(listing_id: UUID) -> ResponseReturnValue:
    listing = listings.of_person(db.session(), person().id, listing_id)
    kind = listing.kind
    if request.method == "GET":
        draft = listings.typed(db.session(), listing)
        return _page(
            kind, ListingForm.of(draft), topics.picker("", draft.wording), listing_id
        )
    form = ListingForm()
    picker = topics.read(request.form)
    if topics.asked(request.form):
        return _page(kind, form, picker, listing_id)
    if form.validate():
        with form.telling():
            listings.edit(
                listing_id, form.draft(kind, picker), by=person().id, at=_now()
            )
            flash(_("Ihre Änderungen sind gespeichert."), "success")
            return redirect(url_for(".index"))
    return _page(kind, form, picker, listing_id), 422


@bp.post("/<uuid:listing_id>/renew")
@member
def renew(listing_id: UUID) -> ResponseReturnValue:
    listings.renew(listing_id, by=person().id, at=_now())
    flash(_("Der Eintrag gilt wieder 180 Tage."), "success")
    return redirect(url_for(".index"))


@bp.post("/<uuid:listing_id>/close")
@member
def close(listing_id: UUID) -> ResponseReturnValue:
    listings.close(listing_id, by=person().id, at=_now())
    flash(_("Der Eintrag ist geschlossen."), "success")
    return redirect(url_for(".index"))


@bp.post("/<uuid:listing_id>/reopen")
@member
def reopen(listing_id: UUID) -> ResponseReturnValue:
    listings.reopen(listing_id, by=person().id, at=_now())
    flash(_("Der Eintrag ist wieder offen."), "success")
    return redirect(url_for(".index"))


def _page(
    kind: Kind, form: ListingForm, picker: Picker, listing_id: UUID | None = None
) -> str:
    return render_template(
        "listings/form.html",
        kind=kind.value,
        form=form,
        picker=picker,
        listing_id=listing_id,
        hints=HELP_HINTS,
        draft_key=f"{person().id}:{listing_id or kind.value}",
    )


def _prefilled(form: ListingForm) -> Picker:
    """The form as a use case begins it, when the visitor came from one."""
    case_id = request.args.get("use_case", "")
    if not case_id:
        return Picker("")
    try:
        case = usecases.get(case_id)
    except NotFound:
        return Picker("")
    form.title.data = case.title_en if language() == "en" else case.title_de
    wording = Wording(form.title.data, "", added=tuple(case.topics))
    return topics.picker("", wording)


def _kind(value: str) -> Kind:
    if value not in set(Kind):
        raise NotFound
    return Kind(value)


def _saved(kind: Kind) -> str:
    if kind is Kind.NEED:
        return str(_("Ihr Bedarf ist eingetragen und in der nächsten Runde dabei."))
    return str(_("Ihr Angebot ist eingetragen und in der nächsten Runde dabei."))


def _now() -> datetime:
    return datetime.now(UTC)
