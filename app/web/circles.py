"""Circles and rings of a round, for organizers only."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app import db
from app.errors import AppError, Invalid
from app.models import RoundState
from app.services import circles, rounds_edits, rounds_review
from app.services.circles import Circle, Found
from app.services.circles_world import Part, Standing, Trouble
from app.services.rounds_market import Pair
from app.web import cards
from app.web.access import organizer, person
from app.web.quality import topic_names
from app.web.rounds import BANDS
from app.web.sheets import csv_answer

bp = Blueprint("circles", __name__, url_prefix="/organize/round/<week>")

MOST_PAIRS = 3  # of a ring
TROUBLES = {
    Trouble.GONE: _l("nimmt nicht mehr teil"),
    Trouble.PAUSED: _l("pausiert"),
    Trouble.CLOSED: _l("inzwischen beendet"),
}
STANDINGS = {
    Standing.DRAFT: _l("steht im Entwurf"),
    Standing.PINNED: _l("vorgemerkt"),
    Standing.DROPPED: _l("von Hand gestrichen"),
    Standing.OPEN: _l("Vorstellung läuft"),
    Standing.CONNECTED: _l("schon bekannt gemacht"),
    Standing.COOLING: _l("vor Kurzem vorgeschlagen"),
    # Who said it is nobody's business, whether by complaint or by a list.
    Standing.BLOCKED: _l("sollen einander nicht vorgestellt werden"),
    Standing.AVOIDED: _l("sollen einander nicht vorgestellt werden"),
}
HEADINGS = {
    "circles": [
        *("circle", "topic", "strength", "stands", "company", "place", "need"),
        *("company_now", "reasons", "offerings_nearby"),
    ],
    "rings": [
        *("ring", "fit", "strength", "stands", "helper", "helper_place", "helped"),
        *("helped_place", "need", "offering", "km", "pair_now", "reasons"),
    ],
}


@bp.get("/circles")
@organizer
def index(week: str) -> ResponseReturnValue:
    session = db.session()
    row = rounds_review.existing(session, week)
    return render_template(
        "circles/index.html",
        week=week,
        row=row,
        editable=row.state is RoundState.DRAFT,
        found=circles.of_round(session, row, at=_now()),
        words={"troubles": TROUBLES, "standings": STANDINGS, "bands": BANDS},
        topics=topic_names(),
        circle_reasons=circle_reasons,
    )


@bp.get("/<any(circles, rings):table>.csv")
@organizer
def download(week: str, table: str) -> ResponseReturnValue:
    session = db.session()
    row = rounds_review.existing(session, week)
    found = circles.of_round(session, row, at=_now())
    rows = _circle_rows(found) if table == "circles" else _ring_rows(found)
    return csv_answer(f"handschlag-{table}-{week}.csv", HEADINGS[table], rows)


@bp.post("/circles/pin")
@organizer
def pin(week: str) -> ResponseReturnValue:
    """Have the pairs of a ring, or a pair of a circle, introduced by the draft."""
    try:
        pairs = _pairs(request.form.getlist("pair"))
        rounds_edits.add_all(week, pairs, by=person().id, at=_now())
    except AppError as refused:
        flash(_(refused.message), "danger")
    else:
        flash(
            ngettext(
                "Vorgemerkt: %(num)s Paar. Es kommt mit dem nächsten Berechnen.",
                "Vorgemerkt: %(num)s Paare. Sie kommen mit dem nächsten Berechnen.",
                len(pairs),
            ),
            "success",
        )
    return redirect(url_for(".index", week=week))


def circle_reasons(circle: Circle) -> list[str]:
    """Why these companies, in words; of a changed circle only what is still true."""
    found = {one["code"]: one["values"] for one in circle.reasons}
    words = []
    if "within" in found:
        km = round(found["within"]["km"])
        words.append(_("höchstens %(km)s km voneinander entfernt", km=km))
    else:
        words.append(_("Entfernung unbekannt, weil ein Ort fehlt"))
    if not circle.changed:
        if "sectors" in found:
            number = round(found["sectors"]["n"])
            words.append(_("aus %(number)s Branchen", number=number))
        words.append(_("keine Wettbewerber nach Branche und Nähe"))
    return words


def _pairs(texts: list[str]) -> list[Pair]:
    """Pairs of companies from the form, each as two ids with a colon between."""
    try:
        halves = [text.split(":") for text in texts[:MOST_PAIRS]]
        pairs = [(UUID(one), UUID(other)) for one, other in halves]
    except ValueError:
        pairs = []
    if not pairs:
        raise Invalid(_("Bitte wählen Sie ein Paar."), field="pair")
    return pairs


def _circle_rows(found: Found) -> Iterator[list[object]]:
    names = topic_names()
    for number, circle in enumerate(found.circles, 1):
        reasons = "; ".join(circle_reasons(circle))
        nearby = "; ".join(
            f"{_name(one.part)}: {one.part.title}" for one in circle.nearby
        )
        for one in circle.members:
            yield [
                *(number, names.get(circle.topic, circle.topic), circle.strength),
                *(int(circle.stands), _name(one), _place(one), one.title),
                *(_trouble(one), reasons, nearby),
            ]


def _ring_rows(found: Found) -> Iterator[list[object]]:
    for number, ring in enumerate(found.rings, 1):
        for one in ring.helps:
            yield [
                *(number, str(BANDS[ring.band]), ring.strength, int(ring.stands)),
                *(_name(one.giver), _place(one.giver)),
                *(_name(one.taker), _place(one.taker), one.taker.title),
                *(one.giver.title, one.km, _now_of(one.standing, one.giver, one.taker)),
                "; ".join(cards.sentences(one.reasons)),
            ]


def _name(part: Part) -> str:
    return part.company.name if part.company else str(TROUBLES[Trouble.GONE])


def _place(part: Part) -> str | None:
    return part.company.place if part.company else None


def _trouble(part: Part) -> str:
    return str(TROUBLES[part.trouble]) if part.trouble else ""


def _now_of(standing: Standing, *parts: Part) -> str:
    """What has become of a pair, or of one of its companies."""
    words: Mapping[Any, Any] = STANDINGS
    told = [_trouble(one) for one in parts] + [str(words.get(standing, ""))]
    return "; ".join(dict.fromkeys(one for one in told if one))


def _now() -> datetime:
    return datetime.now(UTC)
