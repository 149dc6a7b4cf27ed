"""A company's own pages: profile, people, pause, companies not to meet."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app import db
from app.models import (
    Avoidance,
    Company,
    CompanyStatus,
    Introduction,
    MailKind,
    OutboxMail,
    Person,
    Seat,
    State,
)
from tests import factories

PROFILE = {
    "name": "Gießerei Albrecht GmbH",
    "place": "Ulm (Baden-Württemberg)",
    "sector": "25",
    "size": "small",
    "about": "Wir gießen Aluminium.",
    "stage": "2",
    "areas": ["app.prod", "app.adm"],
    "languages": ["de", "en"],
    "capacity": "2",
    "max_open": "4",
    "show_name": "yes",
    "no_paid": "y",
}


@pytest.fixture
def member(sign_in):
    """A client of a member, and the id of the company."""
    company = factories.company(name="Gießerei Albrecht", show_name=None)
    company_id = company.id
    client = sign_in(factories.person(company))
    client.company_id = company_id
    return client


def company_of(client) -> Company:
    db.remove()
    return db.session().get(Company, client.company_id)


def test_the_profile_is_stored_as_told(member):
    response = member.post("/company/edit", data=PROFILE)

    assert response.location == "/company"
    company = company_of(member)
    assert (company.name, company.name_key) == (
        *("Gießerei Albrecht GmbH", "giesserei albrecht"),
    )
    assert (company.place, company.state, round(company.lat)) == ("Ulm", "DE-BW", 48)
    assert (company.sector, company.size, company.stage) == ("25", "small", 2)
    assert (company.areas, company.languages) == (
        *(["app.prod", "app.adm"], ["de", "en"]),
    )
    assert (company.capacity, company.max_open, company.show_name) == (2, 4, True)
    assert (company.no_paid, company.no_competitors) == (True, False)


def test_the_form_shows_what_is_stored_and_changes_nothing_by_itself(member):
    member.post("/company/edit", data=PROFILE)
    page = member.get("/company/edit").text

    assert 'value="Ulm (Baden-Württemberg)"' in page
    assert '<option selected value="25">' in page
    assert "Wir gießen Aluminium.</textarea>" in page


def test_whether_the_name_is_shown_stays_unanswered_until_somebody_answers(member):
    unanswered = {key: value for key, value in PROFILE.items() if key != "show_name"}

    member.post("/company/edit", data=unanswered)

    assert company_of(member).show_name is None
    assert "ob wir den Namen zeigen" in member.get("/company").text


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "Bitte nennen Sie den Namen der Firma."),
        ("name", "x", "Bitte nennen Sie den Namen der Firma."),
        ("place", "Atlantis", "Diesen Ort kennen wir nicht."),
        ("place", "Neustadt", "Welchen meinen Sie?"),
        ("about", "x" * 1001, "Höchstens 1000 Zeichen, es sind 1001."),
        ("about", "Schreiben Sie an info@giesserei.de", "E-Mail-Adresse"),
        ("about", "a\x00b", "kein Text"),
        ("max_open", "99", "Bitte eine Zahl von 0 bis 20."),
    ],
)
def test_bad_profiles_are_told_at_the_field_and_kept(member, field, value, told):
    response = member.post("/company/edit", data=PROFILE | {field: value})

    assert response.status_code == 422
    assert told in response.text
    assert f'id="{field}-error"' in response.text
    assert company_of(member).about is None


@pytest.mark.parametrize("field", ["sector", "size", "stage", "areas", "capacity"])
def test_values_that_are_no_choice_are_refused(member, field):
    response = member.post("/company/edit", data=PROFILE | {field: "zzz"})

    assert response.status_code == 422


def test_an_ambiguous_place_offers_its_candidates(member):
    page = member.post("/company/edit", data=PROFILE | {"place": "Neustadt"}).text

    assert page.count("Neustadt (") > 1


def test_places_are_found_while_typing(member, client):
    found = member.get("/places?place=muenche").text

    assert "München (Bayern)" in found
    assert member.get("/places").text.strip() == ""
    assert client.get("/places?place=ulm").status_code == 302


def test_a_colleague_lets_somebody_in(member, sign_in):
    company = db.session().get(Company, member.company_id)
    asking = factories.person(company, seat=Seat.ASKED, name="Ute Neu").id

    page = member.get("/company").text
    member.post(f"/company/people/{asking}/admit")

    assert "Ute Neu" in page
    db.remove()
    assert db.session().get(Person, asking).seat is Seat.TAKEN
    assert list(db.session().scalars(select(OutboxMail.kind))) == [MailKind.APPROVED]


def test_somebody_turned_away_keeps_the_account_without_the_company(member):
    company = db.session().get(Company, member.company_id)
    asking = factories.person(company, seat=Seat.ASKED).id

    member.post(f"/company/people/{asking}/turn-away")

    db.remove()
    assert db.session().get(Person, asking).company_id is None


@pytest.mark.parametrize("act", ["admit", "turn-away"])
def test_nobody_decides_about_seats_elsewhere_or_their_own(act, member, sign_in):
    other = factories.company()
    asking = factories.person(other, seat=Seat.ASKED)
    asking_id = asking.id
    themselves = sign_in(asking)
    url = f"/company/people/{asking_id}/{act}"

    assert member.post(url).status_code == 404
    assert themselves.post(url).status_code == 404
    db.remove()
    assert db.session().get(Person, asking_id).seat is Seat.ASKED


def test_who_only_asked_for_a_seat_sees_nothing_of_the_company(sign_in):
    asking = sign_in(factories.person(factories.company(), seat=Seat.ASKED))

    for path in ("/company", "/company/edit", "/company/avoid"):
        assert asking.get(path).status_code == 404
    assert asking.get("/week").location == "/waiting"
    assert "Ihre Firma ist gefragt" in asking.get("/waiting").text


def test_a_waiting_company_can_fill_in_its_profile(sign_in):
    company = factories.company(status=CompanyStatus.APPLIED, approved_at=None)
    applicant = sign_in(factories.person(company))

    assert applicant.get("/company/edit").status_code == 200
    assert "Wir prüfen Ihre Anmeldung" in applicant.get("/waiting").text


def test_a_pause_ends_what_is_open_and_can_be_ended(sign_in):
    introduction = factories.introduction()
    introduction_id, company_id = introduction.id, introduction.company_lo_id
    company = db.session().get(Company, company_id)
    client = sign_in(factories.person(company))
    until = (datetime.now(UTC) + timedelta(days=30)).date()

    client.post("/company/pause", data={"until": until.isoformat()})
    db.remove()
    paused = db.session().get(Company, company_id).paused_until
    state = db.session().get(Introduction, introduction_id).state
    client.post("/company/pause", data={"resume": "1"})
    db.remove()

    assert (paused, state) == (until, State.CANCELLED)
    assert db.session().get(Company, company_id).paused_until is None


@pytest.mark.parametrize("until", ["", "gestern", "2020-01-01", "9999-12-31"])
def test_pauses_that_make_no_sense_are_refused(member, until):
    member.post("/company/pause", data={"until": until})

    assert company_of(member).paused_until is None


def test_a_company_to_avoid_is_searched_chosen_and_taken_back(member):
    other = factories.company(name="Brandl GmbH", name_key="brandl").id

    asked = member.post("/company/avoid", data={"company": "Brandl"}).text
    member.post("/company/avoid", data={"company": "Brandl", "which": str(other)})
    avoided = db.session().scalars(select(Avoidance.other_id)).all()
    db.remove()
    member.post(f"/company/avoid/{other}/remove")

    assert "Brandl GmbH, Ulm" in asked
    assert avoided == [other]
    assert db.session().scalars(select(Avoidance)).all() == []


def test_an_unknown_company_cannot_be_avoided(member):
    response = member.post("/company/avoid", data={"company": "Niemand & Söhne"})

    assert response.status_code == 422
    assert "Diese Firma ist nicht dabei." in response.text
