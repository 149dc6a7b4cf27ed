"""Who computes a round: one worker at a time, fenced by a number that only grows.

A worker that was thought dead and wakes up again finds a higher number in the row
and can publish nothing. Taking the number away is also how a run is cancelled.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Busy, Conflict
from app.models import Round, RoundState
from app.services.rounds_week import monday_of

LEASE = timedelta(minutes=2)
SECONDS_BETWEEN_NOTES = 1.0

WAITING = "waiting"  # asked for; the next worker takes it


class Superseded(Conflict):
    """The run was cancelled, or another worker has taken it over."""

    message = N_("Die Berechnung wurde abgebrochen oder von anderen übernommen.")


class AlreadyThere(Conflict):
    """The week's round was computed or released before."""

    message = N_("Die Runde dieser Woche gibt es schon.")


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to compute a round, until `token` is no longer the highest."""

    round_id: UUID
    week: str
    seed: int
    token: int
    begun_at: datetime
    again: bool  # there is a draft already


def claim(week: str, *, at: datetime, again: bool = False) -> Hold:
    """Take the round of a week for computing it.

    `again` computes an existing draft anew. Raises AlreadyThere, Busy, Invalid.
    """
    monday_of(week)
    with db.transaction() as session:
        if not again:
            made = _make(session, week, at)
            if made is not None:
                return Hold(made, week, seed_of(week), 1, at, again=False)
        row = session.execute(
            sa.select(
                *(Round.id, Round.state, Round.seed, Round.lease_token),
                *(Round.lease_until, Round.computed_at),
            )
            .where(Round.week == week)
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise AlreadyThere(N_("Für diese Woche gibt es noch keine Runde."))
        if row.state is RoundState.RELEASED:
            raise AlreadyThere(N_("Die Runde dieser Woche ist schon freigegeben."))
        if row.state is RoundState.DRAFT and not again:
            raise AlreadyThere
        if row.state is RoundState.COMPUTING and row.lease_until > at:
            raise Busy(N_("Diese Runde wird gerade berechnet."))
        token = row.lease_token + 1
        session.execute(
            sa.update(Round)
            .where(Round.id == row.id)
            .values(
                state=RoundState.COMPUTING,
                lease_token=token,
                lease_until=at + LEASE,
                error=None,
                progress=_note("", 0.0, at),
            )
            .execution_options(synchronize_session=False)
        )
        return Hold(row.id, week, row.seed, token, at, row.computed_at is not None)


def ask(week: str, *, at: datetime) -> None:
    """Have the round computed by the next worker: made, or its draft made anew.

    Raises AlreadyThere when it is released, Busy while it is computed, Invalid.
    """
    monday_of(week)
    with db.transaction() as session:
        _make(session, week, at, lease_until=at)
        free = sa.or_(
            Round.state.in_((RoundState.DRAFT, RoundState.FAILED)),
            sa.and_(Round.state == RoundState.COMPUTING, Round.lease_until <= at),
        )
        asked = session.execute(
            sa.update(Round)
            .where(Round.week == week, free)
            .values(
                state=RoundState.COMPUTING,
                lease_token=Round.lease_token + 1,
                lease_until=at,
                error=None,
                progress=_note(WAITING, 0.0, at),
            )
            .returning(Round.id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if asked is None:
            state = session.scalar(sa.select(Round.state).where(Round.week == week))
            raise AlreadyThere if state is RoundState.RELEASED else Busy


def cancel(week: str, *, at: datetime) -> bool:
    """Stop computing; an earlier draft stays. False if nothing was being computed."""
    with db.transaction() as session:
        return _end(session, Round.week == week, "cancelled", at=at)


def fail(hold: Hold, why: str, *, at: datetime) -> None:
    """Give up; an earlier draft stays. Does nothing if another has taken over."""
    with db.transaction() as session:
        mine = sa.and_(Round.id == hold.round_id, Round.lease_token == hold.token)
        _end(session, mine, why, at=at)


def publishing(session: Session, hold: Hold, **values: Any) -> None:
    """Turn the round into a draft, if this worker still holds it; else Superseded.

    Part of the transaction that stores the pairs: the fence is its first statement.
    """
    held = session.execute(
        sa.update(Round)
        .where(
            Round.id == hold.round_id,
            Round.lease_token == hold.token,
            Round.state == RoundState.COMPUTING,
        )
        .values(state=RoundState.DRAFT, lease_until=None, error=None, **values)
        .returning(Round.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if held is None:
        raise Superseded


class Notes:
    """Progress of a run: kept in the row, prolongs the lease, notices its loss."""

    def __init__(
        self, hold: Hold, told: Callable[[str, float], None] | None = None
    ) -> None:
        self._hold = hold
        self._told = told
        self._started = time.monotonic()
        self._noted = 0.0
        self._step = ""
        self.lost = False

    def now(self) -> datetime:
        """The instant of the run plus the time that it has taken."""
        elapsed = timedelta(seconds=time.monotonic() - self._started)
        return self._hold.begun_at + elapsed

    def __call__(self, step: str, share: float) -> None:
        if self._told is not None:
            self._told(step, share)
        elapsed = time.monotonic() - self._started
        if self.lost or elapsed - self._noted < SECONDS_BETWEEN_NOTES:
            return
        self._noted = elapsed
        now = self.now()
        with db.transaction() as session:
            held = session.execute(
                sa.update(Round)
                .where(
                    Round.id == self._hold.round_id,
                    Round.lease_token == self._hold.token,
                    Round.state == RoundState.COMPUTING,
                )
                .values(
                    progress=_note(step, share, self._hold.begun_at, now),
                    lease_until=now + LEASE,
                )
                .returning(Round.id)
                .execution_options(synchronize_session=False)
            ).one_or_none()
        self.lost = held is None


def seed_of(week: str) -> int:
    """The same week draws the same pairs, however often it is computed."""
    return int(week.replace("-W", ""))


def _make(
    session: Session, week: str, at: datetime, lease_until: datetime | None = None
) -> UUID | None:
    """Insert the round if the week has none; its id, or None."""
    dialect = session.get_bind().dialect.name
    insert: Any = (sqlite if dialect == "sqlite" else postgresql).insert(Round)
    made: UUID | None = session.scalar(
        insert.values(
            id=uuid4(),
            week=week,
            state=RoundState.COMPUTING,
            seed=seed_of(week),
            created_at=at,
            held=False,
            lease_token=1,
            lease_until=lease_until or at + LEASE,
            progress=_note(WAITING if lease_until else "", 0.0, at),
            settings={},
            manifest={},
        )
        .on_conflict_do_nothing(index_elements=["week"])
        .returning(Round.id)
    )
    return made


def _end(
    session: Session, which: sa.ColumnElement[bool], why: str, *, at: datetime
) -> bool:
    drafted = Round.computed_at.is_not(None)
    ended = session.execute(
        sa.update(Round)
        .where(which, Round.state == RoundState.COMPUTING)
        .values(
            state=sa.case(
                (drafted, sa.literal(RoundState.DRAFT, Round.state.type)),
                else_=sa.literal(RoundState.FAILED, Round.state.type),
            ),
            lease_until=None,
            lease_token=Round.lease_token + 1,
            error=why[:1000],
            progress={"ended_at": at.isoformat()},
        )
        .returning(Round.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return ended is not None


def _note(
    step: str, share: float, begun: datetime, now: datetime | None = None
) -> dict[str, Any]:
    return {
        "step": step,
        "share": round(share, 3),
        "begun_at": begun.isoformat(),
        "noted_at": (now or begun).isoformat(),
    }
