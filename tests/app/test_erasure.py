"""Erasure: nothing of the erased is left anywhere, and nobody learns more by it."""

import email
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app import db
from app.errors import AlreadyDecided, LastAdmin, NoLongerOpen, NotFound
from app.jobs import sweeps
from app.jobs.work import Work
from app.mail import delivery, senders
from app.mail.senders import MemorySender, Refused
from app.models import (
    Company,
    CompanyStatus,
    ConsentEvent,
    ContactRelease,
    DecisionEvent,
    Erasure,
    ErasureKind,
    Introduction,
    Listing,
    MailKind,
    MailState,
    MeetingState,
    OutboxMail,
    Person,
    RoleName,
    State,
)
from app.services import erasure, introductions, introductions_views, members
from app.services.introductions_sides import Standing
from tests import canaries, canary_search, factories
from tests.canaries import CANARY, LATER, Flock
from tests.factories import MONDAY

NOW = LATER + timedelta(hours=1)


def finish(app: Flask) -> int:
    """What the worker does after an erasure."""
    db.remove()
    return sweeps.finish_erasures(
        Work(settings=app.config["SETTINGS"], clock=lambda: NOW)
    )


def deliver(app: Flask, *failures: Any) -> list[str]:
    sender = MemorySender()
    sender.failures = list(failures)
    delivery.deliver_due(sender, context=app.app_context, clock=lambda: NOW)
    return [one.recipient for one in sender.sent]


def get(table: Any, identity: UUID) -> Any:
    db.session().rollback()
    return db.session().get_one(table, identity)


def mails_to(person_id: UUID) -> list[MailKind]:
    db.session().rollback()
    return list(
        db.session().scalars(
            sa.select(OutboxMail.kind).where(OutboxMail.person_id == person_id)
        )
    )


def test_every_field_for_words_has_its_canary(app: Flask):
    canaries.flock()

    assert canary_search.silent_columns() == []


def test_last_person_takes_the_company_along_and_no_canary_is_left(
    app: Flask, tmp_path: Path
):
    flock = canaries.flock()
    kept = tmp_path / "mail"
    kept.mkdir()
    (kept / f"sent.{CANARY}.eml").write_text(CANARY)

    assert erasure.erase_account(flock.person_id, at=NOW)

    # The one mail that is left names the address until it is sent.
    assert canary_search.hits() == [("outbox_mail", "params")]
    assert f"{CANARY}@firma.example" in deliver(app)
    assert canary_search.hits() == []
    assert finish(app) == 2
    assert canary_search.files_with(tmp_path) == []


def test_the_address_goes_also_when_the_last_mail_is_refused(app: Flask):
    flock = canaries.flock()
    with db.transaction() as session:
        session.execute(sa.delete(OutboxMail).where(OutboxMail.state == "queued"))

    erasure.erase_account(flock.person_id, at=NOW)
    with db.transaction() as session:
        other = OutboxMail.kind != MailKind.ERASED
        session.execute(sa.delete(OutboxMail).where(other))
    deliver(app, Refused(f"550 {CANARY}@firma.example"))

    assert db.session().scalars(sa.select(OutboxMail.state)).all() == [MailState.DEAD]
    assert canary_search.hits() == []


def test_the_address_goes_also_when_there_is_no_server_for_two_days(app: Flask):
    flock = canaries.flock()
    erasure.erase_account(flock.person_id, at=NOW)

    sender = MemorySender()
    late = NOW + timedelta(days=3)
    delivery.deliver_due(sender, context=app.app_context, clock=lambda: late)

    assert canary_search.hits() == []


def test_company_goes_and_colleagues_stay(app: Flask, tmp_path: Path):
    flock = canaries.flock(colleague=True)
    mate = flock.colleague_id
    assert mate is not None
    before = get(Person, mate).fs_uniquifier

    erasure.erase_company(by=flock.person_id, at=NOW, with_account=True)

    colleague = get(Person, mate)
    assert (colleague.company_id, colleague.unseated_at) == (None, NOW)
    assert colleague.active
    assert colleague.fs_uniquifier != before
    assert MailKind.ERASED in mails_to(mate)
    deliver(app)
    finish(app)
    assert canary_search.hits() == []
    assert canary_search.files_with(tmp_path) == []


def test_account_goes_and_the_company_stays_with_its_texts(app: Flask):
    flock = canaries.flock(colleague=True)

    erasure.erase_account(flock.person_id, at=NOW)
    deliver(app)

    company = get(Company, flock.company_id)
    assert company.status is CompanyStatus.APPROVED
    theirs = {"company", "listing", "match", "audit_event"}
    assert {table for table, _ in canary_search.hits()} <= theirs
    assert canary_search.hits(f"{CANARY}@firma.example") == []
    assert canary_search.hits(f"Kim {CANARY}") == []
    assert canary_search.sentences() == [None, None]
    speaker = members.responsible(db.session(), flock.company_id)
    assert speaker is not None
    assert speaker.id == flock.colleague_id


def test_nobody_else_loses_anything(app: Flask):
    flock = canaries.flock()
    stranger = factories.person(factories.company(name="Unbeteiligt KG"))
    kept = (stranger.name, stranger.email, stranger.fs_uniquifier)
    other = flock.others["connected"]
    their_name = get(Person, other).name

    erasure.erase_account(flock.person_id, at=NOW)

    found = get(Person, stranger.id)
    assert (found.name, found.email, found.fs_uniquifier) == kept
    assert get(Company, found.company_id).name == "Unbeteiligt KG"
    assert get(Person, other).name == their_name
    listings = db.session().scalars(
        sa.select(Listing.company_id).where(Listing.company_id != flock.company_id)
    )
    assert set(listings)


@pytest.mark.parametrize(
    "name",
    [
        *("proposed", "half_mine", "half_theirs", "declined_mine", "declined_theirs"),
        *("withdrawn_mine", "cancelled"),
    ],
)
def test_the_other_side_reads_the_neutral_text_whatever_was_decided(
    app: Flask, name: str
):
    flock = canaries.flock()
    other, identity = flock.others[name], flock.introductions[name]
    declined = name == "declined_theirs"

    erasure.erase_account(flock.person_id, at=NOW)

    view = introductions_views.view(db.session(), other, identity, at=NOW)
    assert view.standing is Standing.ENDED
    assert view.answer.value == (
        "declined" if declined else "accepted" if name == "half_theirs" else "none"
    )
    assert view.company.is_gone
    assert (view.company.name, view.company.place, view.gets, view.gives) == (
        None,
        None,
        (),
        (),
    )
    with pytest.raises(AlreadyDecided if declined else NoLongerOpen):
        introductions.accept(identity, by=other, at=NOW)


def test_the_other_side_keeps_that_there_was_a_connection(app: Flask):
    flock = canaries.flock()
    other, identity = flock.others["connected"], flock.introductions["connected"]

    erasure.erase_account(flock.person_id, at=NOW)

    view = introductions_views.view(db.session(), other, identity, at=NOW)
    assert view.standing is Standing.CONNECTED
    assert view.company.is_gone
    assert view.contact is None
    assert get(Introduction, identity).state is State.CONNECTED
    assert db.session().scalars(sa.select(ContactRelease)).all() == []
    assert set(canary_search.states(identity)) == {MeetingState.CANCELLED}


def test_dates_ahead_are_called_off_and_the_other_side_is_told(app: Flask):
    flock = canaries.flock()
    other = flock.others["connected"]

    erasure.erase_account(flock.person_id, at=NOW)

    assert MailKind.MEETING_CANCELLED in mails_to(other)
    assert get(Person, other).email in deliver(app)


def letters(app: Flask) -> dict[str, EmailMessage]:
    """The mails that leave now, by recipient."""
    sender = MemorySender()
    delivery.deliver_due(sender, context=app.app_context, clock=lambda: NOW)
    read = partial(email.message_from_bytes, policy=policy.default)
    return {one.recipient: read(one.content) for one in sender.sent}


def text_of(mail: EmailMessage) -> str:
    """Every part that is text, as the reader gets it."""
    return "\n".join(
        part.get_payload(decode=True).decode("utf-8", "replace")
        for part in mail.walk()
        if not part.is_multipart()
    )


def test_no_mail_that_leaves_afterwards_says_who_it_was(app: Flask):
    flock = canaries.flock()
    other = get(Person, flock.others["connected"]).email

    erasure.erase_account(flock.person_id, at=NOW)

    mails = letters(app)
    last = mails.pop(f"{CANARY}@firma.example")
    assert "METHOD:CANCEL" in text_of(mails[other])
    assert "einer ausgeschiedenen Firma" in text_of(mails[other])
    for one in mails.values():
        assert CANARY not in text_of(one) + str(one.items())
    assert CANARY not in text_of(last)


@pytest.mark.parametrize(
    ("locale", "subject", "greeting", "said"),
    [
        ("de", "Ihr Konto und Ihre Firma sind gelöscht", "Guten Tag,", "letzte Mail"),
        ("en", "Your account and your company are deleted", "Hello,", "last mail"),
    ],
)
def test_the_last_mail_speaks_the_language_of_the_account(
    app: Flask, locale: str, subject: str, greeting: str, said: str
):
    person = factories.person(factories.company(), locale=locale)
    address = person.email

    erasure.erase_account(person.id, at=NOW)

    mail = letters(app)[address]
    assert mail["Subject"] == subject
    text = text_of(mail)
    assert greeting in text
    assert said in text
    assert "/my-data" not in text  # there is no account to sign in to


def test_colleagues_are_told_with_the_way_out(app: Flask):
    flock = canaries.flock(colleague=True)
    assert flock.colleague_id is not None
    address = get(Person, flock.colleague_id).email

    erasure.erase_company(by=flock.person_id, at=NOW)

    mails = letters(app)
    assert mails[address]["Subject"] == "Ihre Firma ist bei Handschlag gelöscht"
    own = mails[f"{CANARY}@firma.example"]
    assert own["Subject"] == "Ihre Firma ist gelöscht"
    for one in (mails[address], own):
        assert "/my-data" in text_of(one)
        assert "nach 180 Tagen ohne Firma" in " ".join(text_of(one).split())


def test_what_a_leaving_colleague_accepted_is_taken_back(app: Flask):
    flock = canaries.flock(colleague=True)
    half = flock.introductions["half_mine"]
    before = introductions_views.view(
        db.session(), flock.others["half_mine"], half, at=NOW
    )

    erasure.erase_account(flock.person_id, at=NOW)

    assert get(Introduction, half).state is State.WITHDRAWN
    after = introductions_views.view(
        db.session(), flock.others["half_mine"], half, at=NOW
    )
    assert after == before  # until it answers, or the time is up


def test_decisions_and_consents_stay_under_an_id_without_a_name(app: Flask):
    flock = canaries.flock()
    session = db.session()
    count = sa.select(sa.func.count()).select_from
    before = session.scalar(count(DecisionEvent)), session.scalar(count(ConsentEvent))

    erasure.erase_account(flock.person_id, at=NOW)

    session.rollback()
    assert session.scalar(count(ConsentEvent)) == before[1]
    assert (session.scalar(count(DecisionEvent)) or 0) >= (before[0] or 0)
    tombstone = get(Person, flock.person_id)
    assert tombstone.erased_at == NOW
    assert tombstone.name == ""
    assert not tombstone.active
    assert tombstone.roles == []


def test_erasing_twice_is_erasing_once(app: Flask):
    flock = canaries.flock()

    assert erasure.erase_account(flock.person_id, at=NOW)
    assert not erasure.erase_account(flock.person_id, at=NOW + timedelta(hours=1))

    assert get(Person, flock.person_id).erased_at == NOW
    kinds = db.session().scalars(sa.select(Erasure.kind)).all()
    assert sorted(kinds) == [ErasureKind.COMPANY, ErasureKind.PERSON]


def test_only_who_speaks_for_the_company_deletes_it(app: Flask):
    flock = canaries.flock(colleague=True)
    stranger = factories.person(factories.company()).id
    organizer = factories.person(None, RoleName.ORGANIZER.value).id
    assert flock.colleague_id is not None

    for one in (flock.colleague_id, stranger, organizer):
        if one == stranger:
            continue  # speaks for a company of their own
        with pytest.raises(NotFound):
            erasure.erase_company(by=one, at=NOW)
    erasure.erase_company(by=stranger, at=NOW)

    assert get(Company, flock.company_id).erased_at is None


def test_the_last_admin_stays_until_somebody_else_is_one(app: Flask):
    company = factories.company()
    admin = factories.person(company, RoleName.ADMIN.value).id
    for values in ({"active": False}, {"confirmed_at": None}):
        factories.person(None, RoleName.ADMIN.value, **values)

    with pytest.raises(LastAdmin):
        erasure.erase_account(admin, at=NOW)
    with pytest.raises(LastAdmin):
        erasure.erase_company(by=admin, at=NOW, with_account=True)

    assert get(Person, admin).erased_at is None
    assert get(Company, company.id).erased_at is None
    members.promote(factories.person(None).email, RoleName.ADMIN, at=NOW)
    assert erasure.erase_account(admin, at=NOW)


def test_what_a_request_under_way_wrote_after_the_erasure_goes_too(app: Flask):
    flock = canaries.flock()
    erasure.erase_account(flock.person_id, at=NOW)
    deliver(app)
    factories.listing(get(Company, flock.company_id), title=CANARY, text=CANARY)
    with db.transaction() as session:
        session.get_one(Person, flock.person_id).phone = CANARY

    finish(app)

    assert canary_search.hits() == []


def test_files_of_mails_that_the_outbox_knows_stay(app: Flask, tmp_path: Path):
    for name in ("known.1", "gone.2"):
        (tmp_path / f"{name}.eml").write_text("x")

    assert senders.forget_files(tmp_path, ["known.1"]) == 1

    assert [one.name for one in tmp_path.glob("*.eml")] == ["known.1.eml"]


def test_flock_is_complete(app: Flask):
    flock: Flock = canaries.flock()

    found = db.session().scalars(sa.select(Introduction.state)).all()
    assert set(found) == set(State) - {State.EXPIRED}
    assert canary_search.apart()
    assert get(Person, flock.person_id).created_at == MONDAY
