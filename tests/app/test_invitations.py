"""Invitations, read by two parsers of others: what stands in them and what cannot."""

import email
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from typing import Any
from uuid import UUID

import icalendar
import pytest
import sqlalchemy as sa
import vobject
from flask import Flask
from flask_babel import force_locale

from app import db
from app.jobs import sweeps
from app.jobs.work import Work
from app.mail import delivery, invitations
from app.mail.senders import MemorySender
from app.models import (
    Company,
    ConsentKind,
    Introduction,
    MailKind,
    Meeting,
    MeetingKind,
    MeetingState,
    OutboxMail,
    Person,
    Side,
)
from app.services import consent, introductions, introductions_views, meetings
from app.services.meetings import Proposal
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

local = datetime.fromisoformat
THURSDAY = local("2026-11-26T10:00")
LINK = "http://localhost/introductions/1"
SENDER = "Verband für „KI“ <post@verband.example>"
NOTE = "Königstraße 1; Halle 3, Tor „Süd“"


class Pair:
    """Two connected companies; who of them released what."""

    def __init__(self, **persons: Any) -> None:
        self.id, self.persons = factories.connection()
        with db.transaction() as session:
            session.execute(sa.delete(OutboxMail))
            for side, person_id in self.persons.items():
                person = session.get_one(Person, person_id)
                person.name = {"lo": "Jörg Größe", "hi": "Änne Übel"}[side]
                person.email = f"{side.value}@firma.example"
                for name, value in persons.items():
                    setattr(person, name, value)

    def fix(self, start: datetime = THURSDAY, **values: Any) -> UUID:
        proposal = Proposal([start], 45, MeetingKind.ONSITE, NOTE)
        made = meetings.propose(
            self.id, replace(proposal, **values), by=self.persons[Side.LO], at=MONDAY
        )
        meetings.choose(self.id, made, 1, by=self.persons[Side.HI], at=MONDAY)
        return made

    def invitation(self, app: Flask, made: UUID, side: Side = Side.LO) -> bytes:
        """As a mail to this side would carry it."""
        session = db.session()
        session.rollback()
        view = introductions_views.view(session, self.persons[side], self.id, at=MONDAY)
        person = session.get_one(Person, self.persons[side])
        with app.test_request_context(), force_locale("de"):
            return invitations.invitation(
                session.get_one(Meeting, made),
                view,
                person,
                mail_from=SENDER,
                link=LINK,
            ).content


def event_of(content: bytes) -> icalendar.Event:
    (event,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    return event


def second_reading(content: bytes) -> Any:
    return vobject.readOne(content.decode()).vevent


def lines(content: bytes) -> list[str]:
    """Unfolded, as every reader begins."""
    return content.decode().replace("\r\n ", "").split("\r\n")


class TestContent:
    def test_both_parsers_read_the_same(self, app: Flask):
        pair = Pair()
        content = pair.invitation(app, pair.fix())

        one, other = event_of(content), second_reading(content)
        company = one["summary"].removeprefix("Gespräch mit ")
        assert company.startswith("Gießerei")
        assert other.summary.value == str(one["summary"])
        assert other.location.value == str(one["location"]) == NOTE
        assert other.description.value == str(one["description"])
        assert one["dtstart"].dt == datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
        assert other.dtstart.value == one["dtstart"].dt
        assert other.dtend.value == one["dtend"].dt
        assert one["dtend"].dt - one["dtstart"].dt == timedelta(minutes=45)
        assert one["dtstamp"].dt == MONDAY
        assert other.status.value == str(one["status"]) == "CONFIRMED"

    def test_lines_are_folded_and_end_as_the_standard_says(self, app: Flask):
        pair = Pair()
        long = "Straße der Überlänge " * 9
        content = pair.invitation(app, pair.fix(note=long))

        assert content.endswith(b"END:VCALENDAR\r\n")
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert max(len(line) for line in content.split(b"\r\n")) <= 75
        assert second_reading(content).location.value == long.strip()

    @pytest.mark.parametrize(
        ("start", "utc"),
        [
            ("2027-03-27T10:00", "20270327T090000Z"),
            ("2027-03-28T03:00", "20270328T010000Z"),
            ("2027-03-29T10:00", "20270329T080000Z"),
        ],
    )
    def test_changes_of_the_clock_are_counted(self, app: Flask, start: str, utc: str):
        pair = Pair()
        content = pair.invitation(app, pair.fix(local(start)))

        assert f"DTSTART:{utc}" in lines(content)
        assert second_reading(content).dtstart.value == event_of(content)["dtstart"].dt

    @pytest.mark.parametrize(
        ("kind", "note", "place"),
        [
            (MeetingKind.PHONE, "Ich rufe an", "Telefon: Ich rufe an"),
            (MeetingKind.VIDEO, "https://v.example/?a=1;b,c", None),
            (MeetingKind.VIDEO, "", "Video"),
        ],
    )
    def test_says_how_they_meet(
        self, app: Flask, kind: MeetingKind, note: str, place: str | None
    ):
        pair = Pair()
        content = pair.invitation(app, pair.fix(kind=kind, note=note))

        expected = place or f"Video: {note}"
        assert str(event_of(content)["location"]) == expected
        assert second_reading(content).location.value == expected


class TestWho:
    def test_is_named_as_far_as_released(self, app: Flask):
        pair = Pair(release_email=True, release_phone=False)
        content = pair.invitation(app, pair.fix())

        event = event_of(content)
        addresses = [str(one) for one in event["attendee"]]
        assert addresses == ["mailto:lo@firma.example", "mailto:hi@firma.example"]
        assert [one.params["CN"] for one in event["attendee"]] == [
            "Jörg Größe",
            "Änne Übel",
        ]
        assert {one.params["PARTSTAT"] for one in event["attendee"]} == {"ACCEPTED"}
        assert str(event["organizer"]) == "mailto:post@verband.example"
        assert "+49" not in content.decode()

    def test_is_not_named_without_release(self, app: Flask):
        pair = Pair(release_email=False, release_phone=True)
        content = pair.invitation(app, pair.fix())

        assert str(event_of(content)["attendee"]) == "mailto:lo@firma.example"
        assert "hi@firma.example" not in "".join(lines(content))


class TestAttacks:
    @pytest.mark.parametrize(
        "text",
        [
            "Raum\nATTENDEE:mailto:x@y.example",
            "Raum\r\nATTENDEE:mailto:x@y.example\r\nEND:VEVENT",
            "Raum\\nATTENDEE:mailto:x@y.example",
            "Raum\u2028ATTENDEE:mailto:x@y.example",
            'Raum";X=";:,\\ ATTENDEE:mailto:x@y.example',
            "^nATTENDEE:mailto:x@y.example",
            "x" * 60 + "\r\n ATTENDEE:mailto:x@y.example",
        ],
    )
    @pytest.mark.parametrize("where", ["note", "person", "company"])
    def test_nothing_that_is_typed_adds_a_line(self, app: Flask, text: str, where: str):
        pair = Pair(release_email=True)
        made = pair.fix(**({"note": text} if where == "note" else {}))
        with db.transaction() as session:
            row = session.get_one(Introduction, pair.id)
            if where == "person":
                for person_id in pair.persons.values():
                    session.get_one(Person, person_id).name = text
            if where == "company":
                for company_id in (row.company_lo_id, row.company_hi_id):
                    session.get_one(Company, company_id).name = text

        content = pair.invitation(app, made)

        names = [re.split("[;:]", line)[0] for line in lines(content) if line]
        assert names.count("ATTENDEE") == 2
        assert names.count("END") == 2
        assert len(second_reading(content).contents["attendee"]) == 2
        addresses = {str(one) for one in event_of(content)["attendee"]}
        assert addresses == {"mailto:lo@firma.example", "mailto:hi@firma.example"}


class TestMails:
    @pytest.fixture
    def sender(self) -> MemorySender:
        return MemorySender()

    def deliver(
        self, app: Flask, sender: MemorySender, at: datetime = MONDAY
    ) -> list[email.message.EmailMessage]:
        """Those to the first side, oldest first."""
        del sender.sent[:]
        delivery.deliver_due(sender, context=app.app_context, clock=lambda: at)
        return [
            email.message_from_bytes(one.content, policy=policy.default)
            for one in sender.sent
            if one.recipient == "lo@firma.example"
        ]

    def parts(self, mail: Any) -> dict[str, Any]:
        return {part.get_content_type(): part for part in mail.walk()}

    def test_a_proposal_reads_as_text(self, app: Flask, sender: MemorySender):
        pair = Pair()
        starts = [THURSDAY, THURSDAY + timedelta(days=1)]
        proposal = Proposal(starts, 45, MeetingKind.PHONE, "Ich rufe an")
        meetings.propose(pair.id, proposal, by=pair.persons[Side.HI], at=MONDAY)

        (mail,) = self.deliver(app, sender)

        text = mail.get_body(("plain",)).get_content()
        html = mail.get_body(("html",)).get_content()
        assert "schlägt Ihnen Termine vor" in mail["Subject"]
        for body in (text, html):
            assert "Donnerstag, 26. November 2026, 10:00 bis 10:45 Uhr" in body
            assert "Freitag, 27. November 2026, 10:00 bis 10:45 Uhr" in body
            assert "Telefon: Ich rufe an" in body
            assert f"/introductions/{pair.id}#meeting" in body
        assert "text/calendar" not in self.parts(mail)

    def test_fixed_moved_and_called_off_are_one_entry(
        self, app: Flask, sender: MemorySender
    ):
        pair = Pair(release_email=True)
        pair.fix()
        mails = self.deliver(app, sender)
        moved = pair.fix(THURSDAY + timedelta(days=1))
        mails += self.deliver(app, sender)
        by = pair.persons[Side.HI]
        meetings.cancel(pair.id, moved, by=by, at=MONDAY)
        mails += self.deliver(app, sender)

        subjects = [str(mail["Subject"]).split(":")[0] for mail in mails]
        parts = [self.parts(mail)["text/calendar"] for mail in mails]
        events = [event_of(part.get_content().encode()) for part in parts]
        assert subjects[1:] == ["Verschoben", "Abgesagt"]
        assert [part.get_param("method") for part in parts] == [
            "REQUEST",
            "REQUEST",
            "CANCEL",
        ]
        assert len({str(event["uid"]) for event in events}) == 1
        sequences = [event["sequence"] for event in events]
        assert sequences == sorted(set(sequences))
        assert [str(event["status"]) for event in events] == [
            "CONFIRMED",
            "CONFIRMED",
            "CANCELLED",
        ]
        text = mails[2].get_body(("plain",)).get_content()
        assert "hat diesen Termin abgesagt" in text
        for mail, part in zip(mails, parts, strict=True):
            file = self.parts(mail)["application/ics"]
            assert file.get_filename() == "termin.ics"
            assert file.get_content().decode().splitlines() == (
                part.get_content().splitlines()
            )

    def test_an_english_reader_gets_english(self, app: Flask, sender: MemorySender):
        pair = Pair(locale="en", release_email=True)
        pair.fix()

        (mail,) = self.deliver(app, sender)

        text = mail.get_body(("plain",)).get_content()
        entry = self.parts(mail)["text/calendar"].get_content()
        assert "Thursday, 26 November 2026, 10:00 to 10:45" in text
        assert "SUMMARY:Conversation with" in entry
        assert "In person:" in text

    def test_feedback_is_asked_about_the_date(self, app: Flask, sender: MemorySender):
        pair = Pair()
        pair.fix(local("2026-12-17T10:00"))
        self.deliver(app, sender)
        for_feedback = [ConsentKind.FEEDBACK]
        person_id, later = pair.persons[Side.LO], MONDAY + timedelta(days=30)
        consent.choose(person_id, for_feedback, at=MONDAY)
        consent.grant(person_id, for_feedback, at=MONDAY)
        with db.transaction() as session:
            session.execute(sa.delete(OutboxMail))
        settings = app.config["SETTINGS"]
        sweeps.ask_feedback(Work(settings, clock=lambda: later))

        (mail,) = self.deliver(app, sender, later)

        text = " ".join(mail.get_body(("plain",)).get_content().split())
        assert "am 17. Dezember 2026 waren Sie mit" in text

    def test_who_called_off_hears_that_it_was_themselves(
        self, app: Flask, sender: MemorySender
    ):
        pair = Pair()
        made = pair.fix()
        self.deliver(app, sender)
        meetings.cancel(pair.id, made, by=pair.persons[Side.LO], at=MONDAY)

        (mail,) = self.deliver(app, sender)

        text = " ".join(mail.get_body(("plain",)).get_content().split())
        assert "Ihre Firma hat diesen Termin mit" in text

    def test_after_a_complaint_nobody_is_named(self, app: Flask, sender: MemorySender):
        pair = Pair(release_email=True)
        pair.fix()
        self.deliver(app, sender)
        by = pair.persons[Side.HI]
        introductions.complain(pair.id, "Nur Verkauf", by=by, at=MONDAY)

        (mail,) = self.deliver(app, sender)

        text = " ".join(mail.get_body(("plain",)).get_content().split())
        entry = self.parts(mail)["text/calendar"].get_content()
        assert "findet nicht statt" in text
        assert "Nur Verkauf" not in text
        assert "hi@firma.example" not in text + entry
        assert "METHOD:CANCEL" in entry

    @pytest.mark.parametrize("kind", ["MEETING_PROPOSED", "MEETING_FIXED"])
    def test_what_has_moved_on_is_not_told(
        self, app: Flask, sender: MemorySender, kind: str
    ):
        pair = Pair()
        made = pair.fix()
        meetings.cancel(pair.id, made, by=pair.persons[Side.LO], at=MONDAY)

        mails = self.deliver(app, sender)

        assert len(mails) == 1
        db.session().rollback()
        states = db.session().execute(
            sa.select(OutboxMail.state).where(OutboxMail.kind == MailKind[kind])
        )
        assert {str(state) for (state,) in states} == {"suppressed"}

    def test_a_foreign_meeting_is_never_told(self, app: Flask, sender: MemorySender):
        pair = Pair()
        pair.fix()
        stranger = factories.person(factories.company()).id
        with db.transaction() as session:
            session.execute(sa.update(OutboxMail).values(person_id=stranger))

        assert self.deliver(app, sender) == []
        assert sender.sent == []

    def test_a_late_mail_about_a_held_meeting_stays(
        self, app: Flask, sender: MemorySender
    ):
        pair = Pair()
        made = pair.fix()

        assert self.deliver(app, sender, MONDAY + timedelta(days=3, hours=1)) == []
        db.session().rollback()
        assert db.session().get_one(Meeting, made).state is MeetingState.FIXED
