"""The date of an introduction: form, choice, calendar, in both languages."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select

from app import db
from app.models import Meeting, MeetingState, OutboxMail, Person, Side
from app.services import introductions, meetings
from app.services.meetings import Proposal
from app.services.rounds_week import ZONE
from tests import factories

DAY = (datetime.now(ZONE) + timedelta(days=7)).replace(
    hour=10, minute=0, second=0, microsecond=0, tzinfo=None
)
TYPED = [
    (DAY + timedelta(days=days)).isoformat(timespec="minutes") for days in range(3)
]
FORM = {
    "slot_1": TYPED[0],
    "slot_2": TYPED[1],
    "slot_3": "",
    "minutes": "45",
    "kind": "video",
    "note": "https://video.example/raum?a=1&b=2",
}


SLOTS = ("slot_1", "slot_2", "slot_3")
ENDS = ("", "/meeting/propose")


class Pair(NamedTuple):
    """The address of a connected introduction and a client of each side."""

    id: UUID
    url: str
    persons: dict[Side, UUID]
    lo: FlaskClient
    hi: FlaskClient

    def propose(self, **values: str) -> None:
        self.lo.post(f"{self.url}/meeting/propose", data=FORM | values)

    def fix(self) -> UUID:
        self.propose()
        made = newest().id
        self.hi.post(f"{self.url}/meeting/choose", data={"meeting": made, "slot": "2"})
        return made


@pytest.fixture
def pair(sign_in: Callable[[Person], FlaskClient]) -> Pair:
    at = datetime.now(UTC) - timedelta(days=2)
    identity, persons = factories.connection(
        shown_at=at, expires_at=at + timedelta(days=14)
    )
    clients = [sign_in(db.session().get_one(Person, one)) for one in persons.values()]
    return Pair(identity, f"/introductions/{identity}", persons, *clients)


def newest() -> Meeting:
    db.session().rollback()
    return (
        db.session().scalars(select(Meeting).order_by(Meeting.sequence.desc())).first()
    )


def page(client: FlaskClient, url: str, language: str = "de") -> str:
    client.set_cookie("lang", language)
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_page_of_the_connected_has_the_form(pair: Pair):
    text = page(pair.lo, pair.url)

    assert "Termin vereinbaren" in text
    assert len(re.findall('type="datetime-local"', text)) == 3
    assert "Termine vorschlagen" in text
    assert "Uhrzeiten in deutscher Zeit" in text


def test_from_proposal_to_the_calendar_and_back(pair: Pair):
    proposed = pair.lo.post(f"{pair.url}/meeting/propose", data=FORM)
    mine, theirs = page(pair.lo, pair.url), page(pair.hi, pair.url)
    made = newest().id
    choice = {"meeting": made, "slot": "2"}
    chosen = pair.hi.post(f"{pair.url}/meeting/choose", data=choice)
    fixed = page(pair.lo, pair.url)
    cancelled = pair.lo.post(f"{pair.url}/meeting/cancel", data={"meeting": made})
    after = page(pair.hi, pair.url)

    assert [one.status_code for one in (proposed, chosen, cancelled)] == [302] * 3
    assert "Ihre Firma hat diese Termine vorgeschlagen" in mine
    assert "Vorschlag zurückziehen" in mine
    assert "Diesen Termin annehmen" in theirs
    assert "10:00 bis 10:45 Uhr" in theirs
    assert "In den Kalender (ICS)" in fixed
    assert "Verschieben" in fixed
    assert "Termin absagen" in fixed
    assert 'href="https://video.example/raum?a=1&amp;b=2"' in fixed
    assert "Abgesagt: Ihr Termin am" in after
    assert "Termine vorschlagen" in after


@pytest.mark.parametrize("side", ["lo", "hi"])
def test_all_of_it_is_there_in_english(pair: Pair, side: str):
    client: FlaskClient = getattr(pair, side)
    texts = [page(client, pair.url, "en")]
    pair.propose()
    texts += [page(client, pair.url, "en")]
    pair.hi.post(
        f"{pair.url}/meeting/choose", data={"meeting": newest().id, "slot": "1"}
    )
    texts += [
        page(client, f"{pair.url}{end}", "en") for end in ("", "/meeting/propose")
    ]
    client.post(f"{pair.url}/meeting/cancel", data={"meeting": newest().id})
    texts += [page(client, pair.url, "en")]

    for text in texts:
        body = text[text.index("<main") :]
        for german in ("Termin", "Uhr", "vorschl", "absag", "Kalender", "Firma hat"):
            assert german not in body, german


def test_the_form_comes_filled_with_what_was_agreed(pair: Pair):
    pair.fix()

    text = page(pair.hi, f"{pair.url}/meeting/propose")

    assert "Termin verschieben" in text
    assert "Dieser Termin gilt, bis" in text
    assert FORM["note"].replace("&", "&amp;") in text
    assert '<option selected value="45">' in text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (dict.fromkeys(SLOTS, ""), "Bitte nennen Sie mindestens einen Termin."),
        ({"slot_1": "2020-01-01T10:00"}, "liegt in der Vergangenheit"),
        ({"slot_1": "2999-01-01T10:00"}, "im nächsten halben Jahr"),
        ({"slot_1": "morgen um zehn"}, "Bitte geben Sie Tag und Uhrzeit an."),
        ({"slot_2": "morgen um zehn"}, "Bitte geben Sie Tag und Uhrzeit an."),
        ({"slot_2": "\x00"}, "Bitte geben Sie Tag und Uhrzeit an."),
        ({"slot_2": TYPED[0]}, "haben Sie zweimal genannt"),
        ({"note": "Raum " + "x" * 200}, "Höchstens 200 Zeichen, es sind 205."),
        ({"note": "a\x00b"}, "Zeichen, die kein Text sind"),
        ({"kind": "onsite", "note": ""}, "Bitte schreiben Sie, wo Sie sich treffen."),
        ({"kind": "brieftaube"}, "Bitte prüfen Sie"),
        ({"minutes": "7"}, "Bitte prüfen Sie"),
        ({"minutes": "x"}, "Bitte prüfen Sie"),
    ],
)
def test_a_wrong_form_says_so_and_keeps_what_was_typed(
    pair: Pair, values: dict[str, str], words: str
):
    form = FORM | {"slot_3": TYPED[2], "note": "Halle 3"} | values

    answer = pair.lo.post(f"{pair.url}/meeting/propose", data=form)

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in text
    assert f'value="{form["slot_3"]}"' in text
    if "note" not in values:
        assert 'value="Halle 3"' in text
    assert newest() is None


def test_nothing_chosen_says_so_on_the_page(pair: Pair):
    pair.propose()
    made = newest().id

    for slot in ({}, {"slot": "9"}, {"slot": "x"}):
        answer = pair.hi.post(
            f"{pair.url}/meeting/choose", data={"meeting": made} | slot
        )
        assert answer.status_code == 422
        assert "Bitte wählen Sie einen der Termine." in answer.get_data(as_text=True)
    assert newest().state is MeetingState.PROPOSED


def test_what_was_replaced_meanwhile_is_refused(pair: Pair):
    pair.propose()
    old = newest().id
    pair.propose()

    answer = pair.hi.post(
        f"{pair.url}/meeting/choose", data={"meeting": old, "slot": "1"}
    )

    assert answer.status_code == 409
    assert "inzwischen geändert" in answer.get_data(as_text=True)


@pytest.mark.parametrize("act", ["choose", "cancel"])
@pytest.mark.parametrize("meeting", ["", "x", str(UUID(int=1))])
def test_an_unknown_meeting_is_absent(pair: Pair, act: str, meeting: str):
    answer = pair.lo.post(f"{pair.url}/meeting/{act}", data={"meeting": meeting})

    assert answer.status_code == 404


def test_the_file_for_the_calendar(pair: Pair):
    pair.fix()

    answer = pair.lo.get(f"{pair.url}/meeting/calendar.ics")

    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    start = (DAY + timedelta(days=1)).replace(tzinfo=ZONE)
    assert answer.mimetype == "text/calendar"
    assert "termin.ics" in answer.headers["Content-Disposition"]
    assert event["dtstart"].dt == start
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(minutes=45)
    assert "attendee" not in event


def test_there_is_no_file_before_a_date_is_fixed(pair: Pair):
    pair.propose()

    assert pair.lo.get(f"{pair.url}/meeting/calendar.ics").status_code == 404


def test_reading_changes_nothing(pair: Pair):
    pair.fix()
    pair.propose()
    before = rows()

    for client in (pair.lo, pair.hi):
        for end in ("", "/meeting/propose", "/meeting/calendar.ics"):
            for method in ("GET", "HEAD"):
                client.open(f"{pair.url}{end}", method=method)
        for act in ("choose", "cancel"):
            assert client.get(f"{pair.url}/meeting/{act}").status_code == 405

    assert rows() == before


def rows() -> list[str]:
    db.session().rollback()
    return [
        repr(row)
        for table in (Meeting, OutboxMail)
        for row in db.session().execute(select(table.__table__).order_by(table.id))
    ]


def test_lists_and_the_start_page_name_the_date(pair: Pair):
    pair.propose()
    start = page(pair.hi, "/week")
    pair.hi.post(
        f"{pair.url}/meeting/choose", data={"meeting": newest().id, "slot": "1"}
    )

    assert "schlägt Ihnen Termine vor." in start
    assert f"{pair.url}#meeting" in start
    assert "schlägt Ihnen Termine vor." not in page(pair.hi, "/week")
    assert "Termin am" in page(pair.lo, "/introductions")


def test_slots_that_are_past_cannot_be_ticked(pair: Pair):
    at = datetime.now(UTC) - timedelta(days=1)
    soon = datetime.now(ZONE).replace(tzinfo=None)
    starts = [soon - timedelta(hours=1), soon + timedelta(days=1)]
    proposal = Proposal(starts, 30, meetings.MeetingKind.PHONE)
    meetings.propose(pair.id, proposal, by=pair.persons[Side.LO], at=at)

    text = page(pair.hi, pair.url)

    assert re.search(r'id="slot-1" value="1" disabled', text)
    assert not re.search(r'id="slot-2" value="2" disabled', text)
    assert "(vorbei)" in text


def test_a_meeting_that_is_over_is_told_as_such(pair: Pair):
    at = datetime.now(UTC) - timedelta(days=1)
    past = datetime.now(ZONE).replace(tzinfo=None) - timedelta(hours=2)
    proposal = Proposal([past], 30, meetings.MeetingKind.PHONE)
    made = meetings.propose(pair.id, proposal, by=pair.persons[Side.LO], at=at)
    meetings.choose(pair.id, made, 1, by=pair.persons[Side.HI], at=at)

    text = page(pair.lo, pair.url)
    refused = pair.lo.post(f"{pair.url}/meeting/cancel", data={"meeting": made})

    assert "Ihr Gespräch war verabredet für:" in text
    assert "Weiteren Termin vorschlagen" in text
    assert "Termin absagen" not in text
    assert refused.status_code == 409


def test_after_a_complaint_nothing_is_offered(pair: Pair):
    pair.fix()
    by = pair.persons[Side.LO]
    introductions.complain(pair.id, "Nur Verkauf", by=by, at=datetime.now(UTC))

    text = page(pair.hi, pair.url)
    refused = pair.hi.post(f"{pair.url}/meeting/propose", data=FORM)

    assert "Termin vereinbaren" not in text
    assert "Nur Verkauf" not in text
    assert refused.status_code == 409


@pytest.mark.parametrize("note", ["<script>x</script>", "javascript:alert(1)", "=1+1"])
def test_odd_notes_are_text(pair: Pair, note: str):
    pair.propose(note=note)

    text = page(pair.hi, pair.url)

    assert "<script>x" not in text
    assert 'href="javascript' not in text
