"""Consent is asked for by kind, granted by mail, and taken back at once."""

from datetime import timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app import db
from app.models import ConsentAction, ConsentEvent, ConsentKind, MailKind, OutboxMail
from app.services import consent
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

DIGEST, NEWS = ConsentKind.DIGEST, ConsentKind.NEWS
LATER = MONDAY + timedelta(hours=1)


def agreed(person) -> set[ConsentKind]:
    found = consent.state(db.session(), person.id)
    return {kind for kind, granted in found.items() if granted}


def test_nobody_agrees_to_anything_at_first():
    person = factories.person()

    found = consent.state(db.session(), person.id)

    assert found == dict.fromkeys(ConsentKind, False)


def test_ticked_box_is_a_request_and_sends_one_mail():
    person = factories.person()

    asked = consent.choose(person.id, [DIGEST, NEWS], at=MONDAY)

    assert set(asked) == {DIGEST, NEWS}
    assert agreed(person) == set()
    (mail,) = db.session().scalars(sa.select(OutboxMail))
    assert mail.kind is MailKind.CONFIRM
    assert mail.params == {"consent": ["digest", "news"]}


def test_link_in_the_mail_grants_what_was_asked():
    person = factories.person()
    consent.choose(person.id, [DIGEST], at=MONDAY)

    new = consent.grant(person.id, [DIGEST, NEWS], at=LATER)

    assert new == [DIGEST]
    assert agreed(person) == {DIGEST}
    event = db.session().get_one(
        ConsentEvent, consent.granted(db.session(), DIGEST)[person.id]
    )
    assert (event.wording, event.source) == (consent.WORDING, "mail link")


def test_granting_twice_appends_once():
    person = factories.person()
    consent.choose(person.id, [DIGEST], at=MONDAY)

    consent.grant(person.id, [DIGEST], at=LATER)
    again = consent.grant(person.id, [DIGEST], at=LATER)

    assert again == []
    number = db.session().scalar(sa.select(sa.func.count()).select_from(ConsentEvent))
    assert number == 2


def test_unticked_box_withdraws_and_an_old_link_does_not_bring_it_back():
    person = factories.person()
    consent.choose(person.id, [DIGEST], at=MONDAY)
    consent.choose(person.id, [], at=MONDAY + timedelta(minutes=5))

    new = consent.grant(person.id, [DIGEST], at=LATER)

    assert new == []
    assert agreed(person) == set()


def test_keeping_a_granted_box_ticked_asks_nothing_again():
    person = factories.person()
    consent.choose(person.id, [DIGEST], at=MONDAY)
    consent.grant(person.id, [DIGEST], at=MONDAY)

    asked = consent.choose(person.id, [DIGEST], at=LATER)

    assert asked == []
    assert agreed(person) == {DIGEST}


def test_withdrawing_at_the_same_instant_wins():
    person = factories.person()
    consent.choose(person.id, [DIGEST], at=MONDAY)
    consent.grant(person.id, [DIGEST], at=MONDAY)

    consent.withdraw(person.id, [DIGEST], at=MONDAY)

    assert agreed(person) == set()
    assert consent.granted(db.session(), DIGEST) == {}


def test_granted_lists_only_those_who_agree_now():
    yes, no, never = (factories.person() for _ in range(3))
    for person in (yes, no):
        consent.choose(person.id, [DIGEST], at=MONDAY)
        consent.grant(person.id, [DIGEST], at=MONDAY)
    consent.withdraw(no.id, [DIGEST], at=LATER)

    found = consent.granted(db.session(), DIGEST, [yes.id, no.id, never.id])

    assert set(found) == {yes.id}


def test_two_clicks_at_once_withdraw_once():
    person_id = factories.person().id
    consent.choose(person_id, [DIGEST], at=MONDAY)
    consent.grant(person_id, [DIGEST], at=MONDAY)

    def click() -> None:
        consent.withdraw(person_id, [DIGEST], at=LATER)
        db.remove()

    threads = [Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    withdrawn = db.session().scalar(
        sa.select(sa.func.count()).where(
            ConsentEvent.action == ConsentAction.WITHDRAWN,
        )
    )
    assert withdrawn == 1


def test_events_are_never_deleted():
    person = factories.person()
    consent.choose(person.id, [DIGEST], at=MONDAY)

    with pytest.raises(DBAPIError, match="only appended"), db.transaction() as session:
        session.execute(sa.delete(ConsentEvent))
