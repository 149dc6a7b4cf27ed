"""The radar for organizers: topics and needs that find no offering."""

from datetime import UTC, datetime

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from app import db
from app.services import radar
from app.web.access import organizer
from app.web.quality import known_state, topic_names
from matching import knowledge

bp = Blueprint("radar", __name__, url_prefix="/organize/radar")


@bp.get("")
@organizer
def index() -> ResponseReturnValue:
    now, demo = datetime.now(UTC), current_app.config["DEMO"]
    state = known_state(request.args.get("state"))
    return render_template(
        "radar/index.html",
        topics=radar.topics(db.session(), at=now, state=state, demo=demo),
        needs=radar.needs_without_introduction(db.session(), at=now, demo=demo),
        state=state,
        names=topic_names(),
        states=knowledge.load().states,
    )
