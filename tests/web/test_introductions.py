"""Introductions in the browser: lists, decisions, contacts, and what nobody sees."""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import db
from app.models import (
    Block,
    Company,
    Decision,
    DeclineReason,
    Introduction,
    Person,
    State,
)
from app.services import introductions
from tests import factories
from tests.web_fixtures import without_tokens

SignIn = Callable[[Person], FlaskClient]

WEEKS = itertools.cycle(range(10, 100))


@dataclass
class Two:
    """An open introduction and a signed-in person of each side."""

    id: UUID
    lo: Person
    hi: Person
    lo_client: FlaskClient
    hi_client: FlaskClient

    def url(self, step: str = "") -> str:
        return f"/introductions/{self.id}{step}"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def two(sign_in: SignIn) -> Two:
    return make_two(sign_in)


def make_two(
    sign_in: SignIn, *, person: dict[str, Any] | None = None, **company: Any
) -> Two:
    made = factories.introduction(
        factories.round_(f"2026-W{next(WEEKS)}"),
        factories.company(**company),
        factories.company(**company),
        shown_at=now() - timedelta(days=1),
        expires_at=now() + timedelta(days=13),
    )
    id_, lo_id, hi_id = made.id, made.company_lo_id, made.company_hi_id
    lo, hi = (
        loaded(factories.person(db.session().get_one(Company, one), **(person or {})))
        for one in (lo_id, hi_id)
    )
    return Two(id_, lo, hi, sign_in(lo), sign_in(hi))


def loaded(person: Person) -> Person:
    """The person as it is now, readable after a request has ended the session."""
    db.session().refresh(person)
    db.session().expunge(person)
    return person


def text(response: TestResponse) -> str:
    return response.get_data(as_text=True)


def row(two: Two) -> Introduction:
    db.session().rollback()
    return db.session().get_one(Introduction, two.id)


def accept(client: FlaskClient, two: Two, **form: str) -> TestResponse:
    return client.post(two.url("/accept"), data={"release_email": "y"} | form)


def decline(client: FlaskClient, two: Two, reason: str = "no_time") -> TestResponse:
    return client.post(two.url("/decline"), data={"reason": reason})


def test_a_suggestion_says_who_what_and_until_when(two: Two):
    page = text(two.lo_client.get(two.url()))

    parts = [
        "Metallerzeugung, Gießerei, Region Ulm",
        "Gute Passung",
        "Das bekommen Sie",
        "Wir prüfen Schmiedeteile",
        "Das können Sie geben",
        "ganz in Ihrer Nähe",
        "Warum dieser Vorschlag?",
        "Vorstellung annehmen",
        "Ablehnen",
        "Antwort bis",
    ]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)


def test_the_page_before_accepting_says_what_will_be_shown(two: Two):
    page = text(two.lo_client.get(two.url("/accept")))

    assert two.lo.name in page
    assert two.lo.email in page
    assert two.lo.phone is not None
    assert two.lo.phone in page
    assert two.hi.name not in page


def test_looking_decides_nothing(two: Two):
    before = facts(row(two))

    for client in (two.lo_client, two.hi_client):
        for step in ("", "/accept", "/decline", "/complain"):
            for method in ("GET", "HEAD"):
                assert client.open(two.url(step), method=method).status_code == 200
        assert client.get("/week").status_code == 200
    assert two.lo_client.get(two.url("/withdraw")).status_code == 405

    assert facts(row(two)) == before


def facts(row: Introduction) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name[0] != "_"}


def test_both_accept_and_see_what_the_other_released(sign_in: SignIn):
    two = make_two(sign_in, person={"position": "Werkleitung"})

    first = accept(two.lo_client, two, release_email="", release_phone="y")
    waiting = text(two.lo_client.get(two.url()))
    second = accept(two.hi_client, two)
    seen_by_lo = text(two.lo_client.get(two.url()))
    seen_by_hi = text(two.hi_client.get(two.url()))

    assert first.location == second.location == two.url()
    assert "Sie haben angenommen" in waiting
    assert two.hi.name not in waiting
    assert two.hi.name in seen_by_lo
    assert two.hi.email in seen_by_lo
    assert two.hi.phone not in seen_by_lo
    assert two.lo.phone in seen_by_hi
    assert two.lo.email not in seen_by_hi
    assert "Werkleitung" in seen_by_hi


def test_accepting_without_any_contact_asks_again(two: Two):
    answer = two.lo_client.post(two.url("/accept"), data={"tells": "y"})

    assert answer.status_code == 422
    assert "mindestens einen Weg" in text(answer)
    assert 'name="tells" type="checkbox" value="y"' in text(answer)
    assert row(two).state is State.PROPOSED


def test_declining_takes_one_tap_and_is_not_told(two: Two):
    asked = text(two.lo_client.get(two.url("/decline")))
    quick = text(two.lo_client.get(two.url("/decline"), headers={"HX-Request": "true"}))

    assert asked.count('name="reason"') == len(DeclineReason)
    assert "<html" not in quick
    assert quick.count('name="reason"') == len(DeclineReason)

    answer = decline(two.lo_client, two, "too_far")

    assert answer.location == "/week"
    assert row(two).lo_reason is DeclineReason.TOO_FAR
    assert "Vorstellung annehmen" in text(two.hi_client.get(two.url()))
    assert "Sie haben diese Vorstellung abgelehnt" in text(two.lo_client.get(two.url()))


def test_declining_needs_a_known_reason(two: Two):
    answer = decline(two.lo_client, two, "no idea")

    assert answer.status_code == 422
    assert row(two).state is State.PROPOSED


def test_a_second_different_answer_is_a_conflict(two: Two):
    accept(two.lo_client, two)

    assert decline(two.lo_client, two).status_code == 409
    assert accept(two.lo_client, two).status_code == 302


def test_withdrawing_asks_first_and_ends_it(two: Two):
    accept(two.lo_client, two)
    page = text(two.lo_client.get(two.url()))

    answer = two.lo_client.post(two.url("/withdraw"))

    assert "erfährt nicht, dass Sie zugesagt oder zurückgezogen" in page
    assert answer.location == two.url()
    assert "Zusage zurückgenommen" in text(two.lo_client.get(two.url()))
    assert row(two).state is State.WITHDRAWN


def test_no_capacity_is_said(sign_in: SignIn):
    two = make_two(sign_in, max_open=0)

    answer = accept(two.lo_client, two)

    assert answer.status_code == 409
    assert "so viele offene Vorstellungen" in text(answer)


@pytest.mark.parametrize("step", ["", "/accept", "/decline", "/complain", "/feedback"])
def test_a_foreign_introduction_is_like_an_absent_one(
    two: Two, sign_in: SignIn, step: str
):
    stranger = sign_in(factories.person(factories.company()))

    pages = [
        stranger.get(f"/introductions/{which}{step}") for which in (two.id, uuid4())
    ]

    assert [page.status_code for page in pages] == [404, 404]
    assert nameless(pages[0], two.id) == nameless(pages[1], two.id)


@pytest.mark.parametrize(
    "step", ["/accept", "/decline", "/withdraw", "/complain", "/feedback"]
)
def test_a_foreign_decision_is_refused_like_an_absent_one(
    two: Two, sign_in: SignIn, step: str
):
    stranger = sign_in(factories.person(factories.company()))
    form = {"reason": "no_time", "release_email": "y", "text": "x", "held": "no"}

    answers = [
        stranger.post(f"/introductions/{which}{step}", data=form).status_code
        for which in (two.id, uuid4())
    ]

    assert answers == [404, 404]
    assert row(two).state is State.PROPOSED


def test_visitors_sign_in_first(two: Two, client: FlaskClient):
    for path in ("/week", "/introductions", two.url()):
        assert "/login" in client.get(path).location
    assert "/login" in accept(client, two).location
    assert row(two).state is State.PROPOSED


@pytest.mark.parametrize("ended", ["half", "declined", "withdrawn", "cancelled"])
def test_the_pending_side_sees_the_same_bytes(two: Two, ended: str):
    pages = ("/week", "/introductions", two.url(), two.url("/accept"))
    before = [nameless(two.hi_client.get(page), two.id) for page in pages]

    if ended == "declined":
        decline(two.lo_client, two)
    elif ended == "cancelled":
        with db.transaction() as session:
            introductions.cancel(session, two.id, "organizer", at=now())
    else:
        accept(two.lo_client, two)
    if ended == "withdrawn":
        two.lo_client.post(two.url("/withdraw"))

    assert row(two).state.value == ended
    after = [nameless(two.hi_client.get(page), two.id) for page in pages]
    assert after == before


def nameless(response: TestResponse, introduction_id: UUID) -> str:
    """The page without tokens and ids, which differ from one request to the next."""
    page = without_tokens(text(response))
    return re.sub(rf"{introduction_id}|[0-9a-f]{{8}}-[0-9a-f-]{{27}}", "", page)


def test_interest_is_told_only_on_request(two: Two):
    words = "schon Interesse gezeigt"
    assert words not in text(two.hi_client.get(two.url()))

    accept(two.lo_client, two, tells="y")

    assert words in text(two.hi_client.get(two.url()))


def test_an_end_is_told_neutrally_and_in_the_same_words(sign_in: SignIn):
    silent, declined = make_two(sign_in), make_two(sign_in)
    for two in (silent, declined):
        accept(two.lo_client, two)
    decline(declined.hi_client, declined)
    with db.transaction() as session:
        for two in (silent, declined):
            session.get_one(Introduction, two.id).expires_at = now()
    introductions.expire_due(at=now())

    pages = [
        nameless(two.lo_client.get(two.url()), two.id) for two in (silent, declined)
    ]

    assert "Nicht zustande gekommen" in pages[0]
    weeks = re.compile(r"Woche \d+/2026")
    assert weeks.sub("", pages[0]) == weeks.sub("", pages[1])


def test_a_complaint_hides_the_contacts_and_blocks_the_pair(two: Two):
    accept(two.lo_client, two)
    accept(two.hi_client, two)

    answer = two.hi_client.post(two.url("/complain"), data={"text": "Nur Werbung"})

    assert answer.location == two.url()
    assert db.session().scalar(select(Block.reason)) == "Nur Werbung"
    assert two.hi.email not in text(two.lo_client.get(two.url()))


@pytest.mark.parametrize("words", ["", "x" * 201, "a\x00b"])
def test_a_complaint_without_words_asks_again(two: Two, words: str):
    answer = two.lo_client.post(two.url("/complain"), data={"text": words})

    assert answer.status_code == 422
    assert words in text(answer)
    assert db.session().scalar(select(Block.reason)) is None


def test_the_list_groups_by_what_is_to_do(two: Two):
    def headings(client: FlaskClient) -> list[str]:
        return re.findall(r"<h2>([^<]+) <span", text(client.get("/introductions")))

    assert headings(two.lo_client) == ["Ihre Antwort steht aus"]
    accept(two.lo_client, two)
    assert headings(two.lo_client) == ["Die andere Firma ist am Zug"]
    accept(two.hi_client, two)
    assert headings(two.lo_client) == headings(two.hi_client) == ["Verbunden"]


def test_ended_ones_come_by_pages(sign_in: SignIn):
    mine = factories.company()
    for number in range(21):
        factories.introduction(
            factories.round_(f"2026-W{number + 10}"),
            mine,
            state=State.DECLINED,
            lo_decision=Decision.DECLINED,
            hi_decision=Decision.DECLINED,
            lo_decided_at=now(),
            hi_decided_at=now(),
            closed_at=now(),
        )
    client = sign_in(factories.person(mine))

    first, second = (
        text(client.get(f"/introductions?page={page}")).count("/introductions/")
        for page in (1, 2)
    )

    assert (first, second) == (20, 1)


def test_a_name_shows_only_where_the_company_wants_it(sign_in: SignIn):
    shy, open_ = make_two(sign_in), make_two(sign_in, show_name=True)

    for two, shown in ((shy, False), (open_, True)):
        name = db.session().get_one(Company, row(two).company_hi_id).name
        assert (name in text(two.lo_client.get(two.url()))) is shown


def test_words_of_others_are_shown_as_text(two: Two):
    attack = '<script>alert(1)</script><img src=x onerror="alert(2)"> Risse'
    with db.transaction() as session:
        for match in session.get_one(Introduction, two.id).matches:
            match.need.text = match.offering.text = attack
            match.need.title = match.offering.title = attack[:60]
            match.reasons = [{"code": "words", "values": {"words": ["risse"]}}]

    page = text(two.lo_client.get(two.url()))

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page
    assert "<mark>Risse</mark>" in page
