"""Joining, confirming, signing in, one-time links: and what strangers cannot learn."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import UUID

import pytest
from flask import Flask
from flask_security.confirmable import generate_confirmation_token
from flask_security.recoverable import generate_reset_password_token
from passlib.totp import TOTP
from sqlalchemy import func, select

from app import db
from app.models import (
    Company,
    CompanyStatus,
    MailKind,
    Membership,
    OutboxMail,
    Person,
    Seat,
)
from app.services import company_names, members, sign_in_links
from tests import factories
from tests.factories import PASSWORD
from tests.web_fixtures import without_tokens

NOW = datetime.now(UTC)
FORM = {
    "company": "Brandl Umformtechnik GmbH",
    "name": "Eva Brandl",
    "email": "Eva.Brandl@brandl.example",
    "password": "genug Zeichen sind das",
    "member_number": "",
    "agreed": "y",
}


def kinds_of_mail() -> list[MailKind]:
    return list(db.session().scalars(select(OutboxMail.kind)))


def token_of(app: Flask, person_id: UUID, make: Callable[[Person], str]) -> str:
    with app.test_request_context():
        return make(db.session().get(Person, person_id))


def test_registering_makes_an_applicant_and_a_mail(client):
    response = client.post("/register", data=FORM)

    assert response.location == "/register/check-mail"
    company = db.session().scalars(select(Company)).one()
    person = db.session().scalars(select(Person)).one()
    assert company.status is CompanyStatus.APPLIED
    assert company.membership is Membership.INTERESTED
    assert (company.name, company.name_key) == (FORM["company"], "brandl umformtechnik")
    assert (person.company_id, person.seat) == (company.id, Seat.TAKEN)
    assert (person.email, person.confirmed_at) == ("eva.brandl@brandl.example", None)
    assert kinds_of_mail() == [MailKind.CONFIRM]


def test_a_member_number_makes_a_member(client):
    client.post("/register", data=FORM | {"member_number": "M 4711"})

    company = db.session().scalars(select(Company)).one()
    assert company.membership is Membership.MEMBER
    assert company.member_number == "M 4711"


def test_a_known_address_gets_the_same_answer_and_a_mail_of_its_own(client):
    known = factories.person(factories.company(), email="eva.brandl@brandl.example")
    known_id = known.id

    response = client.post("/register", data=FORM)

    assert response.location == "/register/check-mail"
    assert db.session().scalar(select(func.count()).select_from(Person)) == 1
    mail = db.session().scalars(select(OutboxMail)).one()
    assert (mail.kind, mail.person_id) == (MailKind.SECURITY, known_id)
    assert mail.params == {"event": "already_registered"}


def test_a_similar_company_is_asked_about_and_what_was_typed_is_kept(client):
    name = "Brandl Umformtechnik GmbH & Co. KG"
    factories.company(name=name, name_key=company_names.key(name), place="Ulm")

    response = client.post("/register", data=FORM | {"company": "Brandl Umformtechnk"})

    assert response.status_code == 422
    assert "Brandl Umformtechnik GmbH &amp; Co. KG in Ulm" in response.text
    assert 'value="Eva Brandl"' in response.text
    assert db.session().scalar(select(func.count()).select_from(Person)) == 0


def test_joining_a_company_asks_its_members_once_the_address_is_confirmed(app, client):
    known = factories.company(
        name="Brandl Umformtechnik", name_key="brandl umformtechnik"
    )
    known_id, colleague_id = known.id, factories.person(known).id

    client.post("/register", data=FORM | {"which": str(known_id)})
    asked = db.session().scalars(select(Person).where(Person.seat == Seat.ASKED)).one()
    asked_id, joins = asked.id, asked.company_id
    before = kinds_of_mail()
    token = token_of(app, asked_id, generate_confirmation_token)
    client.post(f"/confirm/{token}")

    assert joins == known_id
    assert before == [MailKind.CONFIRM]
    mail = (
        db.session()
        .scalars(select(OutboxMail).where(OutboxMail.kind == MailKind.SEAT))
        .one()
    )
    assert (mail.person_id, mail.subject_id) == (colleague_id, asked_id)


def test_none_of_the_similar_companies_makes_a_new_one(client):
    factories.company(name="Brandl Umformtechnik", name_key="brandl umformtechnik")

    client.post("/register", data=FORM | {"which": "new"})

    assert db.session().scalar(select(func.count()).select_from(Company)) == 2


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("company", " ", "Bitte nennen Sie Ihre Firma."),
        ("company", "x" * 201, "Höchstens 200 Zeichen, es sind 201."),
        ("name", "", "Bitte nennen Sie Ihren Namen."),
        ("name", "Eva\x00Brandl", "kein Text"),
        ("email", "eva.brandl", "keine E-Mail-Adresse"),
        ("email", "", "Bitte nennen Sie Ihre E-Mail-Adresse."),
        ("password", "zu kurz", "Bitte 12 bis 128 Zeichen."),
        ("password", "x" * 10_000, "Bitte 12 bis 128 Zeichen."),
        ("agreed", "", "Häkchen"),
    ],
)
def test_registering_with_bad_input_says_what_and_keeps_the_rest(
    client, field, value, told
):
    response = client.post("/register", data=FORM | {field: value})

    assert response.status_code == 422
    assert told in response.text
    assert f'id="{field}-error"' in response.text
    kept = "name" if field != "name" else "company"
    assert f'value="{FORM[kept]}"' in response.text
    assert db.session().scalar(select(func.count()).select_from(Person)) == 0


def test_opening_the_confirmation_link_changes_nothing_its_button_does(app, client):
    person_id = factories.person(factories.company(), confirmed_at=None).id
    token = token_of(app, person_id, generate_confirmation_token)

    for _ in range(3):
        assert client.get(f"/confirm/{token}").status_code == 200
        client.head(f"/confirm/{token}")
    opened = db.session().get(Person, person_id).confirmed_at
    db.remove()
    client.post(f"/confirm/{token}")

    assert opened is None
    assert db.session().get(Person, person_id).confirmed_at is not None


@pytest.mark.parametrize("token", ["forged", "x" * 3000, "a.b.c", "%00", "ä"])
def test_forged_links_are_refused_without_a_fault(client, token):
    for path in (f"/confirm/{token}", f"/reset/{token}", f"/sign-in/{token}"):
        assert client.get(path).status_code in (302, 404, 410)
        assert client.post(path, data={}).status_code in (302, 404, 410)


def test_signing_in_needs_the_password_and_a_confirmed_address(client):
    company = factories.company()
    confirmed = factories.person(company).email
    unconfirmed = factories.person(company, confirmed_at=None).email

    def sign_in(email, password):
        data = {"email": email, "password": password}
        return client.post("/login", data=data).status_code

    assert sign_in(confirmed, "ein anderes Kennwort") == 200
    assert sign_in(unconfirmed, PASSWORD) == 200
    assert sign_in(confirmed, PASSWORD) == 302


def test_a_wrong_password_and_an_unknown_address_look_alike(client):
    factories.person(factories.company(), email="kim@firma.example")

    known, unknown = (
        without_tokens(
            client.post("/login", data={"email": email, "password": "ganz falsch"}).text
        )
        for email in ("kim@firma.example", "ute@firma.example")
    )

    assert known == unknown.replace("ute@", "kim@")


def test_asking_for_a_reset_answers_alike_and_writes_only_to_members(client):
    person = factories.person(factories.company(), email="kim@firma.example")
    person_id = person.id

    known, unknown = (
        without_tokens(
            client.post("/reset", data={"email": email}, follow_redirects=True).text
        )
        for email in ("kim@firma.example", "ute@firma.example")
    )

    assert known == unknown.replace("ute@", "kim@")
    mail = db.session().scalars(select(OutboxMail)).one()
    assert (mail.kind, mail.person_id) == (MailKind.RESET, person_id)
    assert mail.params == {}


def test_a_reset_sets_the_password_once_and_ends_all_sessions(app, client, sign_in):
    person = factories.person(factories.company())
    elsewhere = sign_in(person)
    token = token_of(app, person.id, generate_reset_password_token)
    data = {"password": "ein neues Kennwort", "password_confirm": "ein neues Kennwort"}

    opened = client.get(f"/reset/{token}")
    first = client.post(f"/reset/{token}", data=data)
    second = client.post(f"/reset/{token}", data=data)

    assert opened.status_code == 200
    assert (first.status_code, first.location) == (302, "/login")
    assert second.location.endswith("/reset")
    assert elsewhere.get("/account").status_code == 302
    assert MailKind.SECURITY in kinds_of_mail()


def test_a_one_time_link_signs_in_by_its_button_and_only_once(client, app):
    person = factories.person(factories.company())
    token = sign_in_links.make_for(person.email, at=NOW)

    client.head(f"/sign-in/{token}")
    assert client.get(f"/sign-in/{token}").status_code == 200
    assert client.get("/account").status_code == 302
    first = client.post(f"/sign-in/{token}")
    signed_in = client.get("/account").status_code
    second = app.test_client().post(f"/sign-in/{token}")

    assert first.status_code == 302
    assert signed_in == 200
    assert second.status_code == 410


def test_a_one_time_link_expires(client):
    person = factories.person(factories.company())
    token = sign_in_links.make_for(person.email, at=NOW - timedelta(hours=1))

    assert client.get(f"/sign-in/{token}").status_code == 410
    assert client.post(f"/sign-in/{token}").status_code == 410


@pytest.fixture
def strict(app: Flask) -> Flask:
    """As in production: organizers need a second factor."""
    app.config["ALLOW_NO_TOTP"] = False
    return app


def test_an_organizer_sets_up_a_second_factor_before_the_first_sign_in(strict, client):
    organizer = factories.person(None, "organizer")

    client.post("/login", data={"email": organizer.email, "password": PASSWORD})
    before = client.get("/account").status_code
    page = client.post("/tf-setup", data={"setup": "authenticator"})
    key = page.text.split("<code>")[1].split("</code>")[0]
    code = TOTP(key=key.replace("-", "")).generate().token
    client.post("/tf-validate", data={"code": code})

    assert before == 302
    assert client.get("/account").status_code == 200
    assert client.get("/organize/members").status_code == 200


def test_a_link_does_not_go_round_the_second_factor(strict, client):
    organizer = factories.person(None, "organizer")
    token = sign_in_links.make_for(organizer.email, at=NOW)

    response = client.post(f"/sign-in/{token}")

    assert response.status_code in (200, 302)
    assert client.get("/account").status_code == 302


def test_who_becomes_an_organizer_while_signed_in_sets_it_up_first(strict, sign_in):
    promoted = sign_in(factories.person(factories.company(), "member", "organizer"))

    response = promoted.get("/organize/members")

    assert response.location == "/tf-setup"


def test_the_account_page_changes_what_an_introduction_shows(sign_in):
    person = factories.person(factories.company())
    person_id = person.id

    response = sign_in(person).post(
        "/account",
        data={
            "name": "Kim Neu",
            "position": "Leitung Fertigung",
            "phone": "+49 731 4711",
            "release_phone": "y",
            "locale": "en",
        },
    )

    assert response.status_code == 302
    db.remove()
    now = db.session().get(Person, person_id)
    assert (now.name, now.position, now.phone) == (
        *("Kim Neu", "Leitung Fertigung", "+49 731 4711"),
    )
    assert (now.release_email, now.release_phone, now.locale) == (False, True, "en")


def test_nobody_can_be_left_without_a_way_to_be_reached(sign_in):
    person = factories.person(factories.company())

    response = sign_in(person).post("/account", data={"name": "Kim", "locale": "de"})

    assert response.status_code == 422
    assert "niemand erreichen" in response.text


@pytest.mark.parametrize("path", ["/login", "/reset", "/confirm"])
def test_account_pages_speak_both_languages(client, path):
    german = client.get(path, headers={"Accept-Language": "de"}).text
    english = client.get(path, headers={"Accept-Language": "en"}).text

    assert '<html lang="de">' in german
    assert '<html lang="en">' in english
    assert "E-Mail-Adresse" in german
    assert "Email address" in english
    assert "E-Mail-Adresse</label>" not in english


@pytest.mark.parametrize("machines", [1, 40])
def test_passwords_cannot_be_tried_without_end(app, machines):
    factories.person(factories.company(), email="kim@firma.example")
    data = {"email": "kim@firma.example", "password": "geraten und noch einmal"}

    answers = [
        app.test_client()
        .post(
            "/login",
            data=data,
            environ_base={"REMOTE_ADDR": f"10.0.0.{number % machines}"},
        )
        .status_code
        for number in range(22)
    ]

    assert answers[:20] == [200] * 20
    assert answers[-1] == 429


def test_there_is_no_way_round_the_second_factor_by_mail(client):
    assert client.post("/tf-rescue", data={"help_setup": "help"}).status_code == 404


def test_registering_twice_asks_to_confirm_once_a_minute(client):
    for _ in range(2):
        assert client.post("/register", data=FORM | {"which": "new"}).status_code == 302

    assert db.session().scalar(select(func.count()).select_from(Person)) == 1
    assert kinds_of_mail() == [MailKind.CONFIRM]


def test_the_same_address_many_times_at_once_makes_one_account(app):
    registration = members.Registration(
        name="Eva Brandl",
        email="eva@brandl.example",
        password_hash="x",
        locale="de",
        company_name="Brandl",
    )

    def register(_: int) -> UUID | None:
        try:
            return members.register(registration, at=NOW)
        finally:
            db.remove()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(register, range(16)))

    assert sum(one is not None for one in made) == 1
    assert db.session().scalar(select(func.count()).select_from(Person)) == 1
    assert db.session().scalar(select(func.count()).select_from(Company)) == 1


@pytest.mark.parametrize(
    "address", ["https://boese.example/", "//boese.example", "/\\boese.example"]
)
def test_signing_in_never_leads_outside(client, address):
    person = factories.person(factories.company())
    data = {"email": person.email, "password": PASSWORD, "next": address}

    response = client.post(f"/login?next={quote(address)}", data=data)

    assert not response.location or re.match(r"/([^/\\]|$)", response.location)


def test_a_one_time_link_used_many_times_at_once_works_once(app):
    token = sign_in_links.make_for(factories.person(factories.company()).email, at=NOW)

    def use(_: int) -> UUID | None:
        try:
            return sign_in_links.use(token, at=NOW)
        finally:
            db.remove()

    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(use, range(16)))

    assert sum(one is not None for one in used) == 1
