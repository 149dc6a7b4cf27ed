"""How introductions begin and end without a member's decision.

Release, expiry and cancellation change many rows at once, each by one guarded
UPDATE, so that running them twice or side by side changes nothing more.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from app import db
from app.errors import N_, Invalid
from app.models import (
    AWAITING,
    DAYS_TO_ANSWER,
    OPEN_STATES,
    Block,
    Cooldown,
    Decision,
    DecisionAct,
    DecisionEvent,
    Introduction,
    IntroductionSlot,
    Listing,
    ListingStatus,
    Match,
    Side,
    State,
)
from app.services import audit, texts
from app.services.introductions_sides import involving, visible_to
from app.services.meetings_states import cancel_of_pair

COOLDOWN_WEEKS = {State.DECLINED: 26, State.WITHDRAWN: 26, State.CONNECTED: 104}
EXPIRED_WEEKS = 8
NEVER_OPENED_WEEKS = 4

LONGEST_COMPLAINT = 200

EXPIRED_AT_ONCE = 500


def release_round(session: Session, round_id: UUID, *, at: datetime) -> int:
    """Show the drafts of a round to both sides; they may answer for 14 days.

    Returns how many were shown; 0 when it was done already.
    """
    shown = session.scalars(
        sa.update(Introduction)
        .where(Introduction.round_id == round_id, Introduction.state == State.DRAFT)
        .values(
            state=State.PROPOSED,
            shown_at=at,
            expires_at=at + timedelta(days=DAYS_TO_ANSWER),
        )
        .returning(Introduction.id)
        .execution_options(synchronize_session=False)
    ).all()
    record(session, shown, DecisionAct.RELEASE, at=at)
    return len(shown)


def expire_due(*, at: datetime) -> int:
    """End what was not answered in time; returns how many this call ended.

    Several may run at once: each takes rows that no other has taken.
    """
    total = 0
    while True:
        with db.transaction() as session:
            ended = _expire_some(session, at)
        if not ended:
            return total
        total += ended


def _expire_some(session: Session, at: datetime) -> int:
    due = sa.and_(Introduction.state.in_(AWAITING), Introduction.expires_at <= at)
    taken = session.scalars(
        sa.select(Introduction.id)
        .where(due)
        .order_by(Introduction.expires_at, Introduction.id)
        .limit(EXPIRED_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    rows = session.execute(
        sa.update(Introduction)
        .where(Introduction.id.in_(taken), due)
        .values(state=State.EXPIRED, closed_at=at)
        .returning(
            Introduction.id,
            Introduction.company_lo_id,
            Introduction.company_hi_id,
            Introduction.lo_decision,
            Introduction.hi_decision,
            Introduction.lo_seen_at,
            Introduction.hi_seen_at,
        )
        .execution_options(synchronize_session=False)
    ).all()
    record(session, [row.id for row in rows], DecisionAct.EXPIRE, at=at)
    for row in rows:
        weeks = EXPIRED_WEEKS if _was_opened(row) else NEVER_OPENED_WEEKS
        pair = (row.company_lo_id, row.company_hi_id)
        cool_down(session, pair, State.EXPIRED, at=at, weeks=weeks)
    return len(rows)


def _was_opened(row: Any) -> bool:
    """Whether a side that did not answer had looked at it."""
    return any(
        decision is Decision.PENDING and seen_at is not None
        for decision, seen_at in (
            (row.lo_decision, row.lo_seen_at),
            (row.hi_decision, row.hi_seen_at),
        )
    )


def cancel(
    session: Session,
    introduction_id: UUID,
    reason: str,
    *,
    at: datetime,
    by: UUID | None = None,
) -> int:
    """End an open introduction for both sides, as an organizer or the system."""
    return _cancel(
        session, Introduction.id == introduction_id, reason, at=at, by=by, cause=None
    )


def cancel_for_company(
    session: Session,
    company_id: UUID,
    reason: str,
    *,
    at: datetime,
    by: UUID | None = None,
) -> int:
    """End all open introductions of a company: it pauses, leaves, is suspended."""
    mine = involving(company_id)
    return _cancel(session, mine, reason, at=at, by=by, cause=company_id)


def cancel_for_listing(
    session: Session,
    listing_id: UUID,
    reason: str,
    *,
    at: datetime,
    by: UUID | None = None,
) -> int:
    """End the open introductions that rest on this listing alone: no other match of
    theirs joins two open listings."""
    match, rest = aliased(Match), aliased(Match)
    need, offering = aliased(Listing), aliased(Listing)
    rests_on_it = sa.exists().where(
        match.introduction_id == Introduction.id,
        sa.or_(match.need_id == listing_id, match.offering_id == listing_id),
    )
    has_more = sa.exists().where(
        rest.introduction_id == Introduction.id,
        rest.need_id != listing_id,
        rest.offering_id != listing_id,
        need.id == rest.need_id,
        offering.id == rest.offering_id,
        need.status == ListingStatus.OPEN,
        offering.status == ListingStatus.OPEN,
    )
    cause = session.scalar(
        sa.select(Listing.company_id).where(Listing.id == listing_id)
    )
    alone = sa.and_(rests_on_it, sa.not_(has_more))
    return _cancel(session, alone, reason, at=at, by=by, cause=cause)


def block_pair(
    session: Session,
    company_id: UUID,
    other_id: UUID,
    *,
    reason: str,
    at: datetime,
    by: UUID | None = None,
) -> None:
    """Never introduce the two (again), and end what is open or agreed between them."""
    lo, hi = sorted((company_id, other_id))
    session.execute(
        insert(session, Block)
        .values(company_lo_id=lo, company_hi_id=hi, at=at, reason=reason)
        .on_conflict_do_nothing()
    )
    pair = sa.and_(Introduction.company_lo_id == lo, Introduction.company_hi_id == hi)
    _cancel(session, pair, "blocked", at=at, by=by, cause=company_id)
    cancel_of_pair(session, lo, hi, at=at)


def complain(introduction_id: UUID, text: str, *, by: UUID, at: datetime) -> None:
    """Report an introduction to the organizers and block the pair for good."""
    text = texts.plain(text, field="text", longest=LONGEST_COMPLAINT)
    if not text:
        raise Invalid(N_("Bitte schreiben Sie kurz, was war."), field="text")
    with db.transaction() as session:
        seen = visible_to(session, by, introduction_id, at=at)
        block_pair(session, seen.company_id, seen.other_id, reason=text, at=at, by=by)
        audit.record(
            session,
            "introduction.complaint",
            actor_id=by,
            subject=("introduction", introduction_id),
            detail={"side": seen.side.value},
            at=at,
        )


def _cancel(
    session: Session,
    which: sa.ColumnElement[bool],
    reason: str,
    *,
    at: datetime,
    by: UUID | None,
    cause: UUID | None,
) -> int:
    """Cancel what is open; `cause` is the company that may know of it at once."""
    rows = session.execute(
        sa.update(Introduction)
        .where(which, Introduction.state.in_(OPEN_STATES))
        .values(state=State.CANCELLED, closed_at=at, cancel_reason=reason)
        .returning(
            Introduction.id,
            Introduction.shown_at,
            Introduction.company_lo_id,
            Introduction.company_hi_id,
        )
        .execution_options(synchronize_session=False)
    ).all()
    for row in rows:
        side = {row.company_lo_id: Side.LO, row.company_hi_id: Side.HI}.get(cause)
        record(
            session, [row.id], DecisionAct.CANCEL, at=at, by=by, side=side, note=reason
        )
    # What nobody was shown gives its place in the round back.
    never_shown = [row.id for row in rows if row.shown_at is None]
    session.execute(
        sa.delete(IntroductionSlot)
        .where(IntroductionSlot.introduction_id.in_(never_shown))
        .execution_options(synchronize_session=False)
    )
    return len(rows)


def cool_down(
    session: Session,
    pair: tuple[UUID, UUID],
    cause: State,
    *,
    at: datetime,
    weeks: int | None = None,
) -> None:
    """Keep the pair (lo, hi) apart for some weeks; a longer rest stays."""
    until = at + timedelta(weeks=COOLDOWN_WEEKS[cause] if weeks is None else weeks)
    statement = insert(session, Cooldown).values(
        company_lo_id=pair[0], company_hi_id=pair[1], until=until, cause=cause
    )
    new = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["company_lo_id", "company_hi_id"],
            set_={"until": new.until, "cause": new.cause},
            where=Cooldown.until < new.until,
        )
    )


def record(
    session: Session,
    introduction_ids: Iterable[UUID],
    act: DecisionAct,
    *,
    at: datetime,
    by: UUID | None = None,
    side: Side | None = None,
    note: str | None = None,
) -> None:
    """Append one decision event per introduction."""
    events: Sequence[dict[str, Any]] = [
        {
            "introduction_id": one,
            "act": act,
            "side": side,
            "person_id": by,
            "reason": note,
            "at": at,
        }
        for one in introduction_ids
    ]
    if events:
        session.execute(sa.insert(DecisionEvent), events)


def insert(session: Session, table: Any) -> Any:
    """INSERT that knows ON CONFLICT, for the database at hand."""
    dialect = session.get_bind().dialect.name
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)
