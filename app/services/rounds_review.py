"""What organizers see of a round: pairs with reasons, coverage, load, who got none."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.errors import N_, NotFound
from app.models import (
    Band,
    Company,
    CompanyStatus,
    EditKind,
    Introduction,
    Listing,
    Match,
    Round,
    RoundEdit,
    Side,
    Slot,
    State,
    Uncovered,
    UnmetNeed,
)
from app.services.rounds_week import monday_of

PER_PAGE = 50
MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class Filter:
    """Which pairs to show; empty: all."""

    band: Band | None = None
    slot: Slot | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A company as organizers see it."""

    id: UUID
    name: str
    place: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class Reasoned:
    """One need met by one offering, with what speaks for it."""

    giver: Side
    need: str
    offering: str
    score: float
    parts: dict[str, float]
    reasons: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PairRow:
    """One pair of the draft with all its reasons."""

    id: UUID
    lo: Named
    hi: Named
    state: State
    band: Band
    slot: Slot
    score: float
    propensity: float
    misfits: tuple[dict[str, Any], ...]
    matches: tuple[Reasoned, ...]
    pinned: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the pairs, and how many there are."""

    rows: list[PairRow]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))


@dataclass(frozen=True, slots=True)
class Edit:
    """A pair that was pinned or dropped, by hand."""

    id: UUID
    kind: EditKind
    lo: Named
    hi: Named
    in_draft: bool


@dataclass(frozen=True, slots=True)
class Load:
    """How many suggestions a company gets, of how many it takes."""

    company: Named
    suggestions: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a draft."""

    pairs: int
    covered: int
    bands: dict[Band, int]
    slots: dict[Slot, int]
    uncovered: list[tuple[Named, str]]
    unmet: int
    edits: list[Edit]

    @property
    def active(self) -> int:
        """Companies that could have got a suggestion: covered, or not by chance."""
        idle = {"paused", "no_capacity", "no_listing"}
        missed = sum(reason not in idle for _, reason in self.uncovered)
        return self.covered + missed

    @property
    def coverage(self) -> float | None:
        return self.covered / self.active if self.active else None


def of_week(session: Session, week: str) -> Round | None:
    """The round of a week; None if there is none yet. Invalid for no week."""
    monday_of(week)
    return session.scalars(sa.select(Round).where(Round.week == week)).one_or_none()


def weeks(session: Session, *, limit: int = 30) -> list[str]:
    """The weeks that have a round, the newest first."""
    return list(
        session.scalars(sa.select(Round.week).order_by(Round.week.desc()).limit(limit))
    )


def page(
    session: Session,
    week: str,
    chosen: Filter,
    *,
    number: int = 1,
    size: int = PER_PAGE,
) -> Page:
    """Pairs of a week's round, the strongest first. NotFound without a round."""
    round_id = existing(session, week).id
    lo, hi = aliased(Company), aliased(Company)
    query = (
        sa.select(Introduction, lo, hi)
        .join(lo, lo.id == Introduction.company_lo_id)
        .join(hi, hi.id == Introduction.company_hi_id)
        .where(Introduction.round_id == round_id)
    )
    if chosen.band is not None:
        query = query.where(Introduction.band == chosen.band)
    if chosen.slot is not None:
        query = query.where(Introduction.slot == chosen.slot)
    if chosen.words:
        like = [
            one.name.icontains(chosen.words, autoescape=True)
            | one.place.icontains(chosen.words, autoescape=True)
            for one in (lo, hi)
        ]
        query = query.where(sa.or_(*like))
    total = session.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    number = min(max(number, 1), max(1, -(-(total or 0) // size)))
    rows = session.execute(
        query.order_by(Introduction.score.desc(), Introduction.id)
        .limit(size)
        .offset((number - 1) * size)
    ).all()
    pinned = {(one.lo.id, one.hi.id) for one in _edits(session, round_id, EditKind.PIN)}
    matches = _matches(session, [row[0].id for row in rows])
    return Page(
        [_pair(*row, matches=matches[row[0].id], pinned=pinned) for row in rows],
        total or 0,
        number,
        size,
    )


def summary(session: Session, week: str) -> Summary:
    """Coverage, bands, slots, and who got nothing. NotFound without a round."""
    round_id = existing(session, week).id
    rows = session.execute(
        sa.select(
            Introduction.band,
            Introduction.slot,
            Introduction.company_lo_id,
            Introduction.company_hi_id,
        ).where(
            Introduction.round_id == round_id, Introduction.state != State.CANCELLED
        )
    ).all()
    bands, slots = Counter(row[0] for row in rows), Counter(row[1] for row in rows)
    covered = {one for row in rows for one in row[2:]}
    missed = session.execute(
        sa.select(Company, Uncovered.reason)
        .join(Uncovered, Uncovered.company_id == Company.id)
        .where(Uncovered.round_id == round_id, Uncovered.company_id.not_in(covered))
        .order_by(Uncovered.reason, Company.name_key, Company.id)
    )
    unmet = session.scalar(
        sa.select(sa.func.count()).where(UnmetNeed.round_id == round_id)
    )
    return Summary(
        pairs=len(rows),
        covered=len(covered),
        bands={band: bands[band] for band in Band},
        slots={slot: slots[slot] for slot in Slot},
        uncovered=[(_named(row[0]), row[1]) for row in missed],
        unmet=unmet or 0,
        edits=_edits(session, round_id),
    )


def loads(session: Session, week: str) -> list[Load]:
    """Suggestions per company, the fullest first."""
    round_id = existing(session, week).id
    number: Counter[UUID] = Counter()
    rows = session.execute(
        sa.select(Introduction.company_lo_id, Introduction.company_hi_id).where(
            Introduction.round_id == round_id, Introduction.state != State.CANCELLED
        )
    )
    for pair in rows:
        number.update(pair)
    companies = session.scalars(sa.select(Company).where(Company.id.in_(number)))
    found = [Load(_named(one), number[one.id], one.capacity) for one in companies]
    return sorted(found, key=lambda one: (-one.suggestions, one.company.name))


def unmet_needs(session: Session, week: str) -> list[tuple[Listing, Named]]:
    """Needs for which the round found no offering, the oldest first."""
    round_id = existing(session, week).id
    rows = session.execute(
        sa.select(Listing, Company)
        .join(UnmetNeed, UnmetNeed.listing_id == Listing.id)
        .join(Company, Company.id == Listing.company_id)
        .where(UnmetNeed.round_id == round_id)
        .order_by(Listing.created_at, Listing.id)
    )
    return [(row[0], _named(row[1])) for row in rows]


def find_companies(session: Session, words: str) -> list[Named]:
    """Companies that take part and whose name or place contains the words."""
    if not words.strip():
        return []
    rows = session.scalars(
        sa.select(Company)
        .where(
            Company.status == CompanyStatus.APPROVED,
            Company.name.icontains(words.strip(), autoescape=True)
            | Company.place.icontains(words.strip(), autoescape=True),
        )
        .order_by(Company.name_key, Company.id)
        .limit(MOST_FOUND)
    )
    return [_named(one) for one in rows]


def existing(session: Session, week: str) -> Round:
    """The round of a week. NotFound if there is none, Invalid for no week."""
    found = of_week(session, week)
    if found is None:
        raise NotFound(N_("Für diese Woche gibt es noch keine Runde."))
    return found


def _edits(
    session: Session, round_id: UUID, kind: EditKind | None = None
) -> list[Edit]:
    lo, hi = aliased(Company), aliased(Company)
    there = sa.exists().where(
        Introduction.round_id == round_id,
        Introduction.company_lo_id == RoundEdit.company_lo_id,
        Introduction.company_hi_id == RoundEdit.company_hi_id,
    )
    query = (
        sa.select(RoundEdit, lo, hi, there)
        .join(lo, lo.id == RoundEdit.company_lo_id)
        .join(hi, hi.id == RoundEdit.company_hi_id)
        .where(RoundEdit.round_id == round_id)
        .order_by(RoundEdit.at, RoundEdit.id)
    )
    if kind is not None:
        query = query.where(RoundEdit.kind == kind)
    return [
        Edit(row[0].id, row[0].kind, _named(row[1]), _named(row[2]), row[3])
        for row in session.execute(query)
    ]


def _matches(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Reasoned]]:
    need, offering = aliased(Listing), aliased(Listing)
    rows = session.execute(
        sa.select(Match, need, offering)
        .join(need, need.id == Match.need_id)
        .join(offering, offering.id == Match.offering_id)
        .where(Match.introduction_id.in_(ids))
        .order_by(Match.score.desc(), Match.id)
    )
    found: dict[UUID, list[Reasoned]] = defaultdict(list)
    for match, wanted, offered in rows:
        found[match.introduction_id].append(
            Reasoned(
                match.giver,
                wanted.title or wanted.text,
                offered.title or offered.text,
                match.score,
                dict(match.parts),
                tuple(match.reasons),
            )
        )
    return found


def _pair(
    row: Introduction,
    lo: Company,
    hi: Company,
    *,
    matches: Sequence[Reasoned],
    pinned: set[tuple[UUID, UUID]],
) -> PairRow:
    return PairRow(
        id=row.id,
        lo=_named(lo),
        hi=_named(hi),
        state=row.state,
        band=row.band,
        slot=row.slot,
        score=row.score,
        propensity=row.propensity,
        misfits=tuple(row.misfits),
        matches=tuple(matches),
        pinned=(lo.id, hi.id) in pinned,
    )


def _named(company: Company) -> Named:
    return Named(company.id, company.name, company.place, company.state)
