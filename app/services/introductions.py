"""Accept, decline, withdraw: what a company decides about an introduction.

Each decision is one compare-and-set statement: of many at once exactly one counts.
Everything that follows from it (contact release, mails, cooldown, event) happens in
the same transaction.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.errors import (
    AlreadyDecided,
    Conflict,
    NoCapacity,
    NoLongerOpen,
)
from app.models import (
    Company,
    ContactRelease,
    Decision,
    DecisionAct,
    DeclineReason,
    Introduction,
    MailKind,
    Side,
    State,
)
from app.services import outbox
from app.services.introductions_contacts import Contact, choose_contact
from app.services.introductions_ends import (
    block_pair,
    cancel,
    cancel_for_company,
    cancel_for_listing,
    complain,
    cool_down,
    expire_due,
    record,
    release_round,
)
from app.services.introductions_sides import (
    Answer,
    SideOf,
    Standing,
    column,
    deciding_company,
    open_count,
    visible_to,
)

__all__ = [
    "Answer",
    "Contact",
    "SideOf",
    "Standing",
    "accept",
    "block_pair",
    "cancel",
    "cancel_for_company",
    "cancel_for_listing",
    "complain",
    "decline",
    "expire_due",
    "open_count",
    "release_round",
    "see_all",
    "visible_to",
    "withdraw",
]

# A side may still answer in these states: a refusal by the other is kept from it.
ANSWERABLE = (State.PROPOSED, State.HALF, State.DECLINED)


def accept(
    introduction_id: UUID,
    *,
    by: UUID,
    at: datetime,
    tells: bool = False,
    contact: Contact | None = None,
) -> Standing:
    """Accept for the person's company; connects the two if the other side did too.

    `tells`: the other side may know now that this one is interested. `contact`
    changes which of the person's contact data connected companies see.
    Raises NotFound, NoCapacity, AlreadyDecided, NoLongerOpen, Invalid.
    """
    with db.transaction() as session:
        company_id = deciding_company(session, by)
        _lock(session, company_id)
        seen = visible_to(session, by, introduction_id, at=at)
        if seen.answer is not Answer.NONE or seen.standing is Standing.ENDED:
            return _answered(seen, Answer.ACCEPTED)
        _check_capacity(session, company_id, at)
        if contact is not None:
            choose_contact(session, by, contact)

        row = _decide(session, seen, Decision.ACCEPTED, by=by, at=at, tells=tells)
        if row is None:
            return _answer_late(session, seen, DecisionAct.ACCEPT, by=by, at=at)
        record(session, [row.id], DecisionAct.ACCEPT, at=at, by=by, side=seen.side)
        if row.state is State.CONNECTED:
            _connect(session, row, at=at)
            return Standing.CONNECTED
        return Standing.WAITING


def decline(
    introduction_id: UUID, reason: DeclineReason, *, by: UUID, at: datetime
) -> Standing:
    """Decline for the person's company. The other side never learns of it.

    Raises NotFound, AlreadyDecided, NoLongerOpen.
    """
    with db.transaction() as session:
        seen = visible_to(session, by, introduction_id, at=at)
        if seen.answer is not Answer.NONE or seen.standing is Standing.ENDED:
            return _answered(seen, Answer.DECLINED)

        row = _decide(session, seen, Decision.DECLINED, by=by, at=at, reason=reason)
        if row is None:
            return _answer_late(
                session, seen, DecisionAct.DECLINE, by=by, at=at, note=reason.value
            )
        record(
            session,
            [row.id],
            DecisionAct.DECLINE,
            at=at,
            by=by,
            side=seen.side,
            note=reason.value,
        )
        if row.closed_at == at:  # not when the other side had declined before
            cool_down(session, _pair(row), State.DECLINED, at=at)
        return Standing.ENDED


def withdraw(introduction_id: UUID, *, by: UUID, at: datetime) -> Standing:
    """Take an acceptance back while the other side has not accepted.

    Raises NotFound, Conflict (not accepted), AlreadyDecided (declined), NoLongerOpen
    (connected, or the time is up).
    """
    with db.transaction() as session:
        seen = visible_to(session, by, introduction_id, at=at)
        if seen.answer is Answer.WITHDRAWN:
            return Standing.ENDED
        if seen.standing is not Standing.WAITING:
            refusals = {Answer.NONE: Conflict, Answer.DECLINED: AlreadyDecided}
            raise refusals.get(seen.answer, NoLongerOpen)

        row = session.execute(
            sa.update(Introduction)
            .where(
                Introduction.id == introduction_id,
                Introduction.state == State.HALF,
                column(seen.side, "decision") == Decision.ACCEPTED,
                Introduction.expires_at > at,
            )
            .values(state=State.WITHDRAWN, closed_at=at)
            .returning(*_FACTS)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if row is None:
            return _answer_late(session, seen, DecisionAct.WITHDRAW, by=by, at=at)
        record(session, [row.id], DecisionAct.WITHDRAW, at=at, by=by, side=seen.side)
        cool_down(session, _pair(row), State.WITHDRAWN, at=at)
        return Standing.ENDED


def see_all(*, by: UUID, at: datetime) -> None:
    """Remember that a company looked at what awaits its answer."""
    with db.transaction() as session:
        company_id = deciding_company(session, by)
        companies = (Introduction.company_lo_id, Introduction.company_hi_id)
        for side, company in zip(Side, companies, strict=True):
            seen_at = column(side, "seen_at")
            session.execute(
                sa.update(Introduction)
                .where(
                    company == company_id,
                    column(side, "decision") == Decision.PENDING,
                    seen_at.is_(None),
                    Introduction.shown_at.is_not(None),
                    Introduction.expires_at > at,
                )
                .values({seen_at: at})
                .execution_options(synchronize_session=False)
            )


_FACTS = (
    Introduction.id,
    Introduction.state,
    Introduction.closed_at,
    Introduction.company_lo_id,
    Introduction.company_hi_id,
    Introduction.lo_person_id,
    Introduction.hi_person_id,
)


def _decide(
    session: Session,
    seen: SideOf,
    decision: Decision,
    *,
    by: UUID,
    at: datetime,
    tells: bool = False,
    reason: DeclineReason | None = None,
) -> Any:
    """Set one side's decision if it is still pending; None if it no longer can be."""
    side = seen.side
    instant = sa.literal(at, Introduction.closed_at.type)
    return session.execute(
        sa.update(Introduction)
        .where(
            Introduction.id == seen.introduction_id,
            column(side, "decision") == Decision.PENDING,
            Introduction.state.in_(ANSWERABLE),
            Introduction.expires_at > at,
        )
        .values(
            {
                column(side, "decision"): decision,
                column(side, "decided_at"): at,
                column(side, "person_id"): by,
                column(side, "tells"): tells,
                column(side, "reason"): reason,
                column(side, "seen_at"): sa.func.coalesce(
                    column(side, "seen_at"), instant
                ),
                **_next_state(decision, instant),
            }
        )
        .returning(*_FACTS)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def _next_state(decision: Decision, instant: Any) -> dict[Any, Any]:
    """Where a decision leads from the state that the row has at that moment."""
    state = Introduction.state
    if decision is Decision.DECLINED:
        return {
            state: State.DECLINED,
            Introduction.closed_at: sa.func.coalesce(Introduction.closed_at, instant),
        }
    half = state == State.HALF
    return {
        state: sa.case(
            (half, sa.literal(State.CONNECTED, state.type)),
            (state == State.PROPOSED, sa.literal(State.HALF, state.type)),
            else_=state,
        ),
        Introduction.connected_at: sa.case((half, instant)),
        Introduction.closed_at: sa.case((half, instant), else_=Introduction.closed_at),
    }


def _answer_late(
    session: Session,
    seen: SideOf,
    act: DecisionAct,
    *,
    by: UUID,
    at: datetime,
    note: str | None = None,
) -> Standing:
    """Answer what has moved on: an end this side must not notice, or a colleague
    who was quicker. The answer to the former is remembered and changes nothing."""
    # Locked: two colleagues must not both find that nobody answered.
    session.execute(
        sa.select(Introduction.id)
        .where(Introduction.id == seen.introduction_id)
        .with_for_update()
    )
    now = visible_to(session, by, seen.introduction_id, at=at)
    if act is DecisionAct.WITHDRAW:
        if now.answer is Answer.WITHDRAWN:
            return Standing.ENDED
        if now.standing is not Standing.WAITING:
            raise NoLongerOpen
    elif now.answer is not Answer.NONE or now.standing is Standing.ENDED:
        wanted = Answer.ACCEPTED if act is DecisionAct.ACCEPT else Answer.DECLINED
        return _answered(now, wanted)
    record(
        session, [seen.introduction_id], act, at=at, by=by, side=seen.side, note=note
    )
    return Standing.WAITING if act is DecisionAct.ACCEPT else Standing.ENDED


def _answered(seen: SideOf, wanted: Answer) -> Standing:
    """The same decision again was done already; another one is refused."""
    if seen.answer is wanted and (
        wanted is Answer.DECLINED or seen.standing is not Standing.ENDED
    ):
        return seen.standing
    if seen.answer in (Answer.ACCEPTED, Answer.DECLINED) and seen.answer is not wanted:
        raise AlreadyDecided
    raise NoLongerOpen


def _connect(session: Session, row: Any, *, at: datetime) -> None:
    """Release both contacts, tell both persons, and let the pair rest."""
    persons = {Side.LO: row.lo_person_id, Side.HI: row.hi_person_id}
    for side, person_id in persons.items():
        session.add(
            ContactRelease(
                introduction_id=row.id,
                to_side=side,
                person_id=persons[side.other],
                released_at=at,
            )
        )
        if person_id is not None:
            outbox.enqueue(
                session,
                MailKind.CONTACT,
                person_id,
                at=at,
                subject_id=row.id,
                dedupe_key=f"contact:{row.id}:{side.value}",
            )
    session.flush()
    cool_down(session, _pair(row), State.CONNECTED, at=at)


def _lock(session: Session, company_id: UUID) -> None:
    """One acceptance of a company at a time, so that capacity is counted right."""
    session.execute(
        sa.select(Company.id)
        .where(Company.id == company_id)
        .with_for_update(key_share=True)  # others may still refer to the row
    )


def _check_capacity(session: Session, company_id: UUID, at: datetime) -> None:
    most = session.scalar(sa.select(Company.max_open).where(Company.id == company_id))
    if open_count(session, company_id, at) >= (most or 0):
        raise NoCapacity


def _pair(row: Any) -> tuple[UUID, UUID]:
    return row.company_lo_id, row.company_hi_id
