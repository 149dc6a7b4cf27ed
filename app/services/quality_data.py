"""Rows behind the quality figures: a few queries over the chosen weeks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.models import (
    Company,
    CompanyStatus,
    Decision,
    DeclineReason,
    Feedback,
    Introduction,
    IntroductionSlot,
    Kind,
    Listing,
    ListingStatus,
    ListingTopic,
    Match,
    OutboxMail,
    Round,
    RoundState,
    Side,
    Slot,
    State,
    Topic,
    Uncovered,
    UnmetNeed,
)

REPEAT = timedelta(days=180)

# The columns of an introduction that figures are made of.
READ = (
    *("id", "company_lo_id", "company_hi_id", "state", "slot", "score"),
    *("shown_at", "closed_at", "connected_at"),
    *("lo_decision", "hi_decision", "lo_decided_at", "hi_decided_at"),
    *("lo_reason", "hi_reason"),
)
HELPFUL = 4


@dataclass(frozen=True, slots=True)
class Filter:
    """Which introductions count. Weeks as 2026-W48, both included."""

    first: str
    last: str
    state: str | None = None
    topic: str | None = None
    demo: bool = False  # demo companies count only where all is demo


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A released round and its counts."""

    id: UUID
    week: str
    computed_at: datetime
    covered: int
    active: int
    needs: int
    unmet: int
    certificate: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An introduction that both sides could see."""

    id: UUID
    week: str
    lo: UUID
    hi: UUID
    state: State
    slot: Slot
    score: float
    shown_at: datetime
    closed_at: datetime | None
    connected_at: datetime | None
    decisions: dict[Side, Decision]
    decided_at: dict[Side, datetime | None]
    reasons: dict[Side, DeclineReason | None]
    held: bool | None = None
    ratings: tuple[int, ...] = ()
    answers: int = 0

    @property
    def is_helpful(self) -> bool:
        return bool(self.ratings) and min(self.ratings) >= HELPFUL

    def decided(self, side: Side) -> bool:
        return self.decisions[side] is not Decision.PENDING


def rounds(session: Session, chosen: Filter) -> list[RoundRow]:
    """Released rounds of the chosen weeks, oldest first."""
    found = session.execute(
        sa.select(Round.id, Round.week, Round.computed_at, Round.manifest)
        .where(
            Round.state == RoundState.RELEASED,
            Round.week.between(chosen.first, chosen.last),
        )
        .order_by(Round.week)
    ).all()
    ids = [row.id for row in found]
    covered, uncovered = (
        _covered(session, chosen, ids),
        _uncovered(session, chosen, ids),
    )
    unmet = _unmet(session, chosen, ids)
    return [
        RoundRow(
            id=row.id,
            week=row.week,
            computed_at=row.computed_at,
            covered=covered.get(row.id, 0),
            active=covered.get(row.id, 0) + uncovered.get(row.id, 0),
            needs=_open_needs(session, chosen, row.computed_at),
            unmet=unmet.get(row.id, 0),
            certificate=row.manifest.get("ratio"),
        )
        for row in found
    ]


def shown(session: Session, chosen: Filter) -> list[Shown]:
    """Introductions shown in the chosen weeks, with what their sides answered."""
    one = Introduction
    statement = (
        _chosen(sa.select(Round.week, *(getattr(one, name) for name in READ)), chosen)
        .where(one.shown_at.is_not(None))
        .order_by(one.shown_at, one.id)
    )
    rows = session.execute(statement).mappings().all()
    told = _feedback(session, chosen)
    return [_shown(row, told.get(row["id"], [])) for row in rows]


def _shown(row: Any, told: list[tuple[bool, int | None]]) -> Shown:
    return Shown(
        id=row["id"],
        week=row["week"],
        lo=row["company_lo_id"],
        hi=row["company_hi_id"],
        state=row["state"],
        slot=row["slot"],
        score=row["score"],
        shown_at=row["shown_at"],
        closed_at=row["closed_at"],
        connected_at=row["connected_at"],
        decisions={Side.LO: row["lo_decision"], Side.HI: row["hi_decision"]},
        decided_at={Side.LO: row["lo_decided_at"], Side.HI: row["hi_decided_at"]},
        reasons={Side.LO: row["lo_reason"], Side.HI: row["hi_reason"]},
        # A meeting that one side remembers took place.
        held=any(was_held for was_held, _ in told) if told else None,
        ratings=tuple(rating for _, rating in told if rating is not None),
        answers=len(told),
    )


def load(session: Session, chosen: Filter) -> dict[str, list[float]]:
    """Suggestions per company and week, divided by the capacity it declared."""
    count = sa.func.count(IntroductionSlot.slot)
    statement = (
        sa.select(Round.week, count, Company.capacity)
        .join(Round, Round.id == IntroductionSlot.round_id)
        .join(Company, Company.id == IntroductionSlot.company_id)
        .join(Introduction, Introduction.id == IntroductionSlot.introduction_id)
        .where(
            Introduction.shown_at.is_not(None),
            Round.week.between(chosen.first, chosen.last),
            *_companies_of(chosen, Company),
        )
        .group_by(Round.week, Company.id, Company.capacity)
    )
    found: dict[str, list[float]] = {}
    for week, used, capacity in session.execute(statement):
        # A company that set its capacity to nothing later was not overloaded then.
        found.setdefault(week, []).append(used / max(capacity, 1))
    return found


def mails(session: Session, chosen: Filter) -> dict[str, int]:
    """Mails by state that were made in the chosen weeks."""
    begin, end = _begin_of(chosen.first), _begin_of(chosen.last) + timedelta(weeks=1)
    rows = session.execute(
        sa.select(OutboxMail.state, sa.func.count())
        .where(OutboxMail.created_at >= begin, OutboxMail.created_at < end)
        .group_by(OutboxMail.state)
    )
    return {state.value: count for state, count in rows}


def repeated(session: Session, chosen: Filter) -> set[UUID]:
    """Introductions of the chosen weeks whose pair was shown within 180 days before."""
    now, before = Introduction, aliased(Introduction)
    rows = session.execute(
        sa.select(now.id, now.shown_at, before.shown_at)
        .join(
            before,
            sa.and_(
                before.company_lo_id == now.company_lo_id,
                before.company_hi_id == now.company_hi_id,
                before.shown_at < now.shown_at,
            ),
        )
        .join(Round, Round.id == now.round_id)
        .where(Round.week.between(chosen.first, chosen.last))
    )
    return {one for one, at, old in rows if at and old and at - old <= REPEAT}


def first_helpful(
    session: Session, chosen: Filter
) -> list[tuple[UUID, UUID, datetime]]:
    """Each pair's first introduction that was held and found helpful by every side
    that rated it, with the instant of its last answer."""
    one = Introduction
    statement = (
        _chosen(
            sa.select(
                one.company_lo_id, one.company_hi_id, sa.func.max(Feedback.given_at)
            ),
            Filter("0000-W00", chosen.last, chosen.state, chosen.topic, chosen.demo),
        )
        .join(Feedback, Feedback.introduction_id == one.id)
        .group_by(one.id, one.company_lo_id, one.company_hi_id)
        .having(sa.func.min(Feedback.helpful) >= HELPFUL)
        .order_by(sa.func.max(Feedback.given_at))
    )
    first: dict[tuple[UUID, UUID], datetime] = {}
    for lo, hi, given_at in session.execute(statement):
        first.setdefault((lo, hi), _aware(given_at))
    return [(lo, hi, at) for (lo, hi), at in first.items()]


def offering_companies(
    session: Session, chosen: Filter, today: date
) -> list[tuple[UUID, str]]:
    """Active companies with an open offering and capacity: those to be seen."""
    offers = (
        sa.select(Listing.company_id)
        .where(
            Listing.kind == Kind.OFFERING,
            Listing.status == ListingStatus.OPEN,
            Listing.valid_until >= today,
        )
        .distinct()
    )
    rows = session.execute(
        sa.select(Company.id, Company.name).where(
            Company.id.in_(offers),
            Company.status == CompanyStatus.APPROVED,
            Company.capacity > 0,
            sa.or_(Company.paused_until.is_(None), Company.paused_until <= today),
            *_companies_of(chosen, Company),
        )
    )
    return [(row.id, row.name) for row in rows]


def without_suggestion(
    session: Session, chosen: Filter
) -> list[tuple[str, UUID, str, str]]:
    """Week, company and reason of all that had no suggestion, newest first."""
    rows = session.execute(
        sa.select(Round.week, Company.id, Company.name, Uncovered.reason)
        .join(Round, Round.id == Uncovered.round_id)
        .join(Company, Company.id == Uncovered.company_id)
        .where(
            Round.state == RoundState.RELEASED,
            Round.week.between(chosen.first, chosen.last),
            *_companies_of(chosen, Company),
        )
        .order_by(Round.week.desc(), Company.name)
    )
    return [(row.week, row.id, row.name, row.reason) for row in rows]


def weeks(session: Session) -> list[str]:
    """Weeks of all released rounds, newest first."""
    return list(
        session.scalars(
            sa.select(Round.week)
            .where(Round.state == RoundState.RELEASED)
            .order_by(Round.week.desc())
        )
    )


def week_or(text: str | None, default: str) -> str:
    """The week as written in an address, or the default when it is none."""
    try:
        _begin_of(text or "")
    except ValueError:
        return default
    return str(text)


def end_of(chosen: Filter, at: datetime) -> datetime:
    """The end of the last chosen week, but not later than now."""
    return min(at, _begin_of(chosen.last) + timedelta(weeks=1))


def _begin_of(week: str) -> datetime:
    year, number = week.split("-W")
    monday = date.fromisocalendar(int(year), int(number), 1)
    return datetime.fromisoformat(f"{monday}T00:00:00+00:00")


def _chosen(statement: Any, chosen: Filter) -> Any:
    """Restrict a statement over introductions to the filter."""
    lo, hi = aliased(Company), aliased(Company)
    statement = (
        statement.join(Round, Round.id == Introduction.round_id)
        .join(lo, lo.id == Introduction.company_lo_id)
        .join(hi, hi.id == Introduction.company_hi_id)
        .where(
            Introduction.shown_at.is_not(None),
            Round.week.between(chosen.first, chosen.last),
        )
    )
    if not chosen.demo:
        statement = statement.where(~lo.is_demo, ~hi.is_demo)
    if chosen.state:
        statement = statement.where(
            sa.or_(lo.state == chosen.state, hi.state == chosen.state)
        )
    if chosen.topic:
        about = (
            sa.select(Match.introduction_id)
            .join(ListingTopic, ListingTopic.listing_id == Match.need_id)
            .where(ListingTopic.topic_id.in_(_below(chosen.topic)))
        )
        statement = statement.where(Introduction.id.in_(about))
    return statement


def _below(topic: str) -> Any:
    """The topic and all below it."""
    tree = sa.select(Topic.id).where(Topic.id == topic).cte(recursive=True)
    tree = tree.union_all(sa.select(Topic.id).where(Topic.parent_id == tree.c.id))
    return sa.select(tree.c.id)


def _companies_of(chosen: Filter, table: Any) -> list[Any]:
    found = [] if chosen.demo else [~table.is_demo]
    return [*found, table.state == chosen.state] if chosen.state else found


def _covered(session: Session, chosen: Filter, ids: list[UUID]) -> dict[UUID, int]:
    slot = IntroductionSlot
    rows = session.execute(
        sa.select(slot.round_id, sa.func.count(slot.company_id.distinct()))
        .join(Company, Company.id == slot.company_id)
        .join(Introduction, Introduction.id == slot.introduction_id)
        .where(
            slot.round_id.in_(ids),
            Introduction.shown_at.is_not(None),
            *_companies_of(chosen, Company),
        )
        .group_by(slot.round_id)
    )
    return {row[0]: row[1] for row in rows}


def _uncovered(session: Session, chosen: Filter, ids: list[UUID]) -> dict[UUID, int]:
    rows = session.execute(
        sa.select(Uncovered.round_id, sa.func.count())
        .join(Company, Company.id == Uncovered.company_id)
        .where(Uncovered.round_id.in_(ids), *_companies_of(chosen, Company))
        .group_by(Uncovered.round_id)
    )
    return {row[0]: row[1] for row in rows}


def _unmet(session: Session, chosen: Filter, ids: list[UUID]) -> dict[UUID, int]:
    statement = (
        sa.select(UnmetNeed.round_id, sa.func.count())
        .join(Listing, Listing.id == UnmetNeed.listing_id)
        .join(Company, Company.id == Listing.company_id)
        .where(UnmetNeed.round_id.in_(ids), *_companies_of(chosen, Company))
        .group_by(UnmetNeed.round_id)
    )
    rows = session.execute(_about(statement, chosen))
    return {row[0]: row[1] for row in rows}


def _open_needs(session: Session, chosen: Filter, at: datetime) -> int:
    statement = (
        sa.select(sa.func.count(Listing.id))
        .join(Company, Company.id == Listing.company_id)
        .where(
            Listing.kind == Kind.NEED,
            Listing.created_at <= at,
            sa.or_(Listing.closed_at.is_(None), Listing.closed_at > at),
            Listing.valid_until >= at.date(),
            Company.approved_at <= at,
            *_companies_of(chosen, Company),
        )
    )
    return session.scalar(_about(statement, chosen)) or 0


def _about(statement: Any, chosen: Filter) -> Any:
    if not chosen.topic:
        return statement
    about = sa.select(ListingTopic.listing_id).where(
        ListingTopic.topic_id.in_(_below(chosen.topic))
    )
    return statement.where(Listing.id.in_(about))


def _feedback(
    session: Session, chosen: Filter
) -> dict[UUID, list[tuple[bool, int | None]]]:
    statement = (
        sa.select(Feedback.introduction_id, Feedback.held, Feedback.helpful)
        .join(Introduction, Introduction.id == Feedback.introduction_id)
        .join(Round, Round.id == Introduction.round_id)
        .where(Round.week.between(chosen.first, chosen.last))
    )
    found: dict[UUID, list[tuple[bool, int | None]]] = {}
    for introduction_id, was_held, rating in session.execute(statement):
        found.setdefault(introduction_id, []).append((was_held, rating))
    return found


def _aware(at: Any) -> datetime:
    """SQLite hands the maximum of instants back as text."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return at if at.tzinfo else datetime.fromisoformat(f"{at.isoformat()}+00:00")
