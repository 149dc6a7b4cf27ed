"""Texts of the invented listings: situations told by many different houses.

A situation is what a listing is really about; texts about the same situation fit
together even where their words differ. This hidden truth drives the decisions of
the demo, and never reaches the engine.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from app.demo.firms import Trade

FOLDER = Path(__file__).parent / "corpus"
SHORTEST = 80  # characters; below it, a house says a little more about itself
STAFF = "{staff}"  # in a wording that says itself how many they are
EITHER_OR = re.compile(r"\[([^\]]*)\]")
PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

ENDS = MappingProxyType(
    {
        "need": (
            "Uns genügt ein ehrliches Gespräch, gern per Video.",
            "Eine Stunde vor Ort würde uns schon weiterbringen.",
            "Zeit hätten wir ab dem kommenden Quartal.",
            "Im Gegenzug zeigen wir gern unseren Betrieb von innen.",
            "Budget ist da, aber nicht für Experimente.",
            "Bitte nur, wer es selbst gemacht hat.",
            "Unser Azubi im dritten Jahr würde das Thema übernehmen.",
            "Bis zum Sommer möchten wir wissen, ob es sich lohnt.",
            "Gern Betriebe unserer Größe.",
            "Eilt nicht, soll aber dieses Jahr noch werden.",
            *("",) * 14,
        ),
        "offering": (
            "Höchstens zwei Gespräche im Monat, dann aber in Ruhe.",
            "Gern bei uns im Haus, wir nehmen uns einen Vormittag.",
            "Per Video jederzeit, vor Ort nach Absprache.",
            "Verkaufen wollen wir nichts.",
            "Die Zahlen bringen wir mit.",
            "Wer mag, spricht direkt mit der Kollegin, die es betreut.",
            *("",) * 10,
        ),
    }
)
ENGLISH_OPENINGS = (
    *(
        "{n} people. ",
        "We are {n} people. ",
        "Team of {n}. ",
        "Family firm, {n} staff. ",
    ),
    *("",) * 6,
)
ENGLISH_ENDS = (
    *(" A video call is fine.", " We are happy to travel.", " German is fine as well."),
    *(" No vendors, please.", " Coffee is on us.", "", "", "", "", "", ""),
)
HELP = MappingProxyType(
    {
        "need": (
            *(("exp-exchange",), ("usecase-insight",), ("exp-exchange",)),
            *(("exp-exchange", "usecase-insight"), ("expert-talk",), ("site-visit",)),
            *(("second-opinion",), ("vendor-reference",), ("mentoring",), ("pilot",)),
            *(("training",), ("usecase-insight", "site-visit")),
        ),
        "offering": (
            *(("exp-exchange",), ("exp-exchange", "usecase-insight"), ("site-visit",)),
            *(("usecase-insight",), ("expert-talk",), ("mentoring", "expert-talk")),
            *(("training",), ("second-opinion",), ("exp-exchange", "site-visit")),
        ),
    }
)
PEOPLE = ("Leute", "Köpfe", "Beschäftigte", "MA", "Mitarbeitende")


@dataclass(frozen=True, slots=True)
class House:
    """Who writes: a company of a kind, such as the bakeries of the trade food."""

    trade: Trade
    kind: str
    staff: int
    english: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """How somebody puts it; `only` are the trades or kinds of companies that can."""

    text: str
    only: frozenset[str]

    def suits(self, house: House) -> bool:
        return not self.only or bool(self.only & {house.trade.key, house.kind})


@dataclass(frozen=True, slots=True)
class Situation:
    """What a listing is about, with the words of those who need and who offer."""

    id: str
    topics: tuple[str, ...]
    sectors: tuple[str, ...]
    helps: tuple[str, ...]  # what is sought when it is not plain exchange
    titles: Mapping[str, str]  # of "need" and "offering"
    german: Mapping[str, tuple[Wording, ...]]
    english: Mapping[str, tuple[Wording, ...]]

    def wordings(self, kind: str, house: House) -> list[str]:
        """How this house could put a "need" or an "offering", in its language."""
        known = self.english if house.english else self.german
        return [one.text for one in known[kind] if one.suits(house)]


@lru_cache(maxsize=1)
def situations() -> tuple[Situation, ...]:
    """All situations, in the order of the files."""
    return tuple(
        Situation(
            id=row["id"],
            topics=tuple(row["topics"]),
            sectors=tuple(row["sectors"]),
            helps=tuple(row.get("helps", ())),
            titles={"need": row["title_need"], "offering": row["title_offer"]},
            german=_wordings(row, "needs", "offers"),
            english=_wordings(row, "needs_en", "offers_en"),
        )
        for file in sorted(FOLDER.glob("*.yaml"))
        for row in yaml.safe_load(file.read_text(encoding="utf-8"))
    )


def _wordings(
    row: Mapping[str, Any], needs: str, offers: str
) -> dict[str, tuple[Wording, ...]]:
    return {
        kind: tuple(_wording(one) for one in row.get(name, ()))
        for kind, name in (("need", needs), ("offering", offers))
    }


def _wording(entry: str | dict[str, str]) -> Wording:
    """A text, or `trade, trade: text`."""
    if isinstance(entry, str):
        return Wording(entry, frozenset())
    ((only, text),) = entry.items()
    return Wording(text, frozenset(only.split(", ")))


def told(
    draw: random.Random, wording: str, kind: str, house: House, *, titled: bool
) -> str:
    """A wording as this house would put it.

    Without a title, the text begins with what it is about: its first words are
    shown in place of a title.
    """
    core = one_of_each(draw, wording).replace(STAFF, str(house.staff))
    counted = STAFF in wording
    if house.english:
        opening = draw.choice(ENGLISH_OPENINGS).format(n=house.staff)
        return (core if counted else opening + core) + draw.choice(ENGLISH_ENDS)
    parts = [core, draw.choice(ENDS[kind])]
    if not counted and (draw.random() < 0.7 or len(" ".join(parts)) < SHORTEST):
        parts.insert(0 if titled else 1, _about(draw, house, first=titled))
    text = " ".join(part for part in parts if part)
    return _careless(draw, text) if draw.random() < 0.06 else text


def one_of_each(draw: random.Random, wording: str) -> str:
    """Choose one of every [this|that]."""
    return EITHER_OR.sub(lambda found: draw.choice(found[1].split("|")), wording)


def opening_of(draw: random.Random, house: House) -> str:
    """What the house says of itself: "Spritzguss mit 14 Maschinen"."""
    number = max(3, house.staff // draw.choice((2, 3, 5)))
    opening = draw.choice(house.trade.kinds[house.kind]).format(n=number)
    return opening[0].upper() + opening[1:]


def _about(draw: random.Random, house: House, *, first: bool) -> str:
    """Who speaks: "Sägewerk in vierter Generation, 23 Leute."."""
    opening = opening_of(draw, house)
    if draw.random() < 0.5:
        opening += f", {house.staff} {draw.choice(PEOPLE)}"
    return f"{opening}." if first else f"({opening}.)"


def _careless(draw: random.Random, text: str) -> str:
    """As typed in a hurry: no umlauts, all in lower case, or with slips."""
    kind = draw.randrange(3)
    if kind == 0:
        return text.translate(PLAIN)
    return text.lower() if kind == 1 else _slipped(draw, text)


def _slipped(draw: random.Random, text: str) -> str:
    """Two neighbouring letters change places in one long word of eight."""
    words = text.split(" ")
    for at, word in enumerate(words):
        if len(word) > 6 and word.isalpha() and draw.random() < 0.12:
            cut = draw.randrange(2, len(word) - 2)
            words[at] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    return " ".join(words)
