"""Words for what services tell in codes: companies, reasons, parts of a score."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from app.i18n import language
from app.models import DeclineReason
from app.services import sectors
from app.services.introductions_views import CompanyCard, Exchange, View
from matching import knowledge
from matching.sentences import sentence
from matching.types import Language, Reason

NEAR_KM = 3

DECLINE_REASONS = {
    DeclineReason.NOT_THE_TOPIC: _l("Nicht unser Thema"),
    DeclineReason.NO_TIME: _l("Gerade keine Zeit"),
    DeclineReason.KNOW_EACH_OTHER: _l("Wir kennen uns schon"),
    DeclineReason.COMPETITOR: _l("Wettbewerber"),
    DeclineReason.TOO_FAR: _l("Zu weit weg"),
    DeclineReason.ONLY_SELLING: _l("Will nur verkaufen"),
    DeclineReason.OTHER: _l("Anderer Grund"),
}

PARTS = {
    "topic": _l("Thema"),
    "text": _l("Gemeinsame Worte"),
    "region": _l("Entfernung und Reichweite"),
    "help": _l("Art der Hilfe"),
    "fresh": _l("Wie neu beides ist"),
}

REACHES = {
    "onsite": _l("vor Ort"),
    "state": _l("im Bundesland"),
    "national": _l("bundesweit"),
    "remote": _l("auch online"),
}

# Even texts that say the same share less than half of their words.
MOST_SHARED_WORDS = 0.45
HIGH, MEDIUM = 0.67, 0.34

SHORTEST_COMPOUND_PART = 5
LONGEST_QUOTE = 320


def headline(company: CompanyCard) -> str:
    """The name, where it may be known; else what and where the company is."""
    if company.is_gone:
        return _("Eine Firma, die nicht mehr dabei ist")
    if company.name:
        return company.name
    sector = sectors.name(company.sector, language()) or _("Firma")
    if company.region:
        return _("%(sector)s, Region %(region)s", sector=sector, region=company.region)
    state = state_name(company.state)
    return _("%(sector)s in %(state)s", sector=sector, state=state) if state else sector


def facts(company: CompanyCard) -> list[str | None]:
    """What else the card says of the company, for one line."""
    if company.is_gone:
        return []
    named = company.name is not None
    return [
        sectors.name(company.sector, language()) if named else None,
        size_name(company.size),
        company.place,
        state_name(company.state) if named or company.region else None,
        None if named else _("Name nach beiderseitiger Annahme"),
    ]


def distance(company: CompanyCard) -> str | None:
    if company.distance_km is None:
        return None
    if company.distance_km <= NEAR_KM:
        return _("ganz in Ihrer Nähe")
    return _("%(km)s km von Ihnen", km=company.distance_km)


def reaches(view: View) -> list[str]:
    """How far the offerings of the pair reach, each way once."""
    found = dict.fromkeys(one.offering.reach for one in (*view.gets, *view.gives))
    return [str(REACHES[reach]) for reach in found if reach in REACHES]


def state_name(iso: str | None) -> str | None:
    state = knowledge.load().state.get(iso or "")
    return None if state is None else state.en if language() == "en" else state.de


def size_name(size: str | None) -> str | None:
    for one in knowledge.load().size_classes:
        if one.id == size:
            return one.en if language() == "en" else one.de
    return None


def help_names(kinds: Iterable[str]) -> list[str]:
    known = knowledge.load().help_kind
    return [
        known[kind].en if language() == "en" else known[kind].de
        for kind in kinds
        if kind in known
    ]


def sentences(reasons: Iterable[Mapping[str, Any]]) -> list[str]:
    """Reasons or misfits in the page's language, each once, in order."""
    lang: Language = "en" if language() == "en" else "de"
    found: dict[str, None] = {}
    for reason in reasons:
        values = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in reason.get("values", {}).items()
        }
        # What an older engine wrote down, and this one has no words for, is left out.
        with suppress(KeyError):
            words = sentence(Reason(reason["code"], values), lang, knowledge.load())
            found[words] = None
    return list(found)


def parts(exchange: Exchange) -> list[tuple[str, float, str]]:
    """The parts of a score: name, share of 0 to 1, and the share in words."""
    found = []
    for code, name in PARTS.items():
        if code in exchange.parts:
            share = float(exchange.parts[code])
            if code == "text":
                share = min(1.0, share / MOST_SHARED_WORDS)
            found.append((str(name), share, _level(share)))
    return found


def _level(share: float) -> str:
    if share >= HIGH:
        return _("hoch")
    return _("mittel") if share >= MEDIUM else _("gering")


def highlight(text: str, exchange: Exchange) -> Markup:
    """The text with the words that count in this exchange marked; all else escaped."""
    pattern = _pattern(_shared_words(exchange.reasons))
    if pattern is None:
        return escape(text)
    marked, end = [], 0
    for found in pattern.finditer(text):
        marked += [
            escape(text[end : found.start()]),
            Markup("<mark>"),
            escape(found.group()),
            Markup("</mark>"),
        ]
        end = found.end()
    return Markup("").join([*marked, escape(text[end:])])


def _shared_words(reasons: Iterable[Mapping[str, Any]]) -> set[str]:
    """Words that the two texts share, and the names of their shared topics."""
    found: set[str] = set()
    topics = knowledge.load().topic
    for reason in reasons:
        values = reason.get("values", {})
        if reason["code"] == "words":
            found.update(map(str, values.get("words", ())))
        elif reason["code"] == "topic":
            for topic_id in values.get("topics", ()):
                if topic_id in topics:
                    topic = topics[topic_id]
                    for words in (*topic.labels.values(), *topic.narrow.values()):
                        found.update(words)
    return found


def _pattern(words: set[str]) -> re.Pattern[str] | None:
    """Whole words, and longer ones inside a compound: KI is not in Skizze."""
    choices = [
        rf"\b\w*{re.escape(word)}\w*\b"
        if len(word) >= SHORTEST_COMPOUND_PART and word.isalpha()
        else rf"\b{re.escape(word)}\b"
        for word in sorted(words, key=lambda one: (-len(one), one))
        if len(word) > 1
    ]
    return re.compile("|".join(choices), re.IGNORECASE) if choices else None


def until(instant: datetime) -> str:
    """Weekday, day and time: Montag, 7. Dezember, 10:00 Uhr."""
    pattern = (
        "EEEE, d MMMM, HH:mm" if language() == "en" else "EEEE, d. MMMM, HH:mm 'Uhr'"
    )
    return str(format_datetime(instant, pattern))


def week_name(week: str) -> str:
    """2026-W48 as people say it: Woche 48/2026."""
    year, number = week.split("-W")
    return _("Woche %(number)s/%(year)s", number=int(number), year=year)


def shortened(text: str) -> str:
    """The beginning of a long text, cut at a word."""
    if len(text) <= LONGEST_QUOTE:
        return text
    return text[:LONGEST_QUOTE].rsplit(" ", 1)[0].rstrip(",;:. ") + " …"


HELPERS = {
    "until": until,
    "week_name": week_name,
    "shortened": shortened,
    "headline": headline,
    "facts_of": facts,
    "distance": distance,
    "reaches": reaches,
    "help_names": help_names,
    "sentences": sentences,
    "parts_of": parts,
    "highlight": highlight,
    "decline_reasons": DECLINE_REASONS,
}
