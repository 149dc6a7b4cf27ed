"""What the database refuses about meetings, whatever the code above it does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from app import db
from app.models import Meeting, MeetingKind, MeetingState, Side
from app.services import introductions
from tests import factories
from tests.app.test_meetings import AT_NINE, Pair, pair, row
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

__all__ = ["pair"]


def change(**values: Any) -> Callable[[UUID], Any]:
    return lambda meeting_id: (
        sa.update(Meeting).where(Meeting.id == meeting_id).values(**values)
    )


@pytest.mark.parametrize(
    "values",
    [
        {"starts_at": AT_NINE, "state": MeetingState.FIXED},
        {
            "starts_at": AT_NINE + timedelta(hours=1),
            "state": MeetingState.FIXED,
            "chosen_by": Side.HI,
            "chosen_at": MONDAY,
        },
        {
            "starts_at": AT_NINE,
            "state": MeetingState.FIXED,
            "chosen_by": Side.LO,
            "chosen_at": MONDAY,
        },
        {"state": MeetingState.FIXED},
        {"state": MeetingState.CANCELLED},
        {"cancelled_by": Side.LO},
        {"cancelled_at": MONDAY},
        {"starts_at": AT_NINE, "chosen_by": Side.HI, "chosen_at": MONDAY},
        {"slot_1": AT_NINE - timedelta(hours=1)},
        {"slot_2": None},
        {"slot_2": None, "slot_3": None},
        {"note": "anders"},
        {"kind": MeetingKind.VIDEO},
        {"minutes": 30},
        {"proposed_by": Side.HI},
        {"entry_id": UUID(int=1)},
        {"sequence": -1},
        {"introduction_state": "half"},
        {"state": sa.text("'perhaps'")},
    ],
    ids=" ".join,
)
def test_refuses_to_change_a_proposal(pair: Pair, values: dict[str, Any]):
    made = pair.propose()

    with pytest.raises(sa.exc.IntegrityError), db.transaction() as session:
        session.execute(change(**values)(made))

    assert row(made).state is MeetingState.PROPOSED


@pytest.mark.parametrize(
    "values",
    [
        {"starts_at": AT_NINE + timedelta(days=1)},
        {"starts_at": None, "chosen_by": None, "chosen_at": None},
        {
            "state": MeetingState.PROPOSED,
            "starts_at": None,
            "chosen_by": None,
            "chosen_at": None,
        },
        {"state": MeetingState.REPLACED, "sequence": 0},
    ],
)
def test_refuses_to_undo_a_choice(pair: Pair, values: dict[str, Any]):
    pair.propose()
    made = pair.propose()
    pair.choose(made)

    with pytest.raises(sa.exc.IntegrityError), db.transaction() as session:
        session.execute(change(**values)(made))


def test_refuses_to_open_an_end(pair: Pair):
    made = pair.propose()
    pair.cancel(made, by=pair.lo)

    opened = change(state=MeetingState.PROPOSED, cancelled_at=None, cancelled_by=None)(
        made
    )
    with pytest.raises(sa.exc.IntegrityError), db.transaction() as session:
        session.execute(opened)


def insert(pair: Pair, **values: Any) -> None:
    row = {
        "id": uuid4(),
        "introduction_id": pair.id,
        "entry_id": uuid4(),
        "sequence": 7,
        "proposed_by": Side.LO,
        "proposed_at": MONDAY,
        "kind": MeetingKind.PHONE,
        "minutes": 30,
        "slot_1": AT_NINE,
    }
    factories.add(Meeting(**row | values))


@pytest.mark.parametrize(
    "values",
    [
        {
            "state": MeetingState.FIXED,
            "starts_at": AT_NINE,
            "chosen_by": Side.HI,
            "chosen_at": MONDAY,
        },
        {"state": MeetingState.CANCELLED, "cancelled_at": MONDAY},
        {"slot_2": AT_NINE},
        {"slot_3": AT_NINE + timedelta(days=1)},
        {"minutes": 0},
        {"note": "x" * 201},
        {"sequence": -1},
    ],
)
def test_refuses_a_row_that_is_no_proposal(pair: Pair, values: dict[str, Any]):
    with pytest.raises((sa.exc.IntegrityError, sa.exc.DataError)):
        insert(pair, **values)


def test_refuses_a_second_open_one_and_the_same_sequence(pair: Pair):
    insert(pair)

    for sequence in (7, 8):
        with pytest.raises(sa.exc.IntegrityError):
            insert(pair, sequence=sequence)


def test_refuses_a_meeting_of_a_pair_that_is_not_connected(pair: Pair):
    other = factories.introduction(of=factories.round_("2026-W47")).id

    with pytest.raises(sa.exc.IntegrityError):
        insert(pair._replace(id=other))


def test_refuses_a_meeting_of_a_blocked_pair(pair: Pair):
    introductions.complain(pair.id, "Nur Verkauf", by=pair.hi, at=MONDAY)

    with pytest.raises(sa.exc.IntegrityError):
        insert(pair)
