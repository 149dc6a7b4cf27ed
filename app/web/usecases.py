"""Typical use cases: an overview for everybody, and a way into one's own listing."""

from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.i18n import language
from app.services import usecases
from app.services.usecases_sectors import SECTORS
from app.web.access import public
from matching import knowledge
from matching.knowledge import Topic

bp = Blueprint("usecases", __name__, url_prefix="/usecases")


@bp.get("")
@public
def index() -> ResponseReturnValue:
    chosen = {
        name: request.args.get(name, "").strip()[:120]
        for name in ("area", "sector", "q")
    }
    page = request.args.get("page", 1, type=int)
    found = usecases.find(
        area=chosen["area"], sector=chosen["sector"], words=chosen["q"], page=page
    )
    return render_template(
        "usecases/index.html",
        found=found,
        chosen=chosen,
        areas=usecases.areas(language()),
        sectors=sorted(SECTORS, key=gettext),
        known=knowledge.load(),
        filtered=any(chosen.values()) or page > 1,
        link=lambda number: (
            f"{url_for('.index')}?{urlencode(chosen | {'page': number})}"
        ),
    )


@bp.get("/<path:use_case_id>")
@public
def show(use_case_id: str) -> ResponseReturnValue:
    case = usecases.get(use_case_id)
    known = knowledge.load()
    return render_template(
        "usecases/show.html",
        case=case,
        topics=[_name(known.topic[topic]) for topic in case.topics],
        related=usecases.related(case),
        known=known,
    )


def _name(topic: Topic) -> str:
    return topic.en if language() == "en" else topic.de
