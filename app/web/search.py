"""Find needs and offerings of others, and ask to be introduced."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import db
from app.errors import Conflict, Invalid
from app.i18n import language
from app.models import Company, Kind, Paid
from app.services import asking, listings, search
from app.services import topics as topic_service
from app.services.introductions import Contact
from app.services.search import DISTANCES, Wanted
from app.web.access import company_id, member, person
from app.web.introductions import ContactForm
from app.web.listing_form import REACHES
from matching import knowledge

bp = Blueprint("search", __name__, url_prefix="/search")


@bp.get("")
@member
def index() -> ResponseReturnValue:
    chosen = {
        name: request.args.get(name, "").replace("\x00", "").strip()[:120]
        for name in ("q", "kind", "topic", "state", "help", "km")
    }
    kept: dict[str, Any] = {name: value for name, value in chosen.items() if value}
    page = request.args.get("page", 1, type=int)
    session = db.session()
    found = search.find(
        session,
        company_id(),
        _wanted(chosen),
        today=listings.today(datetime.now(UTC)),
        page=page,
        language=language(),
    )
    return render_template(
        "search/index.html",
        found=found,
        chosen=chosen,
        filtered=bool(kept),
        known=knowledge.load(),
        topics=topic_service.active(session, language()),
        distances=DISTANCES,
        has_place=session.get_one(Company, company_id()).lat is not None,
        **_words(),
        link=lambda number: url_for(".index", **kept, page=number),
    )


def _wanted(chosen: dict[str, str]) -> Wanted:
    """The filters; what no form of ours sends does not restrict."""
    known = knowledge.load()
    km = chosen["km"]
    return Wanted(
        words=chosen["q"],
        kind=Kind(chosen["kind"]) if chosen["kind"] in set(Kind) else None,
        topic=chosen["topic"],
        state=chosen["state"] if chosen["state"] in known.state else "",
        help_kind=chosen["help"] if chosen["help"] in known.help_kind else "",
        within_km=int(km) if km in map(str, DISTANCES) else None,
    )


@bp.route("/<uuid:listing_id>/ask", methods=["GET", "POST"])
@member
def ask(listing_id: UUID) -> ResponseReturnValue:
    me, session, at = person(), db.session(), datetime.now(UTC)
    asking.listing_of_other(session, me.id, listing_id, at=at)
    hit = search.hit(session, company_id(), listing_id, language=language())
    form = ContactForm(
        data={"release_email": me.release_email, "release_phone": me.release_phone}
    )
    if form.validate_on_submit():
        contact = Contact(email=form.release_email.data, phone=form.release_phone.data)
        try:
            found = asking.ask(listing_id, by=me.id, at=at, contact=contact)
        except (Conflict, Invalid) as refused:
            form.form_errors = [_(refused.message, **refused.details)]
        else:
            flash(_("Angefragt. Sagt die andere Firma zu, schreiben wir Ihnen."))
            return redirect(url_for("introductions.show", introduction_id=found))
    return render_template(
        "search/ask.html", hit=hit, form=form, me=person(), **_words()
    ), (422 if form.errors or form.form_errors else 200)


def _words() -> dict[str, Any]:
    """What the page calls reaches and prices."""
    return {
        "reaches": {reach.value: words for reach, words in REACHES},
        "prices": {
            Paid.NONE.value: _("ohne Bezahlung"),
            Paid.MAYBE.value: _("zum Teil bezahlt"),
            Paid.YES.value: _("bezahlte Leistung"),
        },
    }
