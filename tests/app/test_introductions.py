"""Deciding: every legal and illegal step, and what follows from it."""

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db
from app.errors import (
    AlreadyDecided,
    AppError,
    Invalid,
    NoCapacity,
    NoLongerOpen,
    NotFound,
)
from app.models import (
    AuditEvent,
    Block,
    Company,
    CompanyStatus,
    ContactRelease,
    Cooldown,
    Decision,
    DecisionAct,
    DecisionEvent,
    DeclineReason,
    Introduction,
    MailKind,
    OutboxMail,
    Person,
    Seat,
    Side,
    State,
)
from app.services import introductions
from app.services.introductions import Answer, Contact, Standing
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

TUESDAY = MONDAY + timedelta(days=1)
EXPIRY = MONDAY + timedelta(days=14)


class Pair(NamedTuple):
    """An introduction and a person of each side."""

    id: UUID
    lo: UUID
    hi: UUID
    lo_company: UUID
    hi_company: UUID


def pair(**values: Any) -> Pair:
    made = factories.introduction(**values)
    lo = db.session().get_one(Company, made.company_lo_id)
    hi = db.session().get_one(Company, made.company_hi_id)
    return Pair(made.id, factories.person(lo).id, factories.person(hi).id, lo.id, hi.id)


def accept(one: Pair, by: UUID, **options: Any) -> Standing:
    return introductions.accept(one.id, by=by, **({"at": TUESDAY} | options))


def decline(one: Pair, by: UUID, **options: Any) -> Standing:
    return introductions.decline(
        one.id, DeclineReason.NO_TIME, by=by, **({"at": TUESDAY} | options)
    )


def withdraw(one: Pair, by: UUID, **options: Any) -> Standing:
    return introductions.withdraw(one.id, by=by, **({"at": TUESDAY} | options))


def row(one: Pair) -> Introduction:
    db.session().rollback()
    return db.session().get_one(Introduction, one.id)


def view(one: Pair, by: UUID, at: Any = TUESDAY) -> introductions.SideOf:
    db.session().rollback()
    return introductions.visible_to(db.session(), by, one.id, at=at)


def count(table: Any) -> int:
    db.session().rollback()
    return db.session().scalar(select(func.count()).select_from(table)) or 0


def cancelled(one: Pair) -> None:
    with db.transaction() as session:
        introductions.cancel(session, one.id, "organizer", at=TUESDAY)


class TestAccepting:
    def test_first_yes_waits_for_the_other_side(self):
        one = pair()

        standing = accept(one, one.lo)

        assert standing is Standing.WAITING
        assert row(one).state is State.HALF
        assert row(one).lo_person_id == one.lo
        assert count(ContactRelease) == count(OutboxMail) == 0

    @pytest.mark.parametrize("first", Side)
    def test_second_yes_releases_both_contacts_and_mails_both(self, first: Side):
        one = pair()
        by = (one.lo, one.hi) if first is Side.LO else (one.hi, one.lo)

        accept(one, by[0])
        standing = accept(one, by[1])

        assert standing is Standing.CONNECTED
        assert row(one).connected_at == row(one).closed_at == TUESDAY
        releases = db.session().execute(
            select(ContactRelease.to_side, ContactRelease.person_id)
        )
        assert dict(releases.all()) == {Side.LO: one.hi, Side.HI: one.lo}
        mails = db.session().scalars(select(OutboxMail)).all()
        assert {mail.person_id for mail in mails} == {one.lo, one.hi}
        assert {mail.kind for mail in mails} == {MailKind.CONTACT}
        assert {mail.subject_id for mail in mails} == {one.id}

    def test_the_same_yes_again_is_done_already(self):
        one = pair()
        accept(one, one.lo)

        again = accept(one, one.lo, at=TUESDAY + timedelta(hours=1))

        assert again is Standing.WAITING
        assert row(one).lo_decided_at == TUESDAY
        assert count(DecisionEvent) == 1

    def test_a_yes_after_the_connection_is_done_already(self):
        one = pair()
        accept(one, one.lo)
        accept(one, one.hi)

        assert accept(one, one.lo) is Standing.CONNECTED
        assert count(OutboxMail) == 2

    def test_a_yes_after_ones_own_no_is_refused(self):
        one = pair()
        decline(one, one.lo)

        with pytest.raises(AlreadyDecided):
            accept(one, one.lo)

    def test_a_yes_at_the_expiry_instant_comes_too_late(self):
        one = pair()

        with pytest.raises(NoLongerOpen):
            accept(one, one.lo, at=EXPIRY)
        assert accept(one, one.lo, at=EXPIRY - timedelta(microseconds=1))

    def test_chooses_the_contact_data_to_be_shown(self):
        one = pair()

        accept(one, one.lo, contact=Contact(email=False, phone=True))

        person = db.session().get_one(Person, one.lo)
        assert (person.release_email, person.release_phone) == (False, True)

    def test_somebody_whom_nobody_could_reach_is_asked_again(self):
        one = pair()

        with pytest.raises(Invalid):
            accept(one, one.lo, contact=Contact(email=False, phone=False))
        assert row(one).state is State.PROPOSED


class TestCapacity:
    def test_a_company_accepts_no_more_than_it_allows(self):
        busy = factories.company(max_open=1)
        first, second = pair(a=busy), pair(of=factories.round_("2026-W49"), a=busy)
        me = factories.person(busy).id
        accept(first, me)

        with pytest.raises(NoCapacity):
            accept(second, me)
        assert decline(second, me) is Standing.ENDED

    def test_the_other_sides_yes_never_lacks_our_capacity(self):
        one = pair(a=factories.company(max_open=1), b=factories.company(max_open=1))
        accept(one, one.lo)

        assert accept(one, one.hi) is Standing.CONNECTED

    def test_feedback_or_time_frees_a_place(self):
        one = pair()
        accept(one, one.lo)
        accept(one, one.hi)

        def open_at(days: int) -> int:
            return introductions.open_count(
                db.session(), one.lo_company, TUESDAY + timedelta(days=days)
            )

        assert [open_at(days) for days in (0, 41, 42)] == [1, 1, 0]

    def test_a_refusal_does_not_show_in_the_others_capacity(self):
        one = pair()
        accept(one, one.lo)
        decline(one, one.hi)

        waiting = introductions.open_count(db.session(), one.lo_company, TUESDAY)
        later = introductions.open_count(db.session(), one.lo_company, EXPIRY)

        assert (waiting, later) == (1, 0)


class TestDeclining:
    def test_ends_it_and_lets_the_pair_rest(self):
        one = pair()

        standing = decline(one, one.hi)

        assert standing is Standing.ENDED
        assert row(one).state is State.DECLINED
        assert row(one).hi_reason is DeclineReason.NO_TIME
        until = db.session().scalar(select(Cooldown.until))
        assert until == TUESDAY + timedelta(weeks=26)

    def test_the_same_no_again_is_done_already(self):
        one = pair()
        decline(one, one.lo)

        assert decline(one, one.lo) is Standing.ENDED
        assert count(DecisionEvent) == 1

    def test_a_no_after_ones_own_yes_is_refused(self):
        one = pair()
        accept(one, one.lo)

        with pytest.raises(AlreadyDecided):
            decline(one, one.lo)

    def test_both_may_decline(self):
        one = pair()
        decline(one, one.lo)

        assert decline(one, one.hi, at=TUESDAY + timedelta(days=3)) is Standing.ENDED

        both = row(one)
        assert both.lo_decision is both.hi_decision is Decision.DECLINED
        assert both.closed_at == TUESDAY
        until = db.session().scalar(select(Cooldown.until))
        assert until == TUESDAY + timedelta(weeks=26)


class TestWithdrawing:
    def test_takes_a_yes_back(self):
        one = pair()
        accept(one, one.lo)

        assert withdraw(one, one.lo) is Standing.ENDED
        assert withdraw(one, one.lo) is Standing.ENDED
        assert row(one).state is State.WITHDRAWN
        assert count(DecisionEvent) == 2
        until = db.session().scalar(select(Cooldown.until))
        assert until == TUESDAY + timedelta(weeks=26)

    def test_needs_a_yes(self):
        one = pair()

        with pytest.raises(AppError):
            withdraw(one, one.lo)
        assert row(one).state is State.PROPOSED

    def test_comes_too_late_after_the_connection(self):
        one = pair()
        accept(one, one.lo)
        accept(one, one.hi)

        with pytest.raises(NoLongerOpen):
            withdraw(one, one.lo)

    def test_no_new_yes_after_it(self):
        one = pair()
        accept(one, one.lo)
        withdraw(one, one.lo)

        with pytest.raises(NoLongerOpen):
            accept(one, one.lo)


# What one side does before the other, which must not notice, answers.
UNNOTICED = {
    "nothing": lambda one: None,
    "accepted": lambda one: accept(one, one.lo),
    "declined": lambda one: decline(one, one.lo),
    "withdrawn": lambda one: (accept(one, one.lo), withdraw(one, one.lo)),
    "cancelled": cancelled,
    "cancelled after a yes": lambda one: (accept(one, one.lo), cancelled(one)),
}


@pytest.mark.parametrize("before", UNNOTICED)
class TestNobodyNotices:
    def test_the_pending_side_sees_the_same_until_it_answers(self, before: str):
        one = pair()
        untouched = view(one, one.hi)

        UNNOTICED[before](one)

        assert view(one, one.hi) == untouched

    def test_a_no_is_taken_alike(self, before: str):
        one = pair()
        UNNOTICED[before](one)

        assert decline(one, one.hi) is Standing.ENDED
        assert decline(one, one.hi) is Standing.ENDED
        with pytest.raises(AlreadyDecided):
            accept(one, one.hi)
        assert view(one, one.hi).answer is Answer.DECLINED

    def test_a_yes_waits_until_the_time_is_up(self, before: str):
        one = pair()
        UNNOTICED[before](one)

        standing = accept(one, one.hi)

        expected = Standing.CONNECTED if before == "accepted" else Standing.WAITING
        assert standing is accept(one, one.hi) is expected
        assert view(one, one.hi).standing is expected
        if before != "accepted":
            assert view(one, one.hi, EXPIRY).standing is Standing.ENDED
            with pytest.raises(AlreadyDecided):
                decline(one, one.hi)


@pytest.mark.parametrize("before", sorted(UNNOTICED.keys() - {"accepted"}))
def test_a_yes_that_nobody_will_answer_can_be_taken_back(before: str):
    one = pair()
    UNNOTICED[before](one)
    accept(one, one.hi)

    assert withdraw(one, one.hi) is Standing.ENDED
    assert withdraw(one, one.hi) is Standing.ENDED
    assert view(one, one.hi).answer is Answer.WITHDRAWN
    assert count(ContactRelease) == 0


def test_an_acceptor_waits_whether_the_other_declines_or_is_silent():
    silent, declined = pair(), pair(of=factories.round_("2026-W49"))
    for one in (silent, declined):
        accept(one, one.lo)
    decline(declined, declined.hi)

    for at in (TUESDAY, EXPIRY - timedelta(seconds=1), EXPIRY):
        assert view(silent, silent.lo, at).standing is (
            view(declined, declined.lo, at).standing
        )
    assert view(declined, declined.lo, EXPIRY).standing is Standing.ENDED


def test_the_interested_may_say_so():
    one = pair()
    assert not view(one, one.hi).told

    accept(one, one.lo, tells=True)

    assert view(one, one.hi).told
    withdraw(one, one.lo)
    assert view(one, one.hi).told, "or the withdrawal would show"


class TestWhoMayDecide:
    @pytest.mark.parametrize("do", [accept, decline, withdraw])
    def test_absent_foreign_and_draft_are_alike(self, do: Any):
        one = pair()
        draft = pair(
            of=factories.round_("2026-W49"),
            state=State.DRAFT,
            shown_at=None,
            expires_at=None,
        )
        stranger = factories.person(factories.company()).id

        for which, by in (
            (one._replace(id=uuid4()), one.lo),
            (one, stranger),
            (one, uuid4()),
            (draft, draft.lo),
        ):
            with pytest.raises(NotFound):
                do(which, by)

    @pytest.mark.parametrize(
        "values", [{"active": False}, {"seat": Seat.ASKED}, {"erased_at": MONDAY}]
    )
    def test_who_lost_the_seat_decides_no_more(self, values: dict[str, Any]):
        one = pair()
        company = db.session().get_one(Company, one.lo_company)
        former = factories.person(company, **values).id

        with pytest.raises(NotFound):
            accept(one, former)

    def test_a_suspended_company_decides_no_more(self):
        one = pair(a=factories.company(status=CompanyStatus.SUSPENDED))
        by = {one.lo_company: one.lo, one.hi_company: one.hi}
        suspended = db.session().scalar(
            select(Company.id).where(Company.status == CompanyStatus.SUSPENDED)
        )

        with pytest.raises(NotFound):
            accept(one, by[suspended])

    def test_a_colleague_may_take_the_yes_back(self):
        one = pair()
        accept(one, one.lo)
        colleague = factories.person(db.session().get_one(Company, one.lo_company)).id

        assert withdraw(one, colleague) is Standing.ENDED


def test_a_complaint_blocks_the_pair_and_tells_the_organizers(session: Session):
    one = pair()
    accept(one, one.lo)
    accept(one, one.hi)

    introductions.complain(one.id, " Nur Werbung ", by=one.hi, at=TUESDAY)

    assert db.session().scalar(select(Block.reason)) == "Nur Werbung"
    action, subject = session.execute(
        select(AuditEvent.action, AuditEvent.subject_id)
    ).one()
    assert (action, subject) == ("introduction.complaint", str(one.id))


@pytest.mark.parametrize("text", ["", "   ", "x" * 201])
def test_a_complaint_says_what_happened(text: str):
    one = pair()

    with pytest.raises(Invalid):
        introductions.complain(one.id, text, by=one.lo, at=TUESDAY)
    assert count(Block) == 0


def test_every_step_leaves_an_event():
    one = pair()
    accept(one, one.lo)
    withdraw(one, one.lo)
    decline(one, one.hi)

    events = db.session().execute(
        select(DecisionEvent.act, DecisionEvent.side, DecisionEvent.person_id)
    )
    assert set(events.all()) == {
        (DecisionAct.ACCEPT, Side.LO, one.lo),
        (DecisionAct.WITHDRAW, Side.LO, one.lo),
        (DecisionAct.DECLINE, Side.HI, one.hi),
    }


def test_looking_is_remembered_once():
    one = pair()

    introductions.see_all(by=one.lo, at=TUESDAY)
    introductions.see_all(by=one.lo, at=EXPIRY - timedelta(days=1))

    assert row(one).lo_seen_at == TUESDAY
    assert row(one).hi_seen_at is None
