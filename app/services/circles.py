"""What organizers see of a round's circles and rings: as computed, and as they are.

Both stand in the round's manifest under ids. Names, texts and whether a company still
takes part are read anew each time: a circle must not look as if nothing had happened.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from app.models import Band, Round
from app.services.circles_world import Part, Standing, World
from app.services.rounds_market import Pair
from app.services.rounds_review import Named

FEWEST = 4  # as matching.circles, which no web process loads

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Nearby:
    """An offering near the topic of a circle; fit in [0, 1]."""

    part: Part
    fit: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A company of a circle and one that could show it something."""

    member: Named
    helper: Named
    standing: Standing


@dataclass(frozen=True, slots=True)
class Circle:
    """4 to 6 companies with the same open need, and who could show them something."""

    topic: str
    members: tuple[Part, ...]
    nearby: tuple[Nearby, ...]
    reasons: tuple[Record, ...]
    strength: float  # likeness of the needs times closeness, in [0, 1]
    parted: tuple[tuple[Named, Named], ...]  # members that should not meet
    choices: tuple[Choice, ...]  # pairs that can be pinned, or are already

    @property
    def remaining(self) -> int:
        return sum(one.trouble is None for one in self.members)

    @property
    def changed(self) -> bool:
        return self.remaining < len(self.members) or bool(self.parted)

    @property
    def stands(self) -> bool:
        """Whether it is still a circle: enough companies, and an offering nearby."""
        return (
            self.remaining >= FEWEST
            and not self.parted
            and any(one.part.trouble is None for one in self.nearby)
        )


@dataclass(frozen=True, slots=True)
class Help:
    """One step of a ring: whose offering meets whose need."""

    giver: Part
    taker: Part
    reasons: tuple[Record, ...]
    score: float
    km: int | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class Ring:
    """helps[i] goes to the company that gives helps[i + 1]."""

    helps: tuple[Help, ...]
    band: Band
    strength: float  # of the weakest help, in [0, 1]
    to_pin: tuple[Pair, ...]  # what the draft lacks, or could lose
    has_room: bool  # whether all of these could be pinned

    @property
    def stands(self) -> bool:
        """Whether everybody is still there and nobody said no to anybody."""
        return not any(
            one.giver.trouble or one.taker.trouble or one.standing.parts
            for one in self.helps
        )


@dataclass(frozen=True, slots=True)
class Found:
    """The circles and rings of a round, the strongest first, what is over last."""

    known: bool  # False: the round is older than the writing down of circles
    circles: tuple[Circle, ...]
    rings: tuple[Ring, ...]
    n_rings: int  # counted
    complete: bool  # False: there are more rings than were counted


def of_round(session: Session, row: Round, *, at: datetime) -> Found:
    """The circles and rings of a round, with what became of them since."""
    circles, rings = _records(row)
    listed = rings.get("listed", [])
    helps = [one for ring in listed for one in ring["helps"]]
    nearby = [near for one in circles for near in one["offerings"]]
    companies = [UUID(one) for circle in circles for one in circle["companies"]]
    companies += [UUID(one["company"]) for one in nearby]
    companies += [UUID(one["from"]) for one in helps]
    listings = [UUID(one) for circle in circles for one in circle["needs"]]
    listings += [UUID(one["offering"]) for one in (*nearby, *helps)]
    listings += [UUID(one["need"]) for one in helps]
    world = World(session, row, companies=companies, listings=listings, at=at)
    return Found(
        known="circles" in row.manifest,
        circles=_standing_first(_circle(world, one) for one in circles),
        rings=_standing_first(_ring(world, one) for one in listed),
        n_rings=rings.get("count", 0),
        complete=rings.get("complete", True),
    )


def counts(row: Round) -> tuple[int, int]:
    """How many circles the round proposed, and how many rings it counted."""
    circles, rings = _records(row)
    return len(circles), rings.get("count", 0)


Proposal = TypeVar("Proposal", Circle, Ring)


def _records(row: Round) -> tuple[list[Record], Record]:
    return row.manifest.get("circles", []), row.manifest.get("rings", {})


def _standing_first(found: Iterable[Proposal]) -> tuple[Proposal, ...]:
    return tuple(sorted(found, key=lambda one: not one.stands))


def _circle(world: World, record: Record) -> Circle:
    ids = [UUID(one) for one in record["companies"]]
    needs = [UUID(one) for one in record["needs"]]
    members = tuple(world.part(*one) for one in zip(ids, needs, strict=True))
    nearby = tuple(
        Nearby(world.part(UUID(one["company"]), UUID(one["offering"])), one["fit"])
        for one in record["offerings"]
    )
    return Circle(
        topic=record["topic"],
        members=members,
        nearby=nearby,
        reasons=tuple(record["reasons"]),
        strength=record["strength"],
        parted=tuple(
            (one.company, other.company)
            for one, other in combinations(members, 2)
            if one.company
            and other.company
            and world.standing(one.company.id, other.company.id).parts
        ),
        choices=tuple(_choices(world, members, nearby)),
    )


def _choices(
    world: World, members: tuple[Part, ...], nearby: tuple[Nearby, ...]
) -> Iterator[Choice]:
    """Yield who could be introduced to whom, or is already in the draft."""
    for near in nearby:
        helper = near.part.company
        for member in members:
            one = member.company
            if one is None or helper is None or one.id == helper.id:
                continue
            if member.trouble or near.part.trouble:
                continue
            standing = world.standing(one.id, helper.id)
            has_room = min(world.room.get(x.id, 0) for x in (one, helper)) > 0
            if standing in (Standing.DRAFT, Standing.PINNED) or (
                standing is Standing.FREE and has_room
            ):
                yield Choice(one, helper, standing)


def _ring(world: World, record: Record) -> Ring:
    helps = tuple(_help(world, one) for one in record["helps"])
    to_pin = tuple(
        (UUID(record_["from"]), UUID(record_["to"]))
        for one, record_ in zip(helps, record["helps"], strict=True)
        if one.standing in (Standing.FREE, Standing.DRAFT)
    )
    number = Counter(one for pair in to_pin for one in pair)
    return Ring(
        helps=helps,
        band=Band(record["band"]),
        strength=record["strength"],
        to_pin=to_pin,
        has_room=all(world.room.get(one, 0) >= number[one] for one in number),
    )


def _help(world: World, record: Record) -> Help:
    giver, taker = UUID(record["from"]), UUID(record["to"])
    return Help(
        giver=world.part(giver, UUID(record["offering"])),
        taker=world.part(taker, UUID(record["need"])),
        reasons=tuple(record["reasons"]),
        score=record["score"],
        km=world.km(giver, taker),
        standing=world.standing(giver, taker),
    )
