"""Writes what the invented companies decided, as the services would have."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.demo import history
from app.demo.history import Seen, Verdict
from app.models import (
    AWAITING,
    Band,
    ContactRelease,
    Cooldown,
    Decision,
    DecisionAct,
    DecisionEvent,
    Feedback,
    Introduction,
    Match,
    Person,
    Side,
    State,
)
from app.services import introductions
from app.services.introductions_ends import COOLDOWN_WEEKS

if TYPE_CHECKING:
    from app.demo.fill import World

MUTUAL = 2  # matches both ways make a suggestion worth showing


def write(world: "World", round_id: UUID, *, now: datetime, share: float = 1.0) -> None:
    """Decide the introductions of a round; nothing that lies after `now` is written.

    `share` is how many sides have looked at their suggestions at all.
    """
    draw = world.draw
    with db.transaction() as session:
        for seen in _shown(session, world, round_id):
            fit = history.compatibility(seen, world.made.situations)
            verdicts = {side: history.verdict(draw, seen, side, fit) for side in Side}
            looked = {side: draw.random() < share for side in Side}
            _decide(session, world, seen, verdicts, looked, fit, now=now)


def expire(*, until: datetime) -> None:
    """Let the service end what nobody answered in time."""
    introductions.expire_due(at=until)


def _decide(
    session: Session,
    world: "World",
    seen: Seen,
    verdicts: dict[Side, Verdict],
    looked: dict[Side, bool],
    fit: float,
    *,
    now: datetime,
) -> None:
    acts = sorted(
        (verdict.at, side, verdict.accepts)
        for side, verdict in verdicts.items()
        if looked[side] and verdict.at is not None and verdict.at <= now
    )
    values: dict[str, Any] = {}
    for at, side, accepts in acts:
        if at is None:
            continue
        name = side.value
        person = world.persons[seen.ids[side]]
        values |= {
            f"{name}_decision": Decision.ACCEPTED if accepts else Decision.DECLINED,
            f"{name}_decided_at": at,
            f"{name}_person_id": person,
            f"{name}_seen_at": at - timedelta(minutes=4),
        }
        if not accepts:
            values[f"{name}_reason"] = verdicts[side].reason
            # The first refusal ends it; the other side still gives its own answer.
            values.setdefault("closed_at", at)
        act = DecisionAct.ACCEPT if accepts else DecisionAct.DECLINE
        _event(session, seen, act, side, at, person, verdicts[side])
    if not values:
        return
    values["state"] = _state(values)
    if values["state"] is State.CONNECTED:
        last = max(at for at, _, _ in acts if at is not None)
        values |= {"connected_at": last, "closed_at": last}
    elif values["state"] is State.DECLINED:
        _rest(session, seen, State.DECLINED, values["closed_at"])
    session.execute(
        sa.update(Introduction)
        .where(Introduction.id == seen.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if values["state"] is State.CONNECTED:
        _connect(session, world, seen, values["connected_at"], fit, now=now)


def _state(values: dict[str, Any]) -> State:
    decisions = [values.get(f"{side.value}_decision") for side in Side]
    if Decision.DECLINED in decisions:
        return State.DECLINED
    both = decisions == [Decision.ACCEPTED, Decision.ACCEPTED]
    return State.CONNECTED if both else State.HALF


def _event(
    session: Session,
    seen: Seen,
    act: DecisionAct,
    side: Side,
    at: datetime,
    person: UUID,
    verdict: Verdict,
) -> None:
    session.add(
        DecisionEvent(
            introduction_id=seen.id,
            act=act,
            side=side,
            person_id=person,
            reason=verdict.reason.value if verdict.reason else None,
            at=at,
        )
    )


def _connect(
    session: Session,
    world: "World",
    seen: Seen,
    at: datetime,
    fit: float,
    *,
    now: datetime,
) -> None:
    _rest(session, seen, State.CONNECTED, at)
    for side in Side:
        session.add(
            ContactRelease(
                introduction_id=seen.id,
                to_side=side,
                person_id=world.persons[seen.ids[side.other]],
                released_at=at,
            )
        )
        told = history.feedback(world.draw, seen, side, at, fit)
        if told is not None and told.at <= now:
            session.add(
                Feedback(
                    introduction_id=seen.id,
                    side=side,
                    person_id=world.persons[seen.ids[side]],
                    held=told.held,
                    outcome=told.outcome,
                    helpful=told.helpful,
                    given_at=told.at,
                )
            )


def _rest(session: Session, seen: Seen, cause: State, at: datetime) -> None:
    """The pair is left alone for a while."""
    session.merge(
        Cooldown(
            company_lo_id=seen.ids[Side.LO],
            company_hi_id=seen.ids[Side.HI],
            until=at + timedelta(weeks=COOLDOWN_WEEKS[cause]),
            cause=cause,
        )
    )


def _shown(session: Session, world: "World", round_id: UUID) -> list[Seen]:
    """The round's introductions, in an order that does not depend on their ids."""
    rows = session.execute(
        sa.select(
            Introduction.id,
            Introduction.company_lo_id,
            Introduction.company_hi_id,
            Introduction.shown_at,
        ).where(Introduction.round_id == round_id, Introduction.state == State.PROPOSED)
    ).all()
    matches: dict[UUID, list[tuple[Side, str, str]]] = {}
    for row in session.execute(
        sa.select(Match.introduction_id, Match.giver, Match.need_id, Match.offering_id)
        .join(Introduction, Introduction.id == Match.introduction_id)
        .where(Introduction.round_id == round_id)
        .order_by(Match.score.desc(), Match.need_id)
    ):
        truth = (world.situations[row.need_id], world.situations[row.offering_id])
        matches.setdefault(row.introduction_id, []).append((row.giver, *truth))
    found = [
        Seen(
            id=row.id,
            round_id=round_id,
            ids={Side.LO: row.company_lo_id, Side.HI: row.company_hi_id},
            companies={
                Side.LO: world.companies[row.company_lo_id],
                Side.HI: world.companies[row.company_hi_id],
            },
            matches=tuple(matches.get(row.id, ())),
            shown_at=row.shown_at,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.ids[Side.LO], one.ids[Side.HI]))


def choose_member(world: "World", email: str) -> None:
    """Give the address of the demo member to whoever has most to show: open
    suggestions with matches both ways, and a connection whose feedback is due."""
    session = db.session()
    worth: dict[UUID, tuple[int, int, int]] = {}
    for company_id in world.companies:
        worth[company_id] = _worth(session, company_id)
    session.rollback()
    best = max(worth, key=lambda one: (worth[one], one))
    with db.transaction() as session:
        person = session.get_one(Person, world.persons[best])
        person.email = email


def _worth(session: Session, company_id: UUID) -> tuple[int, int, int]:
    mine = sa.or_(
        Introduction.company_lo_id == company_id,
        Introduction.company_hi_id == company_id,
    )
    rows = session.scalars(sa.select(Introduction).where(mine)).all()
    waiting = [
        row
        for row in rows
        if row.state in AWAITING
        and (side := row.side_of(company_id)) is not None
        and row.decision(side) is Decision.PENDING
    ]
    mutual = sum(
        len({match.giver for match in row.matches}) == MUTUAL for row in waiting
    )
    due = sum(
        row.state is State.CONNECTED and not _has_told(session, row, company_id)
        for row in rows
    )
    strong = sum(row.band is Band.STRONG for row in waiting)
    return (
        min(mutual, 1) + min(len(waiting), 2) + min(due, 1) + min(strong, 2),
        strong,
        mutual + due,
    )


def _has_told(session: Session, row: Introduction, company_id: UUID) -> bool:
    side = row.side_of(company_id)
    return (
        session.scalar(
            sa.select(Feedback.id).where(
                Feedback.introduction_id == row.id, Feedback.side == side
            )
        )
        is not None
    )
