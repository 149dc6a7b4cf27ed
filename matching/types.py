"""The records that enter and leave the engine: one class per line of a file.

Field names are those of the JSON Lines files, so that a file, an array and a
database row speak of the same thing by the same name. What leaves is made by the
hundred thousand: named tuples take a quarter of the time of frozen dataclasses.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

Kind = Literal["need", "offering"]
Reach = Literal["onsite", "state", "national", "remote"]
Paid = Literal["none", "maybe", "yes"]
Band = Literal["strong", "good", "possible"]
Slot = Literal["model", "explore", "pinned"]
Outcome = Literal["connected", "declined", "withdrawn", "expired"]
Language = Literal["de", "en"]

REACHES: tuple[Reach, ...] = ("onsite", "state", "national", "remote")
BANDS: tuple[Band, ...] = ("strong", "good", "possible")


@dataclass(frozen=True, slots=True)
class Listing:
    """A need or an offering. Without `company` it is a company of its own."""

    id: str
    kind: Kind
    text: str
    title: str = ""
    company: str | None = None
    topics: tuple[str, ...] | None = None  # set by a person: replaces the model's
    help: tuple[str, ...] = ()
    reach: Reach = "national"
    radius_km: float | None = None
    paid: Paid = "none"
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """A company as the engine may see it: pseudonymous id, place, wishes, limits."""

    id: str
    lat: float | None = None
    lon: float | None = None
    state: str | None = None
    sector: str | None = None  # WZ 2008 division or class, digits only
    size: str | None = None
    stage: int | None = None
    languages: tuple[str, ...] = ()
    capacity: int = 3
    avoid: tuple[str, ...] = ()
    no_paid: bool = False
    no_competitors: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Meeting:
    """How two companies were introduced earlier: decides who is cooling down."""

    a: str
    b: str
    week: str
    outcome: Outcome


class Reason(NamedTuple):
    """A fact the score really used. `code` names the sentence, `values` fill it."""

    code: str  # topic | words | distance | state | remote | help | fresh
    values: dict[str, str | float | tuple[str, ...]]


class Parts(NamedTuple):
    """The factors of a directed score, each in [0, 1]."""

    topic: float
    text: float
    region: float
    help: float
    fresh: float


class Match(NamedTuple):
    """One need met by one offering, with direction, score and explanation."""

    need: str
    offering: str
    giver: str  # company of the offering; "from" in the files
    taker: str  # company of the need; "to" in the files
    score: float
    parts: Parts
    reasons: tuple[Reason, ...]


class Pair(NamedTuple):
    """Two companies (a < b) that the plan wants to introduce, and why."""

    a: str
    b: str
    score: float
    band: Band
    slot: Slot
    propensity: float
    matches: tuple[Match, ...]
    misfits: tuple[Reason, ...]
