"""Organizers see reasons and decisions; contacts only with a reason that is kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import db
from app.models import AuditEvent, Company, DeclineReason, Person
from app.services import introductions
from tests import factories

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def organizer(sign_in: SignIn) -> FlaskClient:
    return sign_in(factories.person(None, "organizer"))


@pytest.fixture
def two() -> tuple[UUID, list[UUID]]:
    """An open introduction and a person of each side."""
    at = datetime.now(UTC)
    row = factories.introduction(shown_at=at, expires_at=at + timedelta(days=14))
    identity, sides = row.id, (row.company_lo_id, row.company_hi_id)
    persons = [
        factories.person(db.session().get_one(Company, one), name=f"Frau Seite{n}").id
        for n, one in enumerate(sides)
    ]
    return identity, persons


def connect(two: tuple[UUID, list[UUID]]) -> None:
    for by in two[1]:
        introductions.accept(two[0], by=by, at=datetime.now(UTC))


def audited() -> list[str]:
    db.session().rollback()
    return list(db.session().scalars(select(AuditEvent.action)))


def test_a_case_shows_decisions_and_why_but_no_contact(
    organizer: FlaskClient, two: tuple[UUID, list[UUID]]
):
    introductions.decline(
        two[0], DeclineReason.TOO_FAR, by=two[1][0], at=datetime.now(UTC)
    )

    page = organizer.get(f"/organize/introductions/{two[0]}").get_data(as_text=True)

    assert "Zu weit weg" in page
    assert "Gemeinsames Thema" in page
    assert "Seite0" not in page


def test_contacts_need_a_reason_and_leave_a_trace(
    organizer: FlaskClient, two: tuple[UUID, list[UUID]]
):
    connect(two)
    url = f"/organize/introductions/{two[0]}"

    before = organizer.get(url).get_data(as_text=True)
    without = organizer.post(url, data={"reason": " "})
    shown = organizer.post(url, data={"reason": "Beide melden sich nicht."})

    assert "Seite0" not in before
    assert without.status_code == 422
    assert "Seite0" not in without.get_data(as_text=True)
    assert "Seite0" in shown.get_data(as_text=True)
    assert audited() == ["introduction.reveal"]
    detail = db.session().scalar(select(AuditEvent.detail))
    assert detail == {"reason": "Beide melden sich nicht."}


def test_there_is_nothing_to_reveal_before_the_connection(
    organizer: FlaskClient, two: tuple[UUID, list[UUID]]
):
    url = f"/organize/introductions/{two[0]}"

    assert "Kontaktdaten ansehen" not in organizer.get(url).get_data(as_text=True)
    assert organizer.post(url, data={"reason": "x"}).status_code == 404
    assert audited() == []


def test_members_have_no_cases(sign_in: SignIn, two: tuple[UUID, list[UUID]]):
    member = sign_in(db.session().get_one(Person, two[1][0]))

    for which in (two[0], uuid4()):
        url = f"/organize/introductions/{which}"
        assert member.get(url).status_code == 404
        assert member.post(url, data={"reason": "x"}).status_code == 404


def test_the_first_look_at_contacts_is_kept(
    sign_in: SignIn, two: tuple[UUID, list[UUID]]
):
    member = sign_in(db.session().get_one(Person, two[1][0]))
    url = f"/introductions/{two[0]}"

    assert member.post(f"{url}/read").status_code == 204
    assert audited() == []  # nothing to look at yet

    connect(two)
    assert member.get(url).status_code == 200
    assert audited() == []  # a GET writes nothing
    for _ in range(2):
        assert member.post(f"{url}/read").status_code == 204
    assert audited() == ["introduction.contact_read"]
