"""Feedback: what came of a connected introduction, as each side tells it."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Invalid
from app.models import (
    Feedback,
    Introduction,
    Meeting,
    MeetingState,
    Outcome,
    Person,
    Side,
)
from app.models.feedback import DUE_AFTER_DAYS
from app.services import texts
from app.services.introductions_ends import insert
from app.services.introductions_sides import (
    SideOf,
    column,
    connected_to,
    sides,
)
from app.services.rounds_week import ZONE, day_of

LONGEST_SENTENCE = 500


@dataclass(frozen=True, slots=True)
class Given:
    """One side's answers; `held` is False when the two did not meet."""

    held: bool
    outcome: Outcome | None = None
    helpful: int | None = None
    sentence: str | None = None
    may_publish: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A person to be asked what came of an introduction."""

    introduction_id: UUID
    side: Side
    person_id: UUID


def give(introduction_id: UUID, given: Given, *, by: UUID, at: datetime) -> None:
    """Record what a company says of a connected introduction; a later answer of the
    same side replaces the earlier one.

    Raises NotFound unless the introduction is connected, Invalid.
    """
    given = _checked(given)
    with db.transaction() as session:
        seen = connected_to(session, by, introduction_id, at=at)
        values = {
            "person_id": by,
            "held": given.held,
            "outcome": given.outcome,
            "helpful": given.helpful,
            "sentence": given.sentence,
            "may_publish": given.may_publish,
            "given_at": at,
        }
        session.execute(
            insert(session, Feedback)
            .values(introduction_id=introduction_id, side=seen.side, **values)
            .on_conflict_do_update(
                index_elements=["introduction_id", "side"], set_=values
            )
        )


def given_by(
    session: Session, introduction_id: UUID, *, by: UUID, at: datetime
) -> Given | None:
    """What the person's company has answered so far; NotFound unless connected."""
    seen = connected_to(session, by, introduction_id, at=at)
    row = session.execute(
        sa.select(
            Feedback.held,
            Feedback.outcome,
            Feedback.helpful,
            Feedback.sentence,
            Feedback.may_publish,
        ).where(Feedback.introduction_id == introduction_id, Feedback.side == seen.side)
    ).one_or_none()
    return Given(*row) if row else None


def due(session: Session, company_id: UUID, *, at: datetime) -> list[SideOf]:
    """Connected introductions of which a company should say what came of them: from
    14 days after the connection, and from the day after a date that was agreed on."""
    connected = sides(
        session,
        company_id,
        at,
        Introduction.connected_at <= at - timedelta(days=DUE_AFTER_DAYS),
        sa.not_(_meets_from(_today(at))),
    )
    return [one for one in connected if not one.feedback_given]


def requests_due(
    session: Session, *, at: datetime, within: timedelta = timedelta(days=28)
) -> list[Request]:
    """Whom to ask by mail: the persons who accepted, from the day on which `due` has
    it and not for longer than `within`."""
    latest = at - timedelta(days=DUE_AFTER_DAYS)
    today = _today(at)
    found = []
    for side in Side:
        person_id = column(side, "person_id")
        answered = sa.exists().where(
            Feedback.introduction_id == Introduction.id, Feedback.side == side
        )
        rows = session.execute(
            sa.select(Introduction.id, person_id)
            .join(Person, Person.id == person_id)
            .where(
                Introduction.connected_at <= latest,
                sa.or_(
                    Introduction.connected_at > latest - within,
                    _meets_from(today - within),
                ),
                sa.not_(_meets_from(today)),
                Person.active,
                sa.not_(answered),
            )
            .order_by(Introduction.connected_at, Introduction.id)
        )
        found += [Request(row[0], side, row[1]) for row in rows]
    return found


def _today(at: datetime) -> datetime:
    """When this day began in Berlin."""
    return datetime.combine(day_of(at), time(), ZONE)


def _meets_from(start: datetime) -> sa.ColumnElement[bool]:
    """Whether the two agreed on a date at this instant or later."""
    return sa.exists().where(
        Meeting.introduction_id == Introduction.id,
        Meeting.state == MeetingState.FIXED,
        Meeting.starts_at >= start,
    )


def _checked(given: Given) -> Given:
    sentence = (
        texts.plain(given.sentence or "", field="sentence", longest=LONGEST_SENTENCE)
        or None
    )
    if not given.held:
        return Given(held=False, sentence=sentence)
    if given.outcome is None:
        raise Invalid(N_("Bitte wählen Sie, was daraus wurde."), field="outcome")
    if given.helpful is None or not 1 <= given.helpful <= 5:
        raise Invalid(N_("Bitte wählen Sie einen Wert von 1 bis 5."), field="helpful")
    return Given(
        held=True,
        outcome=given.outcome,
        helpful=given.helpful,
        sentence=sentence,
        may_publish=given.may_publish,
    )
