"""The page on which members find listings of others."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.models import Company, Kind, Person
from tests import factories

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def client(sign_in: SignIn) -> FlaskClient:
    return sign_in(factories.person(factories.company()))


def search(client: FlaskClient, **query: Any) -> str:
    answer = client.get("/search", query_string=query)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def publish(title: str, kind: Kind = Kind.OFFERING, **of: Any) -> Company:
    company = factories.company(**({"name": "Nie Gezeigt AG"} | of))
    factories.person(company, name="Robin Verborgen")
    factories.listing(company, kind, title=title)
    return company


def test_hits_show_the_listing_and_no_name(client: FlaskClient):
    publish("Kameraprüfung")

    page = search(client, q="Schmiedeteile")

    assert "Kameraprüfung" in page
    assert "1 Treffer" in page
    for secret in ("Nie Gezeigt", "Robin", "@firma.example", "+49 731"):
        assert secret not in page


def test_a_name_appears_where_the_company_wants_it(client: FlaskClient):
    publish("Kameraprüfung", name="Gießerei Offen GmbH", show_name=True)

    assert "Gießerei Offen GmbH" in search(client)


def test_filters_are_kept_and_restrict(client: FlaskClient):
    publish("Ein Bedarf", Kind.NEED)
    publish("Ein Angebot", state="DE-HH")

    page = search(client, kind="offering", state="DE-HH")

    assert "Ein Angebot" in page
    assert "Ein Bedarf" not in page
    assert '<option value="DE-HH" selected>' in page
    assert '<option value="offering" selected>' in page


def test_nothing_found_says_what_to_do(client: FlaskClient):
    page = search(client, q="gibt es nicht qqq")

    assert "Nichts gefunden" in page
    assert "/listings/new?kind=need" in page


def test_pages_keep_the_query(client: FlaskClient):
    for number in range(21):
        publish(f"Nummer {number}")

    page = search(client, q="Schmiedeteile")

    assert "/search?q=Schmiedeteile&amp;page=2" in page
    assert "21 Treffer" in page


@pytest.mark.parametrize(
    "query",
    [
        {"q": "<script>alert(1)</script>"},
        {"q": "\x00"},
        {"q": "x" * 5000},
        {"q": "% _ \\ ' \" ;"},
        {"kind": "'; --", "state": "XX", "help": "no", "km": "-1", "topic": "no.such"},
        {"km": "9" * 50, "page": "-3"},
        {"page": "9" * 30},
        {"page": "x", "topic": "\x00"},
    ],
)
def test_odd_queries_get_a_page(client: FlaskClient, query: dict[str, str]):
    page = search(client, **query)

    assert "<script>alert" not in page


def test_visitors_are_sent_to_the_sign_in(app):
    assert "/login" in app.test_client().get("/search").headers["Location"]


def test_the_page_speaks_english(client: FlaskClient):
    client.set_cookie("lang", "en")

    assert 'lang="en"' in search(client)
