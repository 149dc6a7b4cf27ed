"""Find needs and offerings of others."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import db
from app.i18n import language
from app.models import Company, Kind
from app.services import listings, search
from app.services import topics as topic_service
from app.services.search import DISTANCES, Wanted
from app.web.access import company_id, member
from app.web.listing_form import PRICES, REACHES
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
        reaches={reach.value: words for reach, words in REACHES},
        prices={price.value: words for price, words in PRICES},
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
