"""The screens of needs and offerings, with and without JavaScript."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from markupsafe import escape

from app import db
from app.models import (
    Company,
    Kind,
    Listing,
    ListingStatus,
    ListingTopic,
    Paid,
    Person,
    Reach,
)
from tests import factories
from tests.web_fixtures import without_tokens

SignIn = Callable[[Person], FlaskClient]

TEXT = "Wir prüfen Bauteile mit Kameras und Bilderkennung auf Kratzer und Risse."
XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "</textarea><script>alert(1)</script>",
    "javascript:alert(1)",
]


@pytest.fixture
def company(database: str) -> Company:
    """The member's own company, known by its id: no session outlives a request."""
    return Company(id=factories.company().id)


@pytest.fixture
def client(sign_in: SignIn, company: Company) -> FlaskClient:
    return sign_in(factories.person(company))


def post(client: FlaskClient, url: str, **fields: Any) -> tuple[int, str]:
    answer = client.post(url, data=fields, follow_redirects=True)
    return answer.status_code, answer.get_data(as_text=True)


def only() -> Listing:
    db.remove()
    return db.session().scalars(sa.select(Listing)).one()


def count() -> int:
    return db.session().scalar(sa.select(sa.func.count(Listing.id))) or 0


def test_a_need_is_created_and_listed_with_its_topics(client: FlaskClient):
    status, page = post(
        client,
        "/listings/new?kind=need",
        title="Sichtprüfung",
        text=TEXT,
        help_kinds=["exp-exchange", "site-visit"],
        reach="onsite",
        radius_km="80",
    )

    assert status == 200
    assert "Ihr Bedarf ist eingetragen" in page
    assert "Sichtprüfung" in page
    assert "Optische Qualitätsprüfung" in page
    listing = only()
    assert (listing.kind, listing.reach, listing.radius_km) == (
        Kind.NEED,
        Reach.ONSITE,
        80,
    )
    assert listing.help_kinds == ["exp-exchange", "site-visit"]


def test_only_an_offering_asks_for_a_price(client: FlaskClient):
    need = client.get("/listings/new?kind=need").get_data(as_text=True)
    offering = client.get("/listings/new?kind=offering").get_data(as_text=True)
    post(client, "/listings/new?kind=offering", text=TEXT, paid="maybe")

    assert "Kostet das etwas?" in offering
    assert "Kostet das etwas?" not in need
    assert only().paid is Paid.MAYBE


def test_errors_keep_everything_that_was_typed(client: FlaskClient):
    status, page = post(
        client,
        "/listings/new?kind=offering",
        title="Unsere Kameraprüfung",
        text="Fragen an kim@firma.example",
        help_kinds=["mentoring"],
        reach="remote",
        radius_km="viel",
        paid="yes",
        added=["gov.gdpr"],
    )

    assert status == 422
    assert "erst bei einer Vorstellung ausgetauscht" in page
    assert "Bitte eine ganze Zahl." in page
    assert "Bitte prüfen Sie 2 Angaben." in page
    assert "Fragen an kim@firma.example" in page
    assert 'value="Unsere Kameraprüfung"' in page
    assert re.search(r'checked[^>]*value="mentoring"', page)
    assert re.search(r'checked[^>]*value="remote"', page)
    assert re.search(r'checked[^>]*value="yes"', page)
    assert 'value="viel"' in page
    assert 'name="added" value="gov.gdpr"' in page
    assert count() == 0


def test_the_button_recognises_topics_without_javascript(client: FlaskClient):
    status, page = post(
        client, "/listings/new?kind=need", text=TEXT, recognise="1", reach="state"
    )

    assert status == 200
    assert "Optische Qualitätsprüfung" in page
    assert str(escape(TEXT)) in page
    assert re.search(r'checked[^>]*value="state"', page)
    assert count() == 0


def test_a_chip_is_removed_and_another_added_without_javascript(client: FlaskClient):
    url = "/listings/new?kind=need"
    dropped = "app.prod.visual-inspection"
    _, page = post(client, url, text=TEXT, drop=dropped)
    assert f'value="{dropped}" formnovalidate' not in page
    assert f'name="removed" value="{dropped}"' in page

    _, page = post(
        client, url, text=TEXT, removed=dropped, query="Datenschuz", find="1"
    )
    assert 'name="add" value="gov.gdpr"' in page

    _, page = post(client, url, text=TEXT, removed=dropped, add="gov.gdpr")
    assert 'name="added" value="gov.gdpr"' in page

    post(client, url, text=TEXT, removed=dropped, added="gov.gdpr")
    rows = db.session().scalars(sa.select(ListingTopic)).all()
    found = {row.topic_id: row.by_person for row in rows}
    assert found["gov.gdpr"] is True
    assert dropped not in found


def test_a_listing_is_edited_with_its_values_filled_in(client: FlaskClient):
    post(client, "/listings/new?kind=need", title="Alt", text=TEXT, added="gov.gdpr")
    url = f"/listings/{only().id}/edit"

    page = client.get(url).get_data(as_text=True)
    status, _ = post(client, url, title="Neu", text=TEXT + " Jeden Tag.", reach="state")

    assert 'value="Alt"' in page
    assert 'name="added" value="gov.gdpr"' in page
    assert status == 200
    listing = only()
    assert (listing.title, listing.reach) == ("Neu", Reach.STATE)


def test_editing_recognises_without_saving(client: FlaskClient):
    post(client, "/listings/new?kind=need", title="Alt", text=TEXT)

    _, page = post(
        client, f"/listings/{only().id}/edit", text="Datenschutz", recognise="1"
    )

    assert "Datenschutz (DSGVO)" in page
    assert only().title == "Alt"


def test_a_listing_is_renewed_by_one_click(client: FlaskClient, company: Company):
    old = factories.listing(company, valid_until=date(2026, 1, 1)).id
    page = client.get("/listings").get_data(as_text=True)
    assert "abgelaufen am 1. Januar 2026" in page

    status, page = post(client, f"/listings/{old}/renew")

    assert status == 200
    assert "gilt wieder 180 Tage" in page
    today = datetime.now(UTC).date()
    assert only().valid_until >= today + timedelta(days=179)


def test_a_listing_is_closed_and_opened_again(client: FlaskClient):
    post(client, "/listings/new?kind=need", text=TEXT)
    listing_id = only().id

    _, page = post(client, f"/listings/{listing_id}/close")
    assert "geschlossen" in page
    assert only().status is ListingStatus.CLOSED
    status, page = post(client, f"/listings/{listing_id}/renew")
    assert status == 409
    assert "Öffnen Sie ihn zuerst wieder" in page

    post(client, f"/listings/{listing_id}/reopen")
    assert only().status is ListingStatus.OPEN


def test_a_use_case_fills_title_and_topics(client: FlaskClient):
    page = client.get(
        "/listings/new?kind=need&use_case=app.prod/batch-traceability"
    ).get_data(as_text=True)

    assert "Chargen in der Fertigung lückenlos zurückverfolgen" in page
    assert 'name="added" value="app.prod"' in page


@pytest.mark.parametrize("query", ["kind=other", "kind=need%00", "kind="])
def test_an_unknown_kind_is_not_found(client: FlaskClient, query: str):
    assert client.get(f"/listings/new?{query}").status_code == 404


def test_an_unknown_use_case_opens_an_empty_form(client: FlaskClient):
    assert client.get("/listings/new?use_case=no/such").status_code == 200


@pytest.mark.parametrize("act", ["edit", "renew", "close", "reopen"])
def test_foreign_and_absent_listings_look_alike(client: FlaskClient, act: str):
    foreign = factories.listing(factories.company(), title="Geheim", text="Geheimes").id

    pages = [
        post(client, f"/listings/{one}/{act}", text=TEXT) for one in (foreign, uuid4())
    ]

    assert [status for status, _ in pages] == [404, 404]
    assert without_tokens(pages[0][1]) == without_tokens(pages[1][1])
    assert db.session().get_one(Listing, foreign).text == "Geheimes"
    if act == "edit":
        shown = client.get(f"/listings/{foreign}/edit")
        assert shown.status_code == 404
        assert "Geheim" not in shown.get_data(as_text=True)


@pytest.mark.parametrize("act", ["renew", "close", "reopen"])
def test_no_get_acts(client: FlaskClient, company: Company, act: str):
    listing_id = factories.listing(company).id

    assert client.get(f"/listings/{listing_id}/{act}").status_code == 405
    assert only().status is ListingStatus.OPEN


def test_sent_twice_is_stored_once(client: FlaskClient):
    for _ in range(2):
        status, _ = post(client, "/listings/new?kind=need", title="A", text=TEXT)
        assert status == 200

    assert count() == 1


@pytest.mark.parametrize("nasty", XSS)
def test_scripts_are_shown_as_text(client: FlaskClient, nasty: str):
    _, created = post(
        client, "/listings/new?kind=need", title=nasty, text=nasty + " Wort"
    )
    _, refused = post(
        client,
        "/listings/new?kind=need",
        title=nasty,
        text="",
        query=nasty,
        added=nasty,
        removed=nasty,
        help_kinds=nasty,
        reach=nasty,
        radius_km=nasty,
        paid=nasty,
    )
    edited = client.get(f"/listings/{only().id}/edit").get_data(as_text=True)

    for page in (created, refused, edited):
        body = page.split("<main", 1)[1]
        assert "<script>alert" not in body
        assert "<img src=x" not in body
        assert "<svg/onload" not in body
        assert "49" not in re.sub(r"[0-9a-f-]{36}", "", body) or "7 * 7" not in nasty


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"text": ""},
        {"text": "x" * 10_000},
        {"text": "\x00\x01\x02"},
        {"text": "\ufffd\ufffdJFIF"},
        {"text": TEXT, "title": "t" * 5000},
        {"text": TEXT, "added": "no.such.topic"},
        {"text": TEXT, "help_kinds": "no-such-kind"},
        {"text": TEXT, "reach": "onsite", "radius_km": "-5"},
        {"text": TEXT, "reach": "onsite", "radius_km": "9" * 30},
        {"text": TEXT, "reach": "onsite", "radius_km": "1e3"},
    ],
)
def test_bad_input_gets_one_clear_answer(client: FlaskClient, fields: dict[str, Any]):
    status, page = post(client, "/listings/new?kind=need", **fields)

    assert status == 422
    assert "Bitte prüfen Sie" in page
    assert count() == 0


def test_visitors_are_sent_to_the_sign_in(app):
    visitor = app.test_client()

    for url in ("/listings", "/listings/new"):
        answer = visitor.get(url)
        assert answer.status_code == 302
        assert "/login" in answer.headers["Location"]


def test_the_list_shows_only_own_listings(client: FlaskClient, company: Company):
    factories.listing(company, title="Unser Eintrag")
    factories.listing(factories.company(), title="Fremder Eintrag")

    page = client.get("/listings").get_data(as_text=True)

    assert "Unser Eintrag" in page
    assert "Fremder Eintrag" not in page


def test_an_empty_list_says_what_to_do(client: FlaskClient):
    page = client.get("/listings").get_data(as_text=True)

    assert "Noch kein Bedarf" in page
    assert "Noch kein Angebot" in page


def test_an_identifier_that_is_none_is_not_found(client: FlaskClient):
    assert client.get("/listings/no-uuid/edit").status_code == 404
    assert client.get(f"/listings/{UUID(int=0)}/edit").status_code == 404
