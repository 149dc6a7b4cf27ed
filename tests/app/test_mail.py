"""Mails: what they say, to whom they still go, and what becomes of them."""

import email
import re
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app import db
from app.mail import delivery, envelopes, links, messages, senders
from app.mail.envelopes import BadHeader, Letter
from app.mail.senders import FolderSender, MemorySender, Refused, TryLater, Unanswered
from app.models import (
    Company,
    CompanyStatus,
    ConsentKind,
    Decision,
    DeclineReason,
    Introduction,
    MailKind,
    MailState,
    OutboxMail,
    Person,
    Seat,
    State,
)
from app.services import consent, introductions, outbox
from tests import factories
from tests.factories import MONDAY

SOON = MONDAY + timedelta(minutes=1)
KINDS_WITH_CONSENT = tuple(outbox.CONSENT_OF)


@pytest.fixture
def sender() -> MemorySender:
    return MemorySender()


@pytest.fixture
def deliver(app: Flask, sender: MemorySender):
    def run(at=SOON) -> dict[str, int]:
        ends = delivery.deliver_due(sender, context=app.app_context, clock=lambda: at)
        return dict(ends)

    return run


def put(kind: MailKind, person: Person, **values: Any) -> None:
    with db.transaction() as session:
        outbox.enqueue(
            session,
            kind,
            person.id,
            at=MONDAY,
            dedupe_key=f"{kind}:{person.id}",
            **values,
        )


def agree(person: Person, kind: ConsentKind) -> UUID:
    consent.choose(person.id, [kind], at=MONDAY)
    consent.grant(person.id, [kind], at=MONDAY)
    with db.transaction() as session:
        session.execute(sa.delete(OutboxMail))
    return consent.granted(db.session(), kind)[person.id]


def state() -> MailState:
    db.session().rollback()
    return db.session().scalars(sa.select(OutboxMail.state)).one()


def read(sender: MemorySender) -> EmailMessage:
    (envelope,) = sender.sent
    found = email.message_from_bytes(envelope.content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def suggestion(**values: Any) -> tuple[Introduction, Person]:
    """An introduction that awaits the answer of the person's company."""
    mine = factories.company(name="Meine Werkstatt GmbH")
    person = factories.person(mine)
    other = factories.company(
        name="Geheim & Söhne KG", place="Kassel", state="DE-HE", lat=51.3, lon=9.5
    )
    row = factories.introduction(None, mine, other, **values)
    return row, person


def connected() -> tuple[Introduction, Person, Person]:
    row, person = suggestion()
    other_company = next(
        one
        for one in (row.company_lo_id, row.company_hi_id)
        if one != person.company_id
    )
    other = factories.person(db.session().get_one(Company, other_company))
    for one in (person, other):
        introductions.accept(row.id, by=one.id, at=MONDAY)
    with db.transaction() as session:
        session.execute(sa.delete(OutboxMail))
    return row, person, other


class TestAccountMails:
    def test_confirmation_carries_a_link_made_at_sending(self, deliver, sender):
        person = factories.person(confirmed_at=None)
        put(MailKind.CONFIRM, person)

        deliver()

        mail = read(sender)
        assert mail["Subject"] == "Bitte bestätigen Sie Ihre E-Mail-Adresse"
        assert "http://localhost/confirm/" in text_of(mail)
        assert db.session().scalars(sa.select(OutboxMail.params)).one() == {}

    def test_confirmed_address_gets_no_second_confirmation(self, deliver, sender):
        put(MailKind.CONFIRM, factories.person())

        ends = deliver()

        assert ends == {"withheld": 1}
        assert (state(), sender.sent) == (MailState.SUPPRESSED, [])

    def test_reset_link_opens_the_page_for_a_new_password(
        self, deliver, sender, client
    ):
        put(MailKind.RESET, factories.person())

        deliver()

        (link,) = re.findall(r"http://localhost(/reset/\S+)", text_of(read(sender)))
        assert client.get(link).status_code == 200

    @pytest.mark.parametrize(
        "event", ["already_registered", "password_reset", "password_changed", "other"]
    )
    def test_security_notice_says_what_happened(self, event, deliver, sender):
        put(MailKind.SECURITY, factories.person(), params={"event": event})

        deliver()

        assert "Ihres Kontos" in read(sender)["Subject"]

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            (CompanyStatus.APPROVED, "aufgenommen"),
            (CompanyStatus.REFUSED, "Kein Mittelstand"),
            (CompanyStatus.SUSPENDED, "vorerst nicht mehr teil"),
        ],
    )
    def test_decision_about_a_company_is_told(self, status, words, deliver, sender):
        company = factories.company(status=status, status_reason="Kein Mittelstand")
        put(
            MailKind.APPROVED,
            factories.person(company),
            params={"event": status.value},
        )

        deliver()

        assert words in " ".join(text_of(read(sender)).split())

    def test_decision_that_was_overturned_is_not_told(self, deliver):
        company = factories.company(status=CompanyStatus.SUSPENDED)
        put(MailKind.APPROVED, factories.person(company), params={"event": "approved"})

        ends = deliver()

        assert ends == {"withheld": 1}

    def test_colleague_hears_who_asks_for_a_seat(self, deliver, sender):
        company = factories.company()
        asking = factories.person(company, seat=Seat.ASKED, name="Toni Neu")
        put(MailKind.SEAT, factories.person(company), subject_id=asking.id)

        deliver()

        assert "Toni Neu" in text_of(read(sender))

    def test_answered_seat_is_not_asked_again(self, deliver):
        company = factories.company()
        settled = factories.person(company)
        put(MailKind.SEAT, factories.person(company), subject_id=settled.id)

        ends = deliver()

        assert ends == {"withheld": 1}

    def test_consent_mail_leads_to_a_page_that_grants(self, deliver, sender, client):
        person_id = factories.person().id
        consent.choose(person_id, [ConsentKind.DIGEST], at=MONDAY)

        deliver()

        text = text_of(read(sender))
        assert "die Vorschläge der Woche" in text
        (link,) = re.findall(r"http://localhost(/mail-choices/confirm/\S+)", text)
        client.post(link)
        assert consent.state(db.session(), person_id)[ConsentKind.DIGEST]

    def test_english_reader_gets_english(self, deliver, sender):
        put(MailKind.RESET, factories.person(locale="en"))

        deliver()

        html = text_of(read(sender), "html")
        assert '<html lang="en"' in html


class TestSuggestionMails:
    def digest(self, row: Introduction, person: Person) -> None:
        put(
            MailKind.DIGEST,
            person,
            subject_id=row.round_id,
            consent_id=agree(person, ConsentKind.DIGEST),
        )

    def test_digest_tells_facts_and_neither_name_nor_contact(self, deliver, sender):
        row, person = suggestion()
        self.digest(row, person)

        deliver()

        mail = read(sender)
        text, html = text_of(mail), text_of(mail, "html")
        assert mail["Subject"] == "Ein Vorschlag für Sie diese Woche"
        for body in (text, html):
            assert "in Hessen" in body
            assert "Gute Passung" in body
            assert "Geheim" not in body
            assert "Kassel" not in body
        assert "http://localhost/week" in text

    def test_digest_can_be_unsubscribed_with_one_click(self, deliver, sender, client):
        row, person = suggestion()
        person_id = person.id
        self.digest(row, person)

        deliver()

        mail = read(sender)
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = mail["List-Unsubscribe"].strip("<>").removeprefix("http://localhost")
        for _ in range(3):
            client.get(link)
            client.head(link)
        assert consent.state(db.session(), person_id)[ConsentKind.DIGEST]
        client.post(link, data={"List-Unsubscribe": "One-Click"})
        assert not consent.state(db.session(), person_id)[ConsentKind.DIGEST]

    def test_nothing_to_answer_is_no_mail(self, deliver, sender):
        row, person = suggestion()
        self.digest(row, person)
        with db.transaction() as session:
            introductions.cancel(session, row.id, "test", at=MONDAY)
        introductions.decline(row.id, DeclineReason.NO_TIME, by=person.id, at=MONDAY)

        ends = deliver()

        assert (ends, sender.sent) == ({"withheld": 1}, [])

    @pytest.mark.parametrize("kind", KINDS_WITH_CONSENT)
    def test_consent_taken_back_meanwhile_stops_the_mail(self, kind, deliver, sender):
        row, person = suggestion()
        put(
            kind,
            person,
            subject_id=row.id,
            consent_id=agree(person, outbox.CONSENT_OF[kind]),
        )
        consent.withdraw(person.id, [outbox.CONSENT_OF[kind]], at=MONDAY)

        ends = deliver()

        assert (ends, sender.sent) == ({"withheld": 1}, [])

    def test_reminder_names_what_runs_out(self, deliver, sender):
        _, person = suggestion()
        put(
            MailKind.REMINDER,
            person,
            consent_id=agree(person, ConsentKind.REMINDER),
        )

        deliver()

        assert read(sender)["Subject"] == "Ein Vorschlag läuft bald ab"

    def test_contact_mail_has_the_released_contact_only(self, deliver, sender):
        row, person, other = connected()
        name, address, phone = other.name, other.email, str(other.phone)
        put(MailKind.CONTACT, person, subject_id=row.id)

        deliver()

        text = text_of(read(sender))
        assert name in text
        assert address in text
        assert phone not in text  # not released by default
        assert "30 Minuten" in text

    @pytest.mark.parametrize(
        "state_values",
        [
            {},
            {
                "state": State.HALF,
                "lo_decision": Decision.ACCEPTED,
                "lo_decided_at": MONDAY,
            },
        ],
    )
    def test_contact_mail_needs_a_connection(self, state_values, deliver, sender):
        row, person = suggestion(**state_values)
        put(MailKind.CONTACT, person, subject_id=row.id)

        ends = deliver()

        assert (ends, sender.sent) == ({"withheld": 1}, [])

    def test_foreign_introduction_is_never_told(self, deliver, sender):
        row, _, _ = connected()
        put(MailKind.CONTACT, factories.person(factories.company()), subject_id=row.id)

        ends = deliver()

        assert (ends, sender.sent) == ({"withheld": 1}, [])

    def test_feedback_is_asked_for_a_connection(self, deliver, sender):
        row, person, _ = connected()
        page = f"/introductions/{row.id}/feedback"
        put(
            MailKind.FEEDBACK,
            person,
            subject_id=row.id,
            consent_id=agree(person, ConsentKind.FEEDBACK),
        )

        deliver()

        assert page in text_of(read(sender))


class TestReaders:
    @pytest.mark.parametrize(
        "values", [{"active": False}, {"erased_at": MONDAY}], ids=["closed", "erased"]
    )
    def test_closed_account_gets_nothing(self, values, deliver, sender):
        put(MailKind.RESET, factories.person(**values))

        ends = deliver()

        assert (ends, sender.sent) == ({"withheld": 1}, [])

    def test_mail_that_cannot_be_made_does_not_stop_the_others(
        self, deliver, sender, monkeypatch
    ):
        def broken(*_: object) -> messages.Message:
            raise ZeroDivisionError

        monkeypatch.setitem(messages.MESSAGES, MailKind.SECURITY, broken)
        put(MailKind.SECURITY, factories.person())
        put(MailKind.RESET, factories.person())

        ends = deliver()

        assert ends == {"broken": 1, "sent": 1}


class TestEnds:
    @pytest.mark.parametrize(
        ("failure", "end", "expected"),
        [
            (TryLater("451"), "later", MailState.QUEUED),
            (Refused("550"), "refused", MailState.DEAD),
            (Unanswered("dropped"), "in doubt", MailState.QUEUED),
            (senders.Unreachable("down"), "unreachable", MailState.QUEUED),
        ],
    )
    def test_failure_is_written_down(self, failure, end, expected, deliver, sender):
        put(MailKind.RESET, factories.person())
        sender.failures = [failure]

        ends = deliver()

        assert ends == {end: 1}
        assert state() is expected

    def test_unreachable_server_is_not_asked_for_every_mail(self, deliver, sender):
        for _ in range(5):
            put(MailKind.RESET, factories.person())
        sender.failures = [senders.Unreachable("down")] * 5

        ends = deliver()
        later = deliver(SOON + timedelta(minutes=10))

        assert ends == {"unreachable": 1}
        assert later == {"unreachable": 1}
        assert len(sender.failures) == 3

    def test_digest_without_an_answer_is_never_repeated(self, deliver, sender):
        row, person = suggestion()
        TestSuggestionMails().digest(row, person)
        sender.failures = [Unanswered("dropped after DATA")]

        deliver()
        again = deliver(SOON + timedelta(days=1))

        assert (state(), again, sender.sent) == (MailState.UNCERTAIN, {}, [])

    def test_stopping_worker_gives_back_what_it_holds(self, app, sender):
        for _ in range(3):
            put(MailKind.RESET, factories.person())
        asked = iter([False, True])

        delivery.deliver_due(
            sender,
            context=app.app_context,
            clock=lambda: SOON,
            stop=lambda: next(asked),
        )

        assert len(sender.sent) == 1
        assert outbox.counts(db.session())[MailState.QUEUED] == 2


class TestEnvelope:
    LETTER = Letter("Betreff", "Text", "<p>Text</p>")

    def seal(self, **values: Any) -> envelopes.Envelope:
        return envelopes.seal(
            **{
                "letter": self.LETTER,
                "mail_from": "Handschlag <post@verband.example>",
                "name": "Jörg Müller",
                "address": "joerg@firma.example",
                "message_id": "reset.1",
                "at": MONDAY,
            }
            | values
        )

    def test_names_with_umlauts_arrive_whole(self):
        envelope = self.seal()

        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        assert str(mail["To"]) == "Jörg Müller <joerg@firma.example>"
        assert mail["Message-ID"] == "<reset.1@verband.example>"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert "List-Unsubscribe" not in mail

    @pytest.mark.parametrize(
        "values",
        [
            {"name": "A\r\nBcc: x@y.example"},
            {"name": "A\nBcc: x@y.example"},
            {"name": "=?utf-8?q?=0D=0ABcc:_x@y.example?="},
            {"name": "=?utf-8?b?DQpCY2M6IHhAeS5leGFtcGxl?="},
            {"address": "a@b.example\r\nRCPT TO:<x@y.example>"},
            {"address": "a@b.example, x@y.example"},
            {"address": "keine Adresse"},
            {"address": "müller@b.example"},
            {"letter": Letter("A\r\nBcc: x@y.example", "", "")},
            {"letter": Letter("=?utf-8?q?=0D=0ABcc:_x@y.example?=", "", "")},
            {"unsubscribe": "http://a\r\nBcc: x@y.example"},
        ],
    )
    def test_no_value_adds_a_header_or_a_recipient(self, values):
        try:
            envelope = self.seal(**values)
        except BadHeader:
            return

        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        assert "bcc" not in {name.lower() for name in mail}
        assert b"\nBcc:" not in envelope.content
        assert envelope.recipient in {"joerg@firma.example"}

    def test_domain_is_spelt_as_servers_do(self):
        envelope = self.seal(address="info@müller.example")

        assert envelope.recipient == "info@xn--mller-kva.example"


class TestLinks:
    SECRET = "geheim" * 8

    def test_token_of_another_purpose_is_refused(self):
        person = UUID(int=7)
        token = links.consent_token(self.SECRET, person, [ConsentKind.DIGEST])

        with pytest.raises(links.NotFound):
            links.read_unsubscribe(self.SECRET, token)

    @pytest.mark.parametrize("token", ["", "x", "ä", "a.b", "a" * 3000, "\x00"])
    def test_nonsense_is_refused(self, token):
        with pytest.raises(links.NotFound):
            links.read_unsubscribe(self.SECRET, token)
        with pytest.raises(links.NotFound):
            links.read_consent(self.SECRET, token)


def test_every_kind_of_mail_has_its_function_and_three_templates(app: Flask):
    names = {
        *(kind.value for kind in MailKind),
        "consent",
    }

    assert set(messages.MESSAGES) == set(MailKind)
    for name in names:
        for ending in ("subject.txt", "txt", "mjml"):
            app.jinja_env.get_template(f"mail/{name}.{ending}")


def test_html_loads_nothing_from_elsewhere(deliver, sender):
    put(MailKind.RESET, factories.person(name="<b>Kim</b> & Co"))

    deliver()

    html = text_of(read(sender), "html")
    assert "&lt;b&gt;Kim&lt;/b&gt; &amp; Co" in html
    assert not re.search(r"<img|<link|<script|@import|url\(", html)
    assert set(re.findall(r'(?:href|src)="(https?://[^/"]+)', html)) == {
        "http://localhost"
    }


def test_folder_keeps_the_same_mail_once(tmp_path):
    envelope = TestEnvelope().seal()
    folder = FolderSender(tmp_path / "mail")

    for _ in range(2):
        folder.send(envelope, lambda: None)

    assert [file.name for file in (tmp_path / "mail").iterdir()] == ["reset.1.eml"]
