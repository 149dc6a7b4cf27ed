"""Asking for an introduction from the search: by a form, without a script."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app import db
from app.models import Introduction, Person, State
from tests import factories
from tests.app.test_asking import Two

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def two(database: str) -> Two:
    factories.round_()
    return Two(name="Nie Gezeigt AG")


@pytest.fixture
def client(two: Two, sign_in: SignIn) -> FlaskClient:
    return sign_in(db.session().get_one(Person, two.kim))


def ask(client: FlaskClient, two: Two):
    return client.post(
        f"/search/{two.offering}/ask",
        data={"release_email": "y"},
        follow_redirects=True,
    )


def introductions() -> list[Introduction]:
    db.remove()
    return list(db.session().query(Introduction))


def test_a_hit_leads_to_the_form_which_says_what_will_be_shown(
    client: FlaskClient, two: Two
):
    page = client.get("/search").get_data(as_text=True)
    form = client.get(f"/search/{two.offering}/ask").get_data(as_text=True)

    assert f"/search/{two.offering}/ask" in page
    assert "14 Tage" in form
    assert "Nie Gezeigt" not in form
    assert introductions() == []


def test_asking_leads_to_the_waiting_introduction(client: FlaskClient, two: Two):
    answer = ask(client, two)

    (found,) = introductions()
    assert answer.status_code == 200
    assert answer.request.path == f"/introductions/{found.id}"
    assert "Angefragt." in answer.get_data(as_text=True)
    assert found.state is State.HALF


def test_a_refusal_says_why_and_keeps_the_choice(client: FlaskClient, two: Two):
    ask(client, two)

    answer = ask(client, two)

    page = answer.get_data(as_text=True)
    choice = re.search(r'<input[^>]*name="release_email"[^>]*>', page)
    assert answer.status_code == 422
    assert "gerade keine Vorstellung" in page
    assert choice is not None
    assert "checked" in choice[0]
    assert len(introductions()) == 1


def test_own_and_absent_listings_look_alike(client: FlaskClient, two: Two):
    own = client.get(f"/search/{two.need}/ask")
    absent = client.get("/search/00000000-0000-4000-8000-000000000000/ask")

    assert own.status_code == absent.status_code == 404
