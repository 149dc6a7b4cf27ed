"""The organizers' page of companies: who waits, who takes part."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import db
from app.models import (
    AuditEvent,
    Company,
    CompanyStatus,
    Introduction,
    MailKind,
    OutboxMail,
    Person,
    State,
)
from tests import factories


@pytest.fixture
def applicant(database: str) -> UUID:
    company = factories.company(
        name="Ölmühle Kern e.K.",
        name_key="oelmuehle kern",
        status=CompanyStatus.APPLIED,
        approved_at=None,
    )
    factories.person(company)
    return company.id


@pytest.fixture
def organizer(sign_in) -> FlaskClient:
    return sign_in(factories.person(None, "organizer"))


def test_a_waiting_company_is_shown_with_its_people_and_namesakes(
    applicant, organizer, sign_in
):
    factories.company(name="Oelmühle Kern", name_key="oelmuehle kern", place="Ulm")

    page = organizer.get("/organize/members").text

    assert "Ölmühle Kern e.K." in page
    assert "Ähnlich heißen:" in page
    assert "Adresse bestätigt" in page


def test_approving_lets_the_company_take_part_and_tells_it(
    applicant, organizer, sign_in
):
    response = organizer.post(f"/organize/members/{applicant}/approve")

    assert response.status_code == 302
    db.remove()
    company = db.session().get(Company, applicant)
    assert (company.status, company.approved_at is None) == (
        *(CompanyStatus.APPROVED, False),
    )
    mail = db.session().scalars(select(OutboxMail)).one()
    assert (mail.kind, mail.params) == (MailKind.APPROVED, {"event": "approved"})
    audit = db.session().scalars(select(AuditEvent)).one()
    actor_id = (
        db.session().scalars(select(Person.id).where(Person.company_id.is_(None))).one()
    )
    assert (audit.action, audit.actor_id) == ("company.approved", actor_id)


def test_approving_twice_says_that_it_was_decided(applicant, organizer, sign_in):
    organizer.post(f"/organize/members/{applicant}/approve")

    response = organizer.post(f"/organize/members/{applicant}/approve")

    assert response.status_code == 409
    assert len(db.session().scalars(select(OutboxMail)).all()) == 1


def test_refusing_needs_a_reason_that_the_applicant_sees(applicant, organizer, sign_in):
    url = f"/organize/members/{applicant}/refuse"

    organizer.post(url, data={"reason": " "})
    untouched = db.session().get(Company, applicant).status
    db.remove()
    organizer.post(url, data={"reason": "Bitte melden Sie sich beim Landesverband."})
    db.remove()
    person = (
        db.session().scalars(select(Person).where(Person.company_id == applicant)).one()
    )
    page = sign_in(person).get("/waiting").text

    assert untouched is CompanyStatus.APPLIED
    assert "Bitte melden Sie sich beim Landesverband." in page


def test_suspending_ends_open_introductions_and_sessions(organizer, sign_in):
    introduction = factories.introduction()
    introduction_id, company_id = introduction.id, introduction.company_lo_id
    theirs = sign_in(factories.person(db.session().get(Company, company_id)))
    url = f"/organize/members/{company_id}/suspend"

    organizer.post(url, data={"reason": "Beschwerden"})

    db.remove()
    state = db.session().get(Introduction, introduction_id).state
    assert state is State.CANCELLED
    assert theirs.get("/account").status_code == 302


@pytest.mark.parametrize("act", ["approve", "refuse", "suspend"])
def test_members_and_visitors_decide_about_nobody(act, applicant, sign_in, client):
    member = sign_in(factories.person(factories.company()))
    url = f"/organize/members/{applicant}/{act}"

    assert member.post(url, data={"reason": "x"}).status_code == 404
    assert client.post(url, data={"reason": "x"}).status_code == 302
    db.remove()
    assert db.session().get(Company, applicant).status is CompanyStatus.APPLIED


def test_the_list_finds_by_folded_name_and_state(applicant, organizer, sign_in):
    factories.company(name="Gießerei Albrecht", name_key="giesserei albrecht")

    found = organizer.get("/organize/members?q=giesserei&status=approved").text
    none = organizer.get("/organize/members?q=%25&status=nonsense&page=-3").text

    assert "Gießerei Albrecht" in found
    assert "<h1>" in none
