"""A computed plan becomes the draft of a week: all of it, or nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import (
    Band,
    Company,
    CompanyStatus,
    Decision,
    Introduction,
    IntroductionSlot,
    Listing,
    ListingStatus,
    Match,
    Side,
    Slot,
    State,
    Uncovered,
    UnmetNeed,
)
from app.services.rounds_market import Register, forbidden
from app.services.rounds_week import day_of

if TYPE_CHECKING:
    from matching import Plan
    from matching.types import Pair

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A pair of the plan that became impossible while it was computed."""

    lo: UUID
    hi: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The rows of one introduction."""

    introduction: dict[str, Any]
    matches: Rows
    slots: Rows


def publish(
    session: Session, round_id: UUID, plan: "Plan", register: Register, *, at: datetime
) -> list[Skipped]:
    """Store the drafts of a round in place of its earlier ones; returns what could
    not be stored, with the reason."""
    _clear(session, round_id)
    world = _World(session, round_id, at)
    drafts, skipped = [], []
    used: Counter[UUID] = Counter()
    # The best pairs get the first slots of their companies.
    for pair in sorted(plan.pairs, key=lambda one: (-one.score, one.a, one.b)):
        lo, hi = register.company_ids[pair.a], register.company_ids[pair.b]
        reason = world.obstacle(pair, lo, hi, register)
        if reason is not None:
            skipped.append(Skipped(lo, hi, reason))
            continue
        used.update((lo, hi))
        drafts.append(rows_of(pair, lo, hi, register, round_id, used, at))
    skipped += _store(session, drafts)
    _note_gaps(session, round_id, plan, register)
    return skipped


class _World:
    """What may have changed since the market was read."""

    def __init__(self, session: Session, round_id: UUID, at: datetime) -> None:
        today = day_of(at)
        self.forbidden = forbidden(session, at, but_for=round_id)
        self.gone = _away(session, today)
        self.closed = set(
            session.scalars(
                sa.select(Listing.id).where(
                    sa.or_(
                        Listing.status == ListingStatus.CLOSED,
                        Listing.valid_until < today,
                    )
                )
            )
        )
        self.ended_here = {
            (row[0], row[1])
            for row in session.execute(
                sa.select(Introduction.company_lo_id, Introduction.company_hi_id).where(
                    Introduction.round_id == round_id
                )
            )
        }

    def obstacle(
        self, pair: "Pair", lo: UUID, hi: UUID, register: Register
    ) -> str | None:
        """Why the pair cannot be introduced any more; None if it can."""
        if (lo, hi) in self.forbidden:
            return self.forbidden[lo, hi]
        if (lo, hi) in self.ended_here:
            return "cancelled"
        if lo in self.gone or hi in self.gone:
            return "away"
        listings = {
            register.listing_ids[one]
            for match in pair.matches
            for one in (match.need, match.offering)
        }
        return "closed" if listings & self.closed else None


def _away(session: Session, today: date) -> set[UUID]:
    """Companies that take no part today."""
    return set(
        session.scalars(
            sa.select(Company.id).where(
                sa.or_(
                    Company.status != CompanyStatus.APPROVED,
                    Company.paused_until > today,
                )
            )
        )
    )


def rows_of(
    pair: "Pair",
    lo: UUID,
    hi: UUID,
    register: Register,
    round_id: UUID,
    slots: Mapping[UUID, int],
    at: datetime,
) -> Draft:
    """The rows of a draft; `slots` says which slot of the round each company uses."""
    identity = uuid4()
    return Draft(
        introduction={
            "id": identity,
            "round_id": round_id,
            "company_lo_id": lo,
            "company_hi_id": hi,
            "state": State.DRAFT,
            "lo_decision": Decision.PENDING,
            "hi_decision": Decision.PENDING,
            "lo_tells": False,
            "hi_tells": False,
            "score": pair.score,
            "band": Band(pair.band),
            "slot": Slot(pair.slot),
            "propensity": pair.propensity,
            "misfits": [_plain(one._asdict()) for one in pair.misfits],
            "created_at": at,
        },
        matches=[
            {
                "id": uuid4(),
                "introduction_id": identity,
                "need_id": register.listing_ids[match.need],
                "offering_id": register.listing_ids[match.offering],
                "giver": Side.LO if match.giver == pair.a else Side.HI,
                "score": match.score,
                "parts": match.parts._asdict(),
                "reasons": [_plain(one._asdict()) for one in match.reasons],
            }
            for match in pair.matches
        ],
        slots=[
            {
                "round_id": round_id,
                "company_id": company,
                "slot": slots[company],
                "introduction_id": identity,
            }
            for company in (lo, hi)
        ],
    )


def _store(session: Session, drafts: list[Draft]) -> list[Skipped]:
    """Insert the rows; a pair that the database refuses after all is left out."""
    try:
        with session.begin_nested():
            _insert(session, drafts)
        return []
    except IntegrityError:
        # Somebody blocked or closed a pair in this very moment: find out which.
        skipped = []
        for draft in drafts:
            try:
                with session.begin_nested():
                    _insert(session, [draft])
            except IntegrityError:
                row = draft.introduction
                skipped.append(
                    Skipped(row["company_lo_id"], row["company_hi_id"], "refused")
                )
        return skipped


def _insert(session: Session, drafts: list[Draft]) -> None:
    for table, rows in (
        (Introduction, [one.introduction for one in drafts]),
        (Match, [row for one in drafts for row in one.matches]),
        (IntroductionSlot, [row for one in drafts for row in one.slots]),
    ):
        if rows:
            session.execute(sa.insert(table), rows)


def _clear(session: Session, round_id: UUID) -> None:
    """Take the earlier draft away; what ended in the meantime stays as it is."""
    session.execute(
        sa.delete(Introduction)
        .where(Introduction.round_id == round_id, Introduction.state == State.DRAFT)
        .execution_options(synchronize_session=False)
    )
    for table in (Uncovered, UnmetNeed):
        session.execute(
            sa.delete(table)
            .where(table.round_id == round_id)
            .execution_options(synchronize_session=False)
        )


def _note_gaps(
    session: Session, round_id: UUID, plan: "Plan", register: Register
) -> None:
    uncovered = [
        {
            "round_id": round_id,
            "company_id": register.company_ids[name],
            "reason": reason,
        }
        for name, reason in sorted(plan.uncovered.items())
    ]
    unmet = [
        {"round_id": round_id, "listing_id": register.listing_ids[name]}
        for name in _existing(session, plan.unmet, register)
    ]
    if uncovered:
        session.execute(sa.insert(Uncovered), uncovered)
    if unmet:
        session.execute(sa.insert(UnmetNeed), unmet)


def _existing(session: Session, names: Iterable[str], register: Register) -> list[str]:
    """Those listings that nobody erased meanwhile."""
    there = set(session.scalars(sa.select(Listing.id)))
    return [name for name in names if register.listing_ids[name] in there]


def _plain(value: Any) -> Any:
    """As JSON keeps it: tuples become lists, numbers plain ones."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if hasattr(value, "item") else value
