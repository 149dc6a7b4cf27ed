"""Both sides choose, move and call off at once: one final state, told once."""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import db
from app.errors import Conflict
from app.models import MailKind, Meeting, MeetingKind, MeetingState, OutboxMail, Side
from app.services import meetings
from app.services.meetings import Proposal
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

NIGHTLY = bool(os.environ.get("HANDSCHLAG_NIGHTLY"))
TIMES = int(os.environ.get("RACE_MEETINGS", "300" if NIGHTLY else "20"))
THREADS = 8

FIRST = datetime.fromisoformat("2026-11-26T10:00")
PROPOSAL = Proposal(
    [FIRST + timedelta(days=days) for days in range(3)], 45, MeetingKind.VIDEO
)


def race(*commands: Callable[[], object]) -> Counter[str]:
    """All at once; how many were done and how many refused. Anything else fails."""

    def attempt(command: Callable[[], object]) -> str:
        try:
            command()
        except Conflict:
            return "refused"
        finally:
            db.remove()
        return "done"

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(attempt, commands))


def connections() -> list[tuple[UUID, dict[Side, UUID]]]:
    week = [factories.round_(f"2025-W{number % 50 + 1:02}") for number in range(TIMES)]
    made = [factories.connection(of=one) for one in week[:TIMES]]
    db.remove()
    return made


def states(introduction_id: UUID) -> Counter[MeetingState]:
    db.session().rollback()
    return Counter(
        db.session().scalars(
            sa.select(Meeting.state).where(Meeting.introduction_id == introduction_id)
        )
    )


def told(kind: MailKind, meeting_id: UUID) -> int:
    return len(
        db.session()
        .scalars(
            sa.select(OutboxMail.id).where(
                OutboxMail.kind == kind, OutboxMail.subject_id == meeting_id
            )
        )
        .all()
    )


def test_of_racing_choices_one_counts():
    for identity, person in connections():
        made = meetings.propose(identity, PROPOSAL, by=person[Side.LO], at=MONDAY)
        db.remove()
        choose = partial(meetings.choose, identity, made, by=person[Side.HI], at=MONDAY)

        ends = race(*(partial(choose, number) for number in (1, 2, 3)))

        assert ends == {"done": 1, "refused": 2}
        assert states(identity) == {MeetingState.FIXED: 1}
        assert told(MailKind.MEETING_FIXED, made) == 2


def test_racing_proposals_leave_one_open():
    for identity, person in connections():
        propose = partial(meetings.propose, identity, PROPOSAL, at=MONDAY)

        ends = race(*(partial(propose, by=person[side]) for side in (*Side, *Side)))

        assert ends == {"done": 4}
        assert states(identity) == {
            MeetingState.PROPOSED: 1,
            MeetingState.REPLACED: 3,
        }
        sequences = db.session().scalars(
            sa.select(Meeting.sequence).where(Meeting.introduction_id == identity)
        )
        assert sorted(sequences) == [0, 1, 2, 3]


def test_choosing_moving_and_calling_off_at_once_leave_one_truth():
    for identity, person in connections():
        lo, hi = person[Side.LO], person[Side.HI]
        propose = partial(meetings.propose, identity, PROPOSAL, at=MONDAY)
        choose = partial(meetings.choose, identity, by=hi, at=MONDAY)
        fixed = propose(by=lo)
        choose(fixed, 1)
        moved = propose(by=lo)
        db.remove()
        cancel = partial(meetings.cancel, identity, fixed, at=MONDAY)

        race(
            partial(choose, moved, 2),
            partial(cancel, by=lo),
            partial(cancel, by=hi),
            partial(propose, by=hi),
        )

        found = states(identity)
        assert found[MeetingState.FIXED] <= 1
        assert found[MeetingState.PROPOSED] <= 1
        ended = db.session().get_one(Meeting, fixed).state
        assert ended in {MeetingState.REPLACED, MeetingState.CANCELLED}, found
        cancelled = ended is MeetingState.CANCELLED
        assert told(MailKind.MEETING_CANCELLED, fixed) == (2 if cancelled else 0)
