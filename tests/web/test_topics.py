"""The picker of topics that htmx swaps while a member types."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.models import Person
from tests import factories

SignIn = Callable[[Person], FlaskClient]
INSPECTION = "Wir prüfen Bauteile mit Kameras und Bilderkennung auf Kratzer und Risse."
VISUAL = "app.prod.visual-inspection"


@pytest.fixture
def client(sign_in: SignIn) -> FlaskClient:
    return sign_in(factories.person(factories.company()))


def picker(client: FlaskClient, part: str = "", **fields: Any) -> str:
    answer = client.post(f"/topics/recognise?part={part}", data=fields)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def chips(html: str, part: str = "") -> list[str]:
    return re.findall(rf'name="{part}drop" value="([^"]+)"', html)


def test_typing_shows_chips_and_announces_them(client: FlaskClient):
    html = picker(client, text=INSPECTION)

    assert VISUAL in chips(html)
    assert "data-announce" in html
    assert "<html" not in html


def test_each_part_of_a_form_has_its_own_picker(client: FlaskClient):
    fields = {"need-text": INSPECTION, "offering-text": "Datenschutz, DSGVO"}

    need = picker(client, "need-", **fields)
    offering = picker(client, "offering-", **fields)

    assert VISUAL in chips(need, "need-")
    assert "gov.gdpr" in chips(offering, "offering-")
    assert 'id="need-chips"' in need


def test_a_removed_topic_stays_away_while_typing_on(client: FlaskClient):
    html = picker(client, text=INSPECTION, drop=VISUAL)
    assert VISUAL not in chips(html)
    removed = re.findall(r'name="removed" value="([^"]+)"', html)

    html = picker(client, text=INSPECTION + " Jeden Tag.", removed=removed)

    assert VISUAL not in chips(html)


def test_an_added_topic_stays_while_typing_on(client: FlaskClient):
    html = picker(client, text=INSPECTION, add="gov.gdpr")
    added = re.findall(r'name="added" value="([^"]+)"', html)

    html = picker(client, text="Ganz anderer Text", added=added)

    assert "gov.gdpr" in chips(html)


def test_a_removed_topic_can_be_added_again(client: FlaskClient):
    html = picker(client, text=INSPECTION, removed=VISUAL, add=VISUAL)

    assert VISUAL in chips(html)
    assert 'name="removed"' not in html


def test_the_search_offers_topics_that_are_not_there_yet(client: FlaskClient):
    html = picker(client, text="", query="Datenschuz")
    assert 'name="add" value="gov.gdpr"' in html

    html = picker(client, text="", query="Datenschuz", added="gov.gdpr")
    assert 'name="add" value="gov.gdpr"' not in html


def test_a_search_without_result_says_so(client: FlaskClient):
    assert "Dazu gibt es kein Thema" in picker(client, query="qqqqqqqqqqqq")


def test_unknown_topics_and_nonsense_show_nothing(client: FlaskClient):
    html = picker(client, text="asdf qwer", added=["no.such", "<script>"])

    assert chips(html) == []
    assert "<script>" not in html
    assert "Noch kein Thema erkannt" in html


def test_long_and_broken_text_is_answered(client: FlaskClient):
    for text in ("x" * 60_000, "\x00\x01", "Ä" * 5000, INSPECTION * 200):
        picker(client, text=text, query=text[:5000])


def test_a_part_that_no_form_has_is_not_found(client: FlaskClient):
    assert client.post("/topics/recognise?part=other-").status_code == 404


def test_visitors_get_no_picker(app):
    visitor = app.test_client()

    answer = visitor.post("/topics/recognise", headers={"HX-Request": "true"})

    assert answer.status_code == 401


def test_the_page_speaks_english(client: FlaskClient):
    client.set_cookie("lang", "en")

    html = picker(client, text=INSPECTION)

    assert "Computer vision" in html
