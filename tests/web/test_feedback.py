"""The feedback form."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import db
from app.models import Company, Feedback, Outcome, Person
from app.services import introductions
from tests import factories

HELD = {"held": "yes", "outcome": "helpful", "helpful": "4", "sentence": "Gut."}


@pytest.fixture
def met(sign_in: Callable[[Person], FlaskClient]) -> tuple[str, FlaskClient]:
    """The address of a connected introduction's form and a client of one side."""
    at = datetime.now(UTC) - timedelta(days=15)
    row = factories.introduction(shown_at=at, expires_at=at + timedelta(days=14))
    persons = [
        factories.person(db.session().get_one(Company, company_id))
        for company_id in (row.company_lo_id, row.company_hi_id)
    ]
    identity: UUID = row.id
    ids = [one.id for one in persons]
    for by in ids:
        introductions.accept(identity, by=by, at=at)
    client = sign_in(db.session().get_one(Person, ids[0]))
    return f"/introductions/{identity}/feedback", client


def stored() -> list[Feedback]:
    db.session().rollback()
    return list(db.session().scalars(select(Feedback)))


def test_is_asked_for_on_the_page_of_the_introduction(met: tuple[str, FlaskClient]):
    url, client = met

    page = client.get(url.removesuffix("/feedback")).get_data(as_text=True)

    assert "Haben Sie miteinander gesprochen?" in page
    assert url in page


def test_is_taken_and_can_be_changed(met: tuple[str, FlaskClient]):
    url, client = met

    first = client.post(url, data=HELD)
    form = client.get(url).get_data(as_text=True)
    client.post(url, data={"held": "no"})

    assert first.status_code == 302
    assert re.search('checked[^>]*value="yes"', form)
    assert "Gut." in form
    assert [one.held for one in stored()] == [False]
    assert stored()[0].outcome is None


def test_stores_what_was_said(met: tuple[str, FlaskClient]):
    url, client = met

    client.post(url, data=HELD | {"may_publish": "y"})

    (one,) = stored()
    assert (one.outcome, one.helpful) == (Outcome.HELPFUL, 4)
    assert (one.sentence, one.may_publish) == ("Gut.", True)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Bitte wählen Sie ja oder nein."),
        ({"held": "perhaps"}, "Bitte prüfen Sie"),
        ({"held": "yes", "helpful": "4"}, "Bitte wählen Sie, was daraus wurde."),
        ({"held": "yes", "outcome": "helpful"}, "einen Wert von 1 bis 5"),
        (HELD | {"helpful": "9"}, "Bitte prüfen Sie"),
        (HELD | {"sentence": "x" * 501}, "Höchstens 500 Zeichen."),
    ],
)
def test_an_incomplete_form_keeps_what_was_typed(
    met: tuple[str, FlaskClient], form: dict[str, str], words: str
):
    url, client = met

    answer = client.post(url, data=form)

    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert form.get("sentence", "") in answer.get_data(as_text=True)
    assert stored() == []


@pytest.mark.parametrize("sentence", ["a\x00b", "\ud800", "=1+1", "<script>x</script>"])
def test_odd_text_breaks_nothing(met: tuple[str, FlaskClient], sentence: str):
    url, client = met
    body = HELD | {"sentence": sentence.encode("utf-8", "surrogatepass")}

    answer = client.post(url, data=body)
    page = client.get(url)

    assert answer.status_code in {302, 422}
    assert page.status_code == 200
    assert "<script>x" not in page.get_data(as_text=True)
