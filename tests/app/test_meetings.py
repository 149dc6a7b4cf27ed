"""Meetings: proposing, choosing, moving, calling off; whose turn it is, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from app import db
from app.errors import Conflict, Invalid, NotFound
from app.models import (
    Company,
    MailKind,
    Meeting,
    MeetingKind,
    MeetingState,
    OutboxMail,
    Person,
    Side,
)
from app.services import feedback, introductions, introductions_views, meetings
from app.services.introductions_week import week_of_company
from app.services.meetings import (
    MOST_A_DAY,
    Agreement,
    Begun,
    Changed,
    NotReachable,
    Proposal,
    TooMany,
)
from app.services.meetings_times import instant_of
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

local = datetime.fromisoformat  # by the clock of Berlin: without a zone

THURSDAY = local("2026-11-26T10:00")
THREE = (THURSDAY, THURSDAY + timedelta(days=1), THURSDAY + timedelta(days=4))
AT_NINE = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)  # THURSDAY, an hour behind
CALL = Proposal(THREE, minutes=45, kind=MeetingKind.PHONE, note="Ich rufe an.")


class Pair(NamedTuple):
    """A connected introduction and a person of each side."""

    id: UUID
    lo: UUID
    hi: UUID

    def propose(self, by: UUID | None = None, at: datetime = MONDAY, **values: Any):
        proposal = replace(CALL, **values)
        return meetings.propose(self.id, proposal, by=by or self.lo, at=at)

    def choose(self, meeting_id: UUID, number: int = 1, **options: Any) -> None:
        given = {"by": self.hi, "at": MONDAY} | options
        meetings.choose(self.id, meeting_id, number, **given)

    def cancel(self, meeting_id: UUID, **options: Any) -> None:
        meetings.cancel(self.id, meeting_id, **{"by": self.hi, "at": MONDAY} | options)

    def stand(self, by: UUID | None = None, at: datetime = MONDAY) -> Agreement:
        db.session().rollback()
        return meetings.agreement(db.session(), by or self.lo, self.id, at=at)


@pytest.fixture
def pair() -> Pair:
    identity, persons = factories.connection()
    with db.transaction() as session:
        session.execute(sa.delete(OutboxMail))
    return Pair(identity, persons[Side.LO], persons[Side.HI])


def mails() -> list[tuple[MailKind, UUID]]:
    db.session().rollback()
    rows = db.session().execute(
        sa.select(OutboxMail.kind, OutboxMail.person_id).order_by(OutboxMail.created_at)
    )
    return [(kind, person) for kind, person in rows]


def row(meeting_id: UUID) -> Meeting:
    db.session().rollback()
    return db.session().get_one(Meeting, meeting_id)


class TestProposing:
    def test_asks_the_other_side_and_writes_to_it(self, pair: Pair):
        made = pair.propose()

        assert pair.stand(pair.hi).awaits_us
        assert not pair.stand(pair.lo).awaits_us
        assert row(made).slots == [AT_NINE + timedelta(days=days) for days in (0, 1, 4)]
        assert (row(made).minutes, row(made).note) == (45, "Ich rufe an.")
        assert mails() == [(MailKind.MEETING_PROPOSED, pair.hi)]

    def test_takes_rows_in_any_order_and_leaves_empty_ones_out(self, pair: Pair):
        made = pair.propose(starts=(None, THREE[1], THREE[0]))

        assert row(made).slots == [AT_NINE, AT_NINE + timedelta(days=1)]

    def test_replaces_an_open_proposal_of_either_side(self, pair: Pair):
        first = pair.propose()
        second = pair.propose(pair.hi)

        assert row(first).state is MeetingState.REPLACED
        assert [row(one).sequence for one in (first, second)] == [0, 1]
        assert pair.stand(pair.lo).awaits_us
        with pytest.raises(Changed):
            pair.choose(first)

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"starts": (None, None, None)}, "slot_1"),
            ({"starts": ()}, "slot_1"),
            ({"starts": (*THREE, THURSDAY + timedelta(days=5))}, "slot_1"),
            ({"starts": (None, MONDAY.replace(tzinfo=None), None)}, "slot_2"),
            ({"starts": (local("0001-01-01T00:00"), None, None)}, "slot_1"),
            ({"starts": (local("9999-12-31T23:59"), None, None)}, "slot_1"),
            ({"starts": (THURSDAY + timedelta(days=200),)}, "slot_1"),
            ({"starts": (THURSDAY, None, THURSDAY)}, "slot_3"),
            ({"minutes": 14}, "minutes"),
            ({"minutes": 481}, "minutes"),
            ({"note": "x" * 201}, "note"),
            ({"note": "a\x07b"}, "note"),
            ({"kind": MeetingKind.ONSITE, "note": " "}, "note"),
        ],
    )
    def test_names_the_field_that_is_wrong(
        self, pair: Pair, values: dict[str, Any], field: str
    ):
        with pytest.raises(Invalid) as refused:
            pair.propose(**values)

        assert refused.value.field == field
        assert (pair.stand().open, mails()) == (None, [])

    def test_keeps_the_note_on_one_line(self, pair: Pair):
        made = pair.propose(note=" Ort:\r\nATTENDEE:mailto:x@y.example\t, 2. Stock ")

        assert row(made).note == "Ort: ATTENDEE:mailto:x@y.example , 2. Stock"

    def test_is_for_connected_companies_only(self):
        other = factories.introduction()
        company = db.session().get_one(Company, other.company_lo_id)
        identity, person = other.id, factories.person(company).id
        stranger = factories.person(factories.company()).id

        for which, by in ((identity, person), (identity, stranger), (uuid4(), person)):
            with pytest.raises(NotFound):
                meetings.propose(which, CALL, by=by, at=MONDAY)

    def test_has_an_end_for_the_day(self, pair: Pair):
        for _ in range(MOST_A_DAY):
            pair.propose()

        with pytest.raises(TooMany):
            pair.propose()
        pair.propose(pair.hi)
        pair.propose(at=MONDAY + timedelta(days=1))

    def test_ends_with_a_complaint(self, pair: Pair):
        introductions.complain(pair.id, "Nur Verkauf", by=pair.hi, at=MONDAY)

        assert not pair.stand().reachable
        with pytest.raises(NotReachable):
            pair.propose()

    def test_ends_when_the_person_has_left(self, pair: Pair):
        with db.transaction() as session:
            session.get_one(Person, pair.hi).erased_at = MONDAY

        assert not pair.stand().reachable
        with pytest.raises(NotReachable):
            pair.propose()


class TestTheClock:
    @pytest.mark.parametrize(
        ("local", "utc"),
        [
            (local("2027-03-28T01:59"), local("2027-03-28T00:59")),
            (local("2027-03-28T03:00"), local("2027-03-28T01:00")),
            (local("2027-10-31T01:59"), local("2027-10-30T23:59")),
            (local("2027-10-31T03:00"), local("2027-10-31T02:00")),
        ],
    )
    def test_is_that_of_berlin(self, local: datetime, utc: datetime):
        assert instant_of(local) == utc.replace(tzinfo=UTC)

    @pytest.mark.parametrize(
        "local", [local("2027-03-28T02:30"), local("2027-10-31T02:30")]
    )
    def test_is_refused_where_an_hour_is_missing_or_there_twice(self, local: datetime):
        with pytest.raises(Invalid, match="Uhr umgestellt"):
            instant_of(local)

    def test_names_the_row_of_such_an_hour(self, pair: Pair):
        with pytest.raises(Invalid) as refused:
            pair.propose(starts=(THURSDAY, local("2027-03-28T02:00"), None))

        assert refused.value.field == "slot_2"


class TestChoosing:
    def test_fixes_the_date_and_writes_to_both(self, pair: Pair):
        made = pair.propose()
        pair.choose(made, 2)

        for by in (pair.lo, pair.hi):
            stand = pair.stand(by)
            assert stand.open is None
            assert stand.fixed is not None
            assert stand.fixed.starts_at == AT_NINE + timedelta(days=1)
            assert not stand.awaits_us
        told = [one for one in mails() if one[0] is MailKind.MEETING_FIXED]
        assert sorted(told) == sorted(
            (MailKind.MEETING_FIXED, one) for one in (pair.lo, pair.hi)
        )

    def test_the_same_again_changes_nothing(self, pair: Pair):
        made = pair.propose()
        pair.choose(made)
        before = mails()

        pair.choose(made, at=MONDAY + timedelta(minutes=1))

        assert (row(made).chosen_at, mails()) == (MONDAY, before)

    def test_another_one_afterwards_is_refused(self, pair: Pair):
        made = pair.propose()
        pair.choose(made)

        with pytest.raises(Changed):
            pair.choose(made, 2)

    def test_is_for_the_other_side(self, pair: Pair):
        made = pair.propose()

        with pytest.raises(Changed):
            pair.choose(made, by=pair.lo)

        assert row(made).state is MeetingState.PROPOSED

    @pytest.mark.parametrize("number", [-1, 0, 3, 4])
    def test_takes_what_was_proposed(self, pair: Pair, number: int):
        made = pair.propose(starts=THREE[:2])

        with pytest.raises(Invalid):
            pair.choose(made, number)

    def test_takes_what_is_still_ahead(self, pair: Pair):
        made = pair.propose()

        with pytest.raises(Invalid):
            pair.choose(made, 1, at=AT_NINE)
        pair.choose(made, 2, at=AT_NINE)

    def test_does_not_reach_other_introductions(self, pair: Pair):
        made = pair.propose()
        other, persons = factories.connection(of=factories.round_("2026-W47"))

        with pytest.raises(NotFound):
            meetings.choose(other, made, 1, by=persons[Side.HI], at=MONDAY)


class TestMoving:
    def test_keeps_the_date_until_another_is_chosen(self, pair: Pair):
        first = pair.propose()
        pair.choose(first)

        second = pair.propose(pair.hi, starts=(THREE[2],))

        stand = pair.stand(pair.lo)
        assert stand.awaits_us
        assert stand.fixed is not None
        assert stand.fixed.id == first
        pair.choose(second, by=pair.lo)
        assert (row(first).state, row(second).state) == (
            MeetingState.REPLACED,
            MeetingState.FIXED,
        )

    def test_is_the_same_entry_told_anew(self, pair: Pair):
        first = pair.propose()
        pair.choose(first)
        second = pair.propose()
        pair.choose(second, 3)

        assert row(first).entry_id == row(second).entry_id
        assert row(first).sequence < row(second).sequence
        moved = [person for kind, person in mails() if kind is MailKind.MEETING_MOVED]
        assert sorted(moved) == sorted((pair.lo, pair.hi))

    def test_after_the_meeting_is_a_new_one(self, pair: Pair):
        first = pair.propose()
        pair.choose(first)
        later = AT_NINE + timedelta(hours=2)

        second = pair.propose(at=later, starts=(THREE[1],))
        pair.choose(second, at=later)

        assert row(first).entry_id != row(second).entry_id
        assert MailKind.MEETING_MOVED not in {kind for kind, _ in mails()}


class TestCallingOff:
    @pytest.mark.parametrize("side", ["lo", "hi"])
    def test_is_possible_for_both_and_told_to_both(self, pair: Pair, side: str):
        made = pair.propose()
        pair.choose(made)
        pair.propose()

        pair.cancel(made, by=getattr(pair, side))

        stand = pair.stand()
        assert (stand.open, stand.fixed) == (None, None)
        assert row(made).state is MeetingState.CANCELLED
        assert row(made).cancelled_by is Side(side)
        assert row(made).sequence == 2
        told = [who for kind, who in mails() if kind is MailKind.MEETING_CANCELLED]
        assert sorted(told) == sorted((pair.lo, pair.hi))

    def test_is_remembered_until_something_else_is_proposed(self, pair: Pair):
        made = pair.propose()
        pair.choose(made)
        pair.cancel(made)
        cancelled = pair.stand().cancelled

        assert cancelled is not None
        assert cancelled.id == made
        pair.propose()
        assert pair.stand().cancelled is None

    def test_twice_is_once(self, pair: Pair):
        made = pair.propose()
        pair.choose(made)
        for _ in range(2):
            pair.cancel(made)

        assert row(made).sequence == 1
        assert len(mails()) == 5

    def test_is_too_late_once_it_began(self, pair: Pair):
        made = pair.propose()
        pair.choose(made)

        with pytest.raises(Begun):
            pair.cancel(made, at=AT_NINE)

    def test_a_proposal_is_taken_back_by_its_side_alone(self, pair: Pair):
        made = pair.propose()

        with pytest.raises(Changed):
            pair.cancel(made, by=pair.hi)
        pair.cancel(made, by=pair.lo)

        assert row(made).state is MeetingState.CANCELLED
        assert pair.stand().cancelled is None
        assert [kind for kind, _ in mails()] == [MailKind.MEETING_PROPOSED]

    def test_a_date_that_was_replaced_is_not_called_off(self, pair: Pair):
        made = pair.propose()
        pair.propose()

        with pytest.raises(Conflict):
            pair.cancel(made, by=pair.lo)

    def test_a_complaint_ends_what_was_agreed(self, pair: Pair):
        made = pair.propose()
        pair.choose(made)
        moved = pair.propose()

        introductions.complain(pair.id, "Nur Verkauf", by=pair.hi, at=MONDAY)

        assert row(made).state is row(moved).state is MeetingState.CANCELLED
        assert row(made).cancelled_by is None
        assert MailKind.MEETING_CANCELLED in {kind for kind, _ in mails()}

    def test_a_complaint_leaves_what_was_held(self, pair: Pair):
        made = pair.propose()
        pair.choose(made)

        later = AT_NINE + timedelta(days=1)
        introductions.complain(pair.id, "Nur Verkauf", by=pair.hi, at=later)

        assert row(made).state is MeetingState.FIXED


class TestTheStartPage:
    def due(self, person: UUID, at: datetime) -> int:
        db.session().rollback()
        company_id = db.session().get_one(Person, person).company_id
        assert company_id is not None
        return len(week_of_company(db.session(), company_id, at=at).meetings_due)

    def test_names_a_proposal_while_it_can_be_chosen(self, pair: Pair):
        made = pair.propose()
        last = AT_NINE + timedelta(days=4)

        assert self.due(pair.hi, MONDAY) == 1
        assert self.due(pair.lo, MONDAY) == 0
        assert self.due(pair.hi, last - timedelta(minutes=1)) == 1
        assert self.due(pair.hi, last) == 0
        pair.choose(made)
        assert self.due(pair.hi, MONDAY) == 0


class TestFeedback:
    MET = local("2026-12-17T10:00")  # after the two weeks

    def asked(self, pair: Pair, at: datetime) -> tuple[bool, int, int]:
        db.session().rollback()
        session = db.session()
        company_id = session.get_one(Person, pair.lo).company_id
        assert company_id is not None
        view = introductions_views.view(session, pair.lo, pair.id, at=at)
        return (
            view.asks_feedback(at),
            len(feedback.due(session, company_id, at=at)),
            len(feedback.requests_due(session, at=at)),
        )

    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            (MONDAY + timedelta(days=14), (False, 0, 0)),
            (datetime(2026, 12, 17, 22, 59, tzinfo=UTC), (False, 0, 0)),
            (datetime(2026, 12, 17, 23, 1, tzinfo=UTC), (True, 1, 2)),
            (datetime(2027, 1, 13, 12, 0, tzinfo=UTC), (True, 1, 2)),
            (datetime(2027, 1, 15, 12, 0, tzinfo=UTC), (True, 1, 0)),
        ],
    )
    def test_is_asked_from_the_day_after_the_meeting(
        self, pair: Pair, at: datetime, expected: tuple[bool, int, int]
    ):
        pair.choose(pair.propose(starts=(self.MET,)))

        assert self.asked(pair, at) == expected

    def test_is_asked_after_two_weeks_if_they_met_before(self, pair: Pair):
        pair.choose(pair.propose())

        days = (13, 14)
        asked = [self.asked(pair, MONDAY + timedelta(days=one)) for one in days]

        assert asked == [(False, 0, 0), (True, 1, 2)]

    def test_does_not_wait_for_what_was_called_off(self, pair: Pair):
        made = pair.propose(starts=(self.MET,))
        pair.choose(made)
        pair.cancel(made)

        assert self.asked(pair, MONDAY + timedelta(days=14)) == (True, 1, 2)
