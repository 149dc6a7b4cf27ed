"""What an erasure does to introductions, so that the other side sees what it always
sees: a neutral end, and later an entry without a name."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import (
    Decision,
    DecisionAct,
    Feedback,
    Introduction,
    Meeting,
    MeetingState,
    Side,
    State,
)
from app.services.introductions_ends import cool_down, record
from app.services.introductions_sides import column
from app.services.meetings_states import call_off, in_state, lock, withdraw


def hold(session: Session, which: sa.ColumnElement[bool]) -> Sequence[UUID]:
    """Lock introductions, always in the same order: both sides may leave at once."""
    return session.scalars(
        sa.select(Introduction.id)
        .where(which)
        .order_by(Introduction.id)
        .with_for_update(key_share=True)
    ).all()


def leave_introductions(
    session: Session, which: sa.ColumnElement[bool], *, at: datetime
) -> None:
    """Let the time of what is not connected be up: the texts go now, so the other side
    cannot be asked about them any longer. It reads the same as after any expiry,
    whether the erased side had declined, accepted or not answered."""
    session.execute(
        sa.update(Introduction)
        .where(
            which,
            Introduction.state != State.CONNECTED,
            Introduction.expires_at > at,
        )
        .values(expires_at=at)
        .execution_options(synchronize_session=False)
    )


def withdraw_acceptances(session: Session, person_id: UUID, *, at: datetime) -> None:
    """Take back what the person accepted and the other side has not: a connection
    would release the contact of nobody."""
    for side in Side:
        rows = session.execute(
            sa.update(Introduction)
            .where(
                Introduction.state == State.HALF,
                column(side, "decision") == Decision.ACCEPTED,
                column(side, "person_id") == person_id,
            )
            .values(state=State.WITHDRAWN, closed_at=at)
            .returning(
                Introduction.id, Introduction.company_lo_id, Introduction.company_hi_id
            )
            .execution_options(synchronize_session=False)
        ).all()
        ids = [row.id for row in rows]
        record(session, ids, DecisionAct.WITHDRAW, at=at, by=person_id, side=side)
        for row in rows:
            pair = (row.company_lo_id, row.company_hi_id)
            cool_down(session, pair, State.WITHDRAWN, at=at)


def end_meetings(session: Session, ids: Sequence[UUID], *, at: datetime) -> None:
    """Call off what lies ahead and take proposals back; both sides are told that it
    ended, neither why."""
    for introduction_id in session.scalars(
        sa.select(Meeting.introduction_id)
        .where(
            Meeting.introduction_id.in_(ids),
            Meeting.state.in_((MeetingState.PROPOSED, MeetingState.FIXED)),
        )
        .distinct()
    ).all():
        lock(session, introduction_id)
        fixed = in_state(session, introduction_id, MeetingState.FIXED)
        if fixed is not None and fixed.is_ahead(at):
            call_off(session, fixed, by=None, at=at)
        withdraw(session, introduction_id, by=None, at=at)


def forget_words(session: Session, ids: Sequence[UUID]) -> None:
    """Empty what either side wrote about the two: places of meetings and sentences of
    feedback. That they met, and whether it helped, stays without names."""
    session.execute(
        sa.update(Meeting)
        .where(Meeting.introduction_id.in_(ids))
        .values(note="", proposed_person_id=None, chosen_person_id=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        sa.update(Feedback)
        .where(Feedback.introduction_id.in_(ids))
        .values(sentence=None, may_publish=False)
        .execution_options(synchronize_session=False)
    )
