"""Match quality for organizers: figures, charts, tables and the lists behind them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import db
from app.i18n import language
from app.models import State
from app.services import quality, quality_data, quality_lists
from app.services.quality_data import Filter
from app.web.access import organizer
from app.web.sheets import csv_answer
from matching import knowledge

bp = Blueprint("quality", __name__, url_prefix="/organize/quality")

WEEKS = 12


@bp.get("")
@organizer
def index() -> ResponseReturnValue:
    chosen = chosen_filter()
    found = quality.dashboard(db.session(), chosen, at=datetime.now(UTC))
    return render_template(
        "quality/index.html", board=found, chosen=chosen, **choices(chosen)
    )


@bp.get("/list/<key>")
@organizer
def behind(key: str) -> ResponseReturnValue:
    """The introductions or companies that a figure counts."""
    if key not in quality_lists.LISTS:
        abort(404)
    chosen = chosen_filter()
    rows = quality_lists.rows(db.session(), chosen, key, at=datetime.now(UTC))
    return render_template(
        "quality/list.html", key=key, rows=rows, chosen=chosen, **choices(chosen)
    )


@bp.get("/without-suggestion")
@organizer
def without_suggestion() -> ResponseReturnValue:
    chosen = chosen_filter()
    rows = quality_data.without_suggestion(db.session(), chosen)
    return render_template(
        "quality/without_suggestion.html", rows=rows, chosen=chosen, **choices(chosen)
    )


@bp.get("/data.json")
@organizer
def data() -> ResponseReturnValue:
    """The numbers of all charts of the page, with the filter of the page."""
    found = quality.dashboard(db.session(), chosen_filter(), at=datetime.now(UTC))
    return {
        "weeks": [
            {
                "week": row.week,
                "mutual": _point(row.mutual),
                "coverage": _point(row.coverage),
                "held": _point(row.held),
                "load": row.load_highest,
            }
            for row in found.weeks
        ],
        "reasons": [
            {"name": reason_name(row.reason.value), **_point(row.share)}
            for row in found.reasons
        ],
        "exposure": [round(row.exposure, 3) for row in found.exposure],
    }


@bp.get("/<table>.csv")
@organizer
def download(table: str) -> ResponseReturnValue:
    chosen = chosen_filter()
    found = quality.dashboard(db.session(), chosen, at=datetime.now(UTC))
    tables: dict[str, Callable[[], Iterable[Iterable[object]]]] = {
        "weeks": lambda: _week_rows(found.weeks),
        "reasons": lambda: (
            [reason_name(row.reason.value), *_cells(row.share)] for row in found.reasons
        ),
        "exposure": lambda: ([row.name, row.exposure] for row in found.exposure),
        "figures": lambda: (
            [figure_name(one.key), *_cells(one)] for one in found.figures.values()
        ),
    }
    if table not in tables:
        abort(404)
    name = f"handschlag-{table}-{chosen.first}-{chosen.last}.csv"
    return csv_answer(name, HEADINGS[table], tables[table]())


HEADINGS = {
    "weeks": [
        *("week", "mutual", "mutual_low", "mutual_high", "pairs", "provisional"),
        *("reaction", "accepted", "coverage", "active_companies"),
        *("needs_without_candidate", "open_needs", "held", "held_n", "helpful"),
        *("helpful_n", "load_max", "load_p95", "overloaded", "certificate"),
    ],
    "reasons": ["reason", "share", "low", "high", "n"],
    "exposure": ["company", "exposure"],
    "figures": ["figure", "value", "low", "high", "n"],
}


def chosen_filter() -> Filter:
    """The filter of the address; what is unknown there is left out."""
    first, last = quality.last_weeks(datetime.now(UTC).date(), WEEKS)
    asked_first, asked_last = (
        quality_data.week_or(request.args.get(name), default)
        for name, default in (("first", first), ("last", last))
    )
    topic = request.args.get("topic") or None
    return Filter(
        first=min(asked_first, asked_last),
        last=max(asked_first, asked_last),
        state=known_state(request.args.get("state")),
        topic=topic if topic in topic_names() else None,
        demo=current_app.config["DEMO"],
    )


def choices(chosen: Filter) -> dict[str, Any]:
    """What the filter form offers, and the filter as part of an address."""
    args = {"first": chosen.first, "last": chosen.last}
    if chosen.state:
        args["state"] = chosen.state
    if chosen.topic:
        args["topic"] = chosen.topic
    return {
        "weeks": quality_data.weeks(db.session()),
        "states": knowledge.load().states,
        "topics": topic_names(),
        "args": args,
        "figure_name": figure_name,
        "figure_help": figure_help,
        "reason_name": reason_name,
        "state_name": state_name,
        "uncovered_name": uncovered_name,
    }


def known_state(iso: str | None) -> str | None:
    return iso if iso in {state.iso for state in knowledge.load().states} else None


def topic_names() -> dict[str, str]:
    english = language() == "en"
    return {
        topic.id: topic.en if english else topic.de for topic in knowledge.load().topics
    }


def figure_name(key: str) -> str:
    return {
        "north_star": _("Hilfreiche Verbindungen je 100 Firmen, 28 Tage"),
        "mutual": _("Beidseitig angenommen"),
        "coverage": _("Abdeckung"),
        "without_candidate": _("Bedarfe ohne Kandidaten"),
        "reaction": _("Reaktion"),
        "accepted": _("Angenommen von gezeigt, je Seite"),
        "accepted_of_decided": _("Angenommen von entschieden, je Seite"),
        "held": _("Gespräch geführt"),
        "helpful": _("Hilfreich"),
        "answered": _("Rücklauf der Rückmeldungen"),
        "reaction_time": _("Zeit bis zur Antwort (Median)"),
        "benefit": _("Vorsprung vor dem Zufall"),
        "novelty": _("Neue Paare"),
        "certificate": _("Letzte Runde, Anteil am bestmöglichen Plan"),
    }[key]


def figure_help(key: str) -> str:
    return {
        "north_star": _("Geführt und hilfreich, je Paar nur die erste."),
        "mutual": _("Paare mit zwei Zusagen binnen 14 Tagen von allen gezeigten."),
        "coverage": _("Aktive Firmen mit mindestens einem Vorschlag."),
        "without_candidate": _("Offene Bedarfe, zu denen kein Angebot passt."),
        "reaction": _("Entschieden von gezeigt, je Seite."),
        "accepted": _("Zusagen von allen gezeigten Vorschlägen."),
        "accepted_of_decided": _("Zusagen von allen Entscheidungen."),
        "held": _("Spanne: ohne und mit den unbeantworteten."),
        "helpful": _("Alle antwortenden Seiten geben 4 oder 5 von 5."),
        "answered": _("Rückmeldungen von allen, die gefragt werden."),
        "reaction_time": _("Tage; noch offene sind eingerechnet."),
        "benefit": _("Zusagen bei Vorschlägen minus Zusagen bei Zufallsplätzen."),
        "novelty": _("In den 180 Tagen davor nicht gezeigt."),
        "certificate": _("Bewiesene Schranke aus der Zuteilung."),
    }[key]


def reason_name(value: str) -> str:
    return {
        "no_time": _("Keine Zeit"),
        "not_the_topic": _("Nicht das Thema"),
        "know_each_other": _("Wir kennen uns"),
        "competitor": _("Wettbewerb"),
        "too_far": _("Zu weit"),
        "only_selling": _("Nur Verkauf"),
        "other": _("Anderes"),
    }[value]


def uncovered_name(value: str) -> str:
    return {
        "paused": _("Pausiert"),
        "no_listing": _("Kein offener Bedarf und kein Angebot"),
        "no_candidate": _("Kein passendes Gegenüber"),
        "no_capacity": _("Kapazität auf null gesetzt"),
        "cooling": _("Passende Firmen waren erst kürzlich vorgeschlagen"),
        "crowded_out": _("Passende Firmen sind ausgelastet"),
    }.get(value, value)


def state_name(state: State) -> str:
    return {
        State.DRAFT: _("Entwurf"),
        State.PROPOSED: _("Vorgeschlagen"),
        State.HALF: _("Eine Seite hat zugesagt"),
        State.CONNECTED: _("Verbunden"),
        State.DECLINED: _("Abgelehnt"),
        State.EXPIRED: _("Abgelaufen"),
        State.WITHDRAWN: _("Zurückgezogen"),
        State.CANCELLED: _("Abgesagt"),
    }[state]


def _cells(figure: quality.Figure) -> list[object]:
    if figure.is_hidden:
        return [None, None, None, figure.n]
    interval = figure.interval
    return [
        figure.value,
        interval.low if interval else None,
        interval.high if interval else None,
        figure.n,
    ]


def _week_rows(weeks: list[quality.WeekRow]) -> Iterable[list[object]]:
    for row in weeks:
        value, low, high, n = _cells(row.mutual)
        yield [
            *(row.week, value, low, high, n, int(row.mutual.provisional)),
            *(_cells(row.reaction)[0], _cells(row.accepted)[0]),
            *(_cells(row.coverage)[0], row.coverage.n),
            *(row.without_candidate.value, row.without_candidate.n),
            *(_cells(row.held)[0], row.held.n, _cells(row.helpful)[0], row.helpful.n),
            *(row.load_highest, row.load_p95, row.overloaded, row.certificate),
        ]


def _point(figure: quality.Figure) -> dict[str, Any]:
    value, low, high, n = _cells(figure)
    return {
        "value": value,
        "low": low,
        "high": high,
        "n": n,
        "provisional": figure.provisional,
        "thin": figure.is_thin,
    }
