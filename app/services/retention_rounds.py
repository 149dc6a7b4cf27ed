"""Introductions, rounds and tombstones whose time is over, and all that hangs on them.

An introduction goes as a whole, three years after the last thing that happened to it;
a round when its last introduction is gone; a tombstone when nothing refers to it.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import (
    Company,
    ConsentEvent,
    ContactRelease,
    DecisionEvent,
    Feedback,
    Introduction,
    IntroductionSlot,
    Match,
    Meeting,
    OutboxMail,
    Person,
    Round,
    RoundEdit,
    Uncovered,
    UnmetNeed,
)
from app.models import keeping as kept
from app.services.retention_rows import delete, open_gate

CHILDREN = (ContactRelease, Meeting, Feedback, Match, IntroductionSlot)


def forget_introductions(session: Session, at: datetime) -> int:
    """Those of which nothing is younger than the limit."""
    limit = at - kept.INTRODUCTION.span()
    over = session.scalars(
        sa.select(Introduction.id).where(
            *(_before(column, limit) for column in _STEPS),
            *(_none_since(table, column, limit) for table, column in _LATER),
        )
    ).all()
    # By parts, since a database takes only so many values in one statement.
    for start in range(0, len(over), 500):
        part = over[start : start + 500]
        for table in CHILDREN:
            delete(session, table, table.introduction_id.in_(part))
        open_gate(session, DecisionEvent, limit)
        delete(session, DecisionEvent, DecisionEvent.introduction_id.in_(part))
        delete(session, Introduction, Introduction.id.in_(part))
    return len(over)


def forget_rounds(session: Session, at: datetime) -> int:
    """Those that are over and have no introduction any more."""
    limit = at - kept.ROUND.span()
    over = sa.and_(
        Round.created_at < limit,
        Round.lease_until.is_(None),
        sa.not_(sa.exists().where(Introduction.round_id == Round.id)),
    )
    ids = sa.select(Round.id).where(over)
    for table in (RoundEdit, Uncovered, UnmetNeed):
        delete(session, table, table.round_id.in_(ids))
    return delete(session, Round, over)


def forget_tombstones(session: Session, at: datetime) -> int:
    """Ids of the erased that no row names any more, once their time is over."""
    limit = at - kept.ERASURE.span()
    persons = delete(
        session,
        Person,
        Person.erased_at < limit,
        *(_unnamed(column, Person.id) for column in _OF_PERSON),
    )
    companies = delete(
        session,
        Company,
        Company.erased_at < limit,
        *(_unnamed(column, Company.id) for column in _OF_COMPANY),
    )
    return persons + companies


# What happens to an introduction, in its own row and in others.
_STEPS = (
    *(Introduction.created_at, Introduction.shown_at, Introduction.closed_at),
    *(Introduction.lo_decided_at, Introduction.hi_decided_at),
)
_LATER: tuple[tuple[Any, Any], ...] = (
    (DecisionEvent, DecisionEvent.at),
    (Feedback, Feedback.given_at),
    (Meeting, Meeting.proposed_at),
    (Meeting, Meeting.starts_at),
)
# Foreign keys that neither empty nor delete by themselves.
_OF_PERSON = (ConsentEvent.person_id, OutboxMail.person_id)
_OF_COMPANY = (
    *(Introduction.company_lo_id, Introduction.company_hi_id),
    *(IntroductionSlot.company_id, Uncovered.company_id),
    *(RoundEdit.company_lo_id, RoundEdit.company_hi_id, Person.company_id),
)


def _before(column: Any, limit: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(column.is_(None), column < limit)


def _none_since(table: Any, column: Any, limit: datetime) -> sa.ColumnElement[bool]:
    return sa.not_(
        sa.exists().where(table.introduction_id == Introduction.id, column >= limit)
    )


def _unnamed(column: Any, identity: Any) -> sa.ColumnElement[bool]:
    return sa.not_(sa.exists().where(column == identity))
