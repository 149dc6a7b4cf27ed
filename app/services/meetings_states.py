"""What becomes of the rows of meetings, for commands that hold their introduction.

Each change is a compare-and-set statement; who is to know of it is told by the same
transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import N_, Conflict
from app.models import (
    Introduction,
    MailKind,
    Meeting,
    MeetingState,
    Side,
    State,
)
from app.services import outbox
from app.services.introductions_sides import column


class Changed(Conflict):
    message = N_("Der Termin wurde inzwischen geändert. Bitte sehen Sie nach.")


def cancel_of_pair(session: Session, lo_id: UUID, hi_id: UUID, *, at: datetime) -> None:
    """End what two companies agreed on or proposed, because the pair was blocked.
    Both are told that it ended, neither why."""
    introductions = session.scalars(
        sa.select(Introduction.id)
        .where(
            Introduction.company_lo_id == lo_id,
            Introduction.company_hi_id == hi_id,
            Introduction.state == State.CONNECTED,
        )
        .with_for_update()
    ).all()
    for introduction_id in introductions:
        fixed = in_state(session, introduction_id, MeetingState.FIXED)
        if fixed is not None and fixed.is_ahead(at):
            call_off(session, fixed, by=None, at=at)
        withdraw(session, introduction_id, by=None, at=at)


def lock(session: Session, introduction_id: UUID) -> None:
    """One command on an introduction's date at a time."""
    session.execute(
        sa.select(Introduction.id)
        .where(Introduction.id == introduction_id)
        .with_for_update()
    )


def in_state(
    session: Session, introduction_id: UUID, state: MeetingState
) -> Meeting | None:
    return session.scalars(
        sa.select(Meeting).where(
            Meeting.introduction_id == introduction_id, Meeting.state == state
        )
    ).one_or_none()


def next_sequence(session: Session, introduction_id: UUID) -> int:
    latest = session.scalar(
        sa.select(sa.func.max(Meeting.sequence)).where(
            Meeting.introduction_id == introduction_id
        )
    )
    return 0 if latest is None else latest + 1


def change(
    session: Session, *conditions: sa.ColumnElement[bool], **values: Any
) -> bool:
    """Compare and set; whether anything was changed."""
    changed = session.scalars(
        sa.update(Meeting)
        .where(*conditions)
        .values(**values)
        .returning(Meeting.id)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(changed)


def replace(session: Session, introduction_id: UUID, state: MeetingState) -> None:
    """What is in this state makes room for what comes next."""
    change(
        session,
        Meeting.introduction_id == introduction_id,
        Meeting.state == state,
        state=MeetingState.REPLACED,
    )


def withdraw(
    session: Session,
    introduction_id: UUID,
    *conditions: sa.ColumnElement[bool],
    by: Side | None,
    at: datetime,
) -> bool:
    """Take an open proposal back; nobody's calendar knows of it."""
    return change(
        session,
        Meeting.introduction_id == introduction_id,
        Meeting.state == MeetingState.PROPOSED,
        *conditions,
        state=MeetingState.CANCELLED,
        cancelled_at=at,
        cancelled_by=by,
    )


def call_off(
    session: Session, fixed: Meeting, *, by: Side | None, at: datetime
) -> None:
    """End a date that is fixed, with what was proposed in its place, and tell both."""
    withdraw(session, fixed.introduction_id, by=by, at=at)
    ended = change(
        session,
        Meeting.id == fixed.id,
        Meeting.state == MeetingState.FIXED,
        state=MeetingState.CANCELLED,
        sequence=next_sequence(session, fixed.introduction_id),
        cancelled_at=at,
        cancelled_by=by,
    )
    if not ended:
        raise Changed
    tell(session, MailKind.MEETING_CANCELLED, fixed.id, at=at)


def tell(
    session: Session,
    kind: MailKind,
    meeting_id: UUID,
    *,
    at: datetime,
    to: Sequence[Side] = tuple(Side),
) -> None:
    """Write to the persons who were introduced to each other, once per event."""
    persons = session.execute(
        sa.select(*(column(side, "person_id") for side in Side))
        .join(Meeting, Meeting.introduction_id == Introduction.id)
        .where(Meeting.id == meeting_id)
    ).one()
    for side, person_id in zip(Side, persons, strict=True):
        if side in to and person_id is not None:
            outbox.enqueue(
                session,
                kind,
                person_id,
                at=at,
                subject_id=meeting_id,
                dedupe_key=f"{kind.value}:{meeting_id}:{side.value}",
            )
