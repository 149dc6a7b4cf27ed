"""Texts of the invented listings: situations told by many different houses.

A situation is what a listing is really about; texts about the same situation fit
together even where their words differ. This hidden truth drives the decisions of
the demo, and never reaches the engine.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from app.demo.firms import Trade

FOLDER = Path(__file__).parent / "corpus"
PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

NEED_ENDS = (
    "Angefangen haben wir noch nicht.",
    "Die Tabelle, mit der wir es probiert haben, pflegt keiner mehr.",
    "Uns genügt ein ehrliches Gespräch, gern per Video.",
    "Eine Stunde vor Ort würde uns schon weiterbringen.",
    "Zeit hätten wir ab dem kommenden Quartal.",
    "Im Gegenzug zeigen wir gern unsere Halle.",
    "Budget ist da, aber nicht für Experimente.",
    "Bitte nur, wer es selbst gemacht hat.",
    "Unser Azubi im dritten Jahr würde das Thema übernehmen.",
    "Bis zum Sommer möchten wir wissen, ob es sich lohnt.",
    "",
    "",
)
OFFER_ENDS = (
    "Läuft bei uns seit {year}.",
    "Die ersten drei Monate waren mühsam, davon erzählen wir offen.",
    "Höchstens zwei Gespräche im Monat, dann aber in Ruhe.",
    "Gern bei uns im Haus, wir nehmen uns einen Vormittag.",
    "Per Video jederzeit, vor Ort nach Absprache.",
    "Verkaufen wollen wir nichts.",
    "Die Zahlen bringen wir mit.",
    "Wer mag, spricht direkt mit der Kollegin, die es betreut.",
    "Angefangen haben wir {year} mit fast nichts.",
    "",
)
NEED_HELP = (
    *(("exp-exchange",), ("usecase-insight",), ("exp-exchange", "usecase-insight")),
    *(("expert-talk",), ("site-visit",), ("second-opinion",), ("vendor-reference",)),
    *(("mentoring",), ("pilot",), ("training",)),
)
OFFER_HELP = (
    *(("exp-exchange",), ("exp-exchange", "usecase-insight"), ("site-visit",)),
    *(("usecase-insight",), ("expert-talk",), ("mentoring", "expert-talk")),
    *(("training",), ("second-opinion",)),
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What a listing is about, with the words of those who need and who offer."""

    id: str
    topics: tuple[str, ...]
    sectors: tuple[str, ...]
    needs: tuple[str, ...]
    offers: tuple[str, ...]


@lru_cache(maxsize=1)
def situations() -> tuple[Situation, ...]:
    """All situations, in the order of the files."""
    return tuple(
        Situation(
            id=row["id"],
            topics=tuple(row["topics"]),
            sectors=tuple(row["sectors"]),
            needs=tuple(row["needs"]),
            offers=tuple(row["offers"]),
        )
        for file in sorted(FOLDER.glob("*.yaml"))
        for row in yaml.safe_load(file.read_text(encoding="utf-8"))
    )


def need_text(draw: random.Random, core: str, trade: Trade, staff: int) -> str:
    """A need as this house would put it."""
    return _told(draw, core, trade, staff, draw.choice(NEED_ENDS))


def offer_text(draw: random.Random, core: str, trade: Trade, staff: int) -> str:
    """An offering as this house would put it."""
    return _told(draw, core, trade, staff, draw.choice(OFFER_ENDS))


def _told(draw: random.Random, core: str, trade: Trade, staff: int, end: str) -> str:
    opening = draw.choice(trade.openings)
    opening = opening[0].upper() + opening[1:]
    opening = opening.format(n=max(3, staff // draw.choice((2, 3, 5))))
    end = end.format(year=draw.randint(2019, 2025))
    if core.isascii() and " the " in core:  # an English text stays English
        return f"{staff} people. {core}" if draw.random() < 0.5 else core
    shape = draw.randrange(4)
    parts: tuple[str, ...]
    if shape == 0:
        people = draw.choice(("Leute", "Köpfe", "Beschäftigte", "MA", "Mitarbeitende"))
        parts = (f"{opening}, {staff} {people}.", core, end)
    elif shape == 1:
        parts = (core, end)
    elif shape == 2:
        parts = (core, f"({opening}.)", end)
    else:
        parts = (f"{opening}.", core, end)
    text = " ".join(part for part in parts if part)
    return _careless(draw, text) if draw.random() < 0.06 else text


def _careless(draw: random.Random, text: str) -> str:
    """As typed in a hurry: no umlauts, or all in lower case."""
    if draw.random() < 0.5:
        return text.translate(PLAIN)
    return text.lower()
