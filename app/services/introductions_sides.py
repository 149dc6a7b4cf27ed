"""An introduction as one side may know it: the guarded query behind every screen.

Nobody may learn who declined. So a side that has not decided sees the suggestion
unchanged until it decides or the time is up, and a side that accepted waits until
the time is up, whatever the other side did meanwhile. Answers given after an end
that the answering side cannot know are remembered and change nothing.
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.errors import NotFound
from app.models import (
    Company,
    CompanyStatus,
    Decision,
    DecisionAct,
    DecisionEvent,
    Feedback,
    Introduction,
    Person,
    Seat,
    Side,
    State,
)

# Final states that the pending side must not notice before it has answered.
UNNOTICED_ENDS = (State.DECLINED, State.WITHDRAWN, State.CANCELLED)

# A connection without feedback takes up capacity while the two may still meet.
BUSY_DAYS = 42


class Standing(enum.StrEnum):
    """What an introduction is for one side."""

    ASKED = "asked"  # awaits this side's answer
    WAITING = "waiting"  # this side accepted
    CONNECTED = "connected"
    ENDED = "ended"  # did not come about, for whatever reason


class Answer(enum.StrEnum):
    """What this side itself did."""

    NONE = "none"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class SideOf:
    """An introduction seen from one side; the other side's decision is not in it."""

    introduction_id: UUID
    side: Side
    company_id: UUID
    other_id: UUID
    round_id: UUID
    standing: Standing
    answer: Answer
    told: bool  # the other side wished to say that it is interested
    seen_at: datetime | None
    shown_at: datetime
    expires_at: datetime
    connected_at: datetime | None
    feedback_given: bool

    def keeps_busy(self, at: datetime) -> bool:
        """Whether it counts against the open introductions a company allows."""
        if self.standing is Standing.WAITING:
            return True
        return (
            self.connected_at is not None
            and not self.feedback_given
            and at < self.connected_at + timedelta(days=BUSY_DAYS)
        )


def visible_to(
    session: Session, person_id: UUID, introduction_id: UUID, *, at: datetime
) -> SideOf:
    """The introduction from the side of a person who may decide for a company.

    Raises NotFound alike when it is absent, a draft, or another company's.
    """
    company_id = deciding_company(session, person_id)
    rows = sides(session, company_id, at, Introduction.id == introduction_id)
    if not rows:
        raise NotFound
    return rows[0]


def connected_to(
    session: Session, person_id: UUID, introduction_id: UUID, *, at: datetime
) -> SideOf:
    """As `visible_to`; NotFound as well unless both sides accepted."""
    seen = visible_to(session, person_id, introduction_id, at=at)
    if seen.standing is not Standing.CONNECTED:
        raise NotFound
    return seen


def deciding_company(session: Session, person_id: UUID) -> UUID:
    """The approved company that a person sits in; NotFound for all others."""
    company_id = session.scalar(
        sa.select(Person.company_id)
        .join(Company, Company.id == Person.company_id)
        .where(
            Person.id == person_id,
            Person.active,
            Person.erased_at.is_(None),
            Person.seat == Seat.TAKEN,
            Company.status == CompanyStatus.APPROVED,
        )
    )
    if company_id is None:
        raise NotFound
    return company_id


def sides(
    session: Session,
    company_id: UUID,
    at: datetime,
    *conditions: sa.ColumnElement[bool],
) -> list[SideOf]:
    """A company's introductions that were ever shown, the newest first."""
    rows = session.execute(
        _select_side()
        .where(*conditions)
        .order_by(Introduction.shown_at.desc(), Introduction.id),
        {"of_company": company_id},
    )
    return [_side(row, company_id, at) for row in rows]


def open_count(session: Session, company_id: UUID, at: datetime) -> int:
    """Introductions that keep a company busy: those it accepted and that still wait,
    and connections of the last 42 days of which it has not said what came of them."""
    recent = sides(
        session,
        company_id,
        at,
        sa.or_(
            Introduction.expires_at > at,
            Introduction.connected_at > at - timedelta(days=BUSY_DAYS),
        ),
    )
    return sum(one.keeps_busy(at) for one in recent)


def involving(company_id: UUID, table: Any = Introduction) -> sa.ColumnElement[bool]:
    """Rows of a table of pairs in which the company is one of the two."""
    return sa.or_(table.company_lo_id == company_id, table.company_hi_id == company_id)


def column(side: Side, name: str) -> InstrumentedAttribute[Any]:
    """The column of `Introduction` that holds `name` of this side."""
    found: InstrumentedAttribute[Any] = getattr(Introduction, f"{side.value}_{name}")
    return found


@lru_cache(maxsize=1)
def _select_side() -> sa.Select[Any]:
    """Built once: putting it together takes longer than asking the database."""
    company_id = sa.bindparam("of_company", type_=sa.Uuid())
    is_lo = Introduction.company_lo_id == company_id
    side = sa.case((is_lo, Side.LO.value), else_=Side.HI.value)

    def own(name: str) -> sa.ColumnElement[Any]:
        return sa.case((is_lo, column(Side.LO, name)), else_=column(Side.HI, name))

    def other(name: str) -> sa.ColumnElement[Any]:
        return sa.case((is_lo, column(Side.HI, name)), else_=column(Side.LO, name))

    event = aliased(DecisionEvent)

    def did(*acts: DecisionAct) -> sa.ColumnElement[bool]:
        return sa.exists().where(
            event.introduction_id == Introduction.id,
            sa.cast(event.side, sa.String) == side,
            event.act.in_(acts),
        )

    told = sa.and_(other("decision") == Decision.ACCEPTED, other("tells"))
    return sa.select(
        Introduction.id,
        Introduction.round_id,
        side.label("side"),
        sa.case(
            (is_lo, Introduction.company_hi_id), else_=Introduction.company_lo_id
        ).label("other_id"),
        Introduction.state,
        own("decision").label("decision"),
        own("seen_at").label("seen_at"),
        told.label("told"),
        did(DecisionAct.ACCEPT).label("accepted"),
        did(DecisionAct.DECLINE).label("declined"),
        did(DecisionAct.WITHDRAW).label("withdrew"),
        did(DecisionAct.CANCEL).label("cancelled"),
        sa.exists()
        .where(
            Feedback.introduction_id == Introduction.id,
            sa.cast(Feedback.side, sa.String) == side,
        )
        .label("feedback_given"),
        Introduction.shown_at,
        Introduction.expires_at,
        Introduction.connected_at,
    ).where(
        sa.or_(is_lo, Introduction.company_hi_id == company_id),
        Introduction.state != State.DRAFT,
        Introduction.shown_at.is_not(None),
    )


def _side(row: Any, company_id: UUID, at: datetime) -> SideOf:
    answer = _answer(row)
    return SideOf(
        introduction_id=row.id,
        side=Side(row.side),
        company_id=company_id,
        other_id=row.other_id,
        round_id=row.round_id,
        standing=_standing(row, answer, at),
        answer=answer,
        told=row.told,
        seen_at=row.seen_at,
        shown_at=row.shown_at,
        expires_at=row.expires_at,
        connected_at=row.connected_at,
        feedback_given=row.feedback_given,
    )


def _answer(row: Any) -> Answer:
    if row.declined or row.decision is Decision.DECLINED:
        return Answer.DECLINED
    accepted = row.accepted or row.decision is Decision.ACCEPTED
    # Only the side that accepted can withdraw, so a withdrawn state is its own doing.
    if row.withdrew or (
        row.state is State.WITHDRAWN and row.decision is Decision.ACCEPTED
    ):
        return Answer.WITHDRAWN
    return Answer.ACCEPTED if accepted else Answer.NONE


def _standing(row: Any, answer: Answer, at: datetime) -> Standing:
    if row.state is State.CONNECTED:
        return Standing.CONNECTED
    over = answer in (Answer.DECLINED, Answer.WITHDRAWN) or row.cancelled
    if over or at >= row.expires_at:
        return Standing.ENDED
    return Standing.WAITING if answer is Answer.ACCEPTED else Standing.ASKED
