"""The outbox: one mail per reason, held by one worker, never lost, never doubled."""

from datetime import datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app import db
from app.models import ConsentKind, MailKind, MailState, OutboxMail, Person
from app.services import consent, outbox
from app.services.outbox import Claimed, LeaseLost
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

SOON = MONDAY + timedelta(minutes=1)
LEASE_OVER = MONDAY + outbox.LEASE


def put(person: Person, key: str = "one", **values: Any) -> bool:
    with db.transaction() as session:
        return outbox.enqueue(
            session,
            values.pop("kind", MailKind.CONTACT),
            person.id,
            at=values.pop("at", MONDAY),
            dedupe_key=key,
            **values,
        )


def agree(person: Person) -> UUID:
    consent.choose(person.id, [ConsentKind.DIGEST], at=MONDAY)
    consent.grant(person.id, [ConsentKind.DIGEST], at=MONDAY)
    with db.transaction() as session:  # the mail that asked for it
        session.execute(sa.delete(OutboxMail))
    return consent.granted(db.session(), ConsentKind.DIGEST)[person.id]


def take(at: datetime = MONDAY) -> Claimed:
    (mail,) = outbox.claim(at=at)
    return mail


def row() -> OutboxMail:
    db.session().rollback()
    return db.session().scalars(sa.select(OutboxMail)).one()


class TestEnqueue:
    def test_same_reason_is_one_mail(self):
        person = factories.person()

        first, second = put(person, "contact:1:lo"), put(person, "contact:1:lo")

        assert (first, second) == (True, False)
        assert row().state is MailState.QUEUED

    def test_mail_disappears_with_its_transaction(self):
        person = factories.person()

        def fail_after_enqueuing() -> None:
            with db.transaction() as session:
                outbox.enqueue(
                    session, MailKind.RESET, person.id, at=MONDAY, dedupe_key="reset"
                )
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_after_enqueuing()

        assert outbox.claim(at=MONDAY) == []

    def test_digest_without_consent_is_refused_by_the_database(self):
        person = factories.person()

        with pytest.raises(IntegrityError):
            put(person, kind=MailKind.DIGEST)

    def test_worker_is_woken_once_after_the_commit(self):
        person, woken = factories.person(), []
        outbox.wake_by(lambda: woken.append("woken"))
        try:
            with db.transaction() as session:
                for number in range(3):
                    outbox.enqueue(
                        session,
                        MailKind.CONTACT,
                        person.id,
                        at=MONDAY,
                        dedupe_key=str(number),
                    )
                before = len(woken)
        finally:
            outbox.wake_by(lambda: None)

        assert (before, woken) == (0, ["woken"])


class TestClaim:
    def test_mail_is_held_by_one_worker_only(self):
        put(factories.person())

        first, second = outbox.claim(at=MONDAY), outbox.claim(at=MONDAY)

        assert (len(first), second) == (1, [])
        assert row().state is MailState.SENDING

    def test_mail_is_not_taken_before_it_is_due(self):
        put(factories.person(), due_at=SOON)

        early, late = outbox.claim(at=MONDAY), outbox.claim(at=SOON)

        assert (early, len(late)) == ([], 1)

    def test_what_a_person_waits_for_goes_before_digests(self):
        person = factories.person()
        put(person, "digest", kind=MailKind.DIGEST, consent_id=agree(person))
        put(person, "reset", kind=MailKind.RESET, at=SOON)

        found = [mail.kind for mail in outbox.claim(at=SOON)]

        assert found == [MailKind.RESET, MailKind.DIGEST]

    def test_eight_workers_share_without_overlap(self):
        person = factories.person()
        for number in range(60):
            put(person, str(number))
        taken: list[UUID] = []

        def work() -> None:
            while mails := outbox.claim(at=MONDAY, limit=5):
                taken.extend(mail.id for mail in mails)
            db.remove()

        threads = [Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(taken) == len(set(taken)) == 60

    def test_mail_out_of_time_is_dead(self):
        put(factories.person())

        found = outbox.claim(at=MONDAY + outbox.KEEP_TRYING)

        assert found == []
        assert row().state is MailState.DEAD


class TestSettle:
    def test_sent_mail_is_final(self):
        put(factories.person())
        mail = take()

        outbox.begin(mail, at=SOON)
        outbox.sent(mail, at=SOON)

        assert (row().state, row().sent_at) == (MailState.SENT, SOON)
        assert outbox.claim(at=MONDAY + timedelta(days=1)) == []

    def test_postponed_mail_waits_longer_each_time_and_then_dies(self):
        put(factories.person())
        at, waits = MONDAY, []

        while True:
            mail = take(at)
            outbox.begin(mail, at=at)
            outbox.postpone(mail, "451 greylisted", at=at)
            if row().state is not MailState.QUEUED:
                break
            waits.append(row().due_at - at)
            at = row().due_at

        assert [wait.total_seconds() / 60 for wait in waits][:7] == [
            *(1, 5, 15, 60, 180, 360, 720)
        ]
        assert row().state is MailState.DEAD
        assert at < MONDAY + outbox.KEEP_TRYING

    def test_refused_and_suppressed_mails_say_why(self):
        put(factories.person())

        outbox.refuse(take(), "550 no\x00such\nuser")

        assert (row().state, row().error) == (MailState.DEAD, "550 no such user")

    def test_worker_that_was_too_slow_changes_nothing(self):
        put(factories.person())
        slow = take()
        quick = take(LEASE_OVER)

        with pytest.raises(LeaseLost):
            outbox.begin(slow, at=LEASE_OVER)

        outbox.begin(quick, at=LEASE_OVER)
        outbox.sent(quick, at=LEASE_OVER)
        assert row().state is MailState.SENT

    def test_given_back_mail_can_be_taken_at_once(self):
        put(factories.person())

        outbox.give_back([take()])

        assert take().attempts == 0


class TestLostWorker:
    def test_mail_that_was_not_handed_over_goes_out_again(self):
        person = factories.person()
        put(person, kind=MailKind.DIGEST, consent_id=agree(person))
        take()

        again = take(LEASE_OVER)

        assert again.kind is MailKind.DIGEST

    def test_digest_in_doubt_never_goes_out_again(self):
        person = factories.person()
        put(person, kind=MailKind.DIGEST, consent_id=agree(person))
        outbox.begin(take(), at=MONDAY)

        found = outbox.claim(at=LEASE_OVER)

        assert found == []
        assert row().state is MailState.UNCERTAIN

    def test_contact_mail_in_doubt_goes_out_once_more_and_only_once(self):
        put(factories.person())
        first = take()
        outbox.begin(first, at=MONDAY)
        second = take(LEASE_OVER)
        outbox.begin(second, at=LEASE_OVER)

        third = outbox.claim(at=LEASE_OVER + outbox.LEASE)

        assert second.message_id == first.message_id
        assert third == []
        assert row().state is MailState.UNCERTAIN

    def test_dropped_answer_counts_like_a_lost_worker(self):
        put(factories.person())
        mail = take()
        outbox.begin(mail, at=MONDAY)

        outbox.doubt(mail, "connection dropped after DATA", at=MONDAY)
        again = take(MONDAY + timedelta(minutes=1))
        outbox.begin(again, at=SOON)
        outbox.doubt(again, "connection dropped after DATA", at=SOON)

        assert again.message_id == mail.message_id
        assert (row().state, row().doubts) == (MailState.UNCERTAIN, 2)


def test_held_mails_wait_until_they_are_resumed():
    put(factories.person())

    held = outbox.hold_all()
    nothing = outbox.claim(at=MONDAY)
    resumed = outbox.resume_all()

    assert (held, nothing, resumed) == (1, [], 1)
    assert take()
