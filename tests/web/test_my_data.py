"""My data: what the page says, what is taken along, and what deleting asks for."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.i18n import COOKIE
from app.models import (
    KEEPINGS,
    Company,
    CompanyStatus,
    DeclineReason,
    Introduction,
    MailKind,
    Person,
    Seat,
    Side,
)
from app.services import consent, erasure_log, feedback, introductions, outbox
from app.services.export import SECTIONS
from app.web.my_data_words import CODED, FIELDS
from app.web.my_data_words import SECTIONS as NAMES
from tests import factories
from tests.factories import PASSWORD

NOW = datetime.now(UTC)
SignIn = Callable[[Person], FlaskClient]
PAGES = ("/my-data", "/my-data/delete-account", "/my-data/delete-company")


def someone(*of: Any, **values: Any) -> Person:
    """A person whose row can be read after the session of a request has ended."""
    person = factories.person(*of, **values)
    db.session().refresh(person)
    db.session().expunge(person)
    return person


@pytest.fixture
def me(app: Flask) -> Person:
    return someone(factories.company(name="Meine Werkstatt GmbH"), name="Kim Eigen")


def mate_of(person: Person) -> Person:
    company = db.session().get_one(Company, person.company_id)
    return someone(company, name="Robin Zweit", created_at=NOW)


def suggested(person: Person, **other: Any) -> tuple[Any, Person]:
    """An introduction that is open now, and the person of the other side."""
    mine = db.session().get_one(Company, person.company_id)
    theirs = factories.company(name="Geheim KG", place="Kassel", **other)
    contact = someone(
        theirs, name="Toni Fremd", email="toni@geheim.example", phone="+49 561 12345"
    )
    row = factories.introduction(
        None, mine, theirs, shown_at=NOW, expires_at=NOW + timedelta(days=14)
    )
    return row.id, contact


def archive(client: FlaskClient) -> dict[str, bytes]:
    response = client.post("/my-data/export")
    assert response.status_code == 200
    with zipfile.ZipFile(io.BytesIO(response.data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def content(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(archive(client)["handschlag.json"])
    return found


def rows_of(raw: bytes) -> list[dict[str, str]]:
    text = raw.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


class TestPage:
    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("de", ["Meine Daten", "Einwilligungen", "3 Jahre", "180 Tage"]),
            ("en", ["My data", "Consents", "3 years", "180 days"]),
        ],
    )
    def test_says_what_is_kept_how_long(
        self, me: Person, sign_in: SignIn, language: str, words: list[str]
    ):
        client = sign_in(me)
        client.set_cookie(COOKIE, language)

        text = client.get("/my-data").get_data(as_text=True)

        assert [one for one in words if one not in text] == []
        assert text.count("Aufbewahrt:" if language == "de" else "Kept:") == len(
            KEEPINGS
        )

    @pytest.mark.parametrize("page", ["/account", "/about"])
    def test_is_linked_where_one_looks(self, me: Person, sign_in: SignIn, page: str):
        assert 'href="/my-data"' in sign_in(me).get(page).get_data(as_text=True)

    def test_shows_consents_and_pause_as_they_are(self, me: Person, sign_in: SignIn):
        consent.choose(me.id, [*consent.ConsentKind][:2], at=NOW)
        consent.grant(me.id, [consent.ConsentKind.DIGEST], at=NOW)
        until = (NOW + timedelta(days=30)).date()
        with db.transaction() as session:
            session.get_one(Company, me.company_id).paused_until = until

        text = sign_in(me).get("/my-data").get_data(as_text=True)

        assert "zugestimmt am" in text
        assert "angefragt, noch nicht bestätigt" in text
        assert "Pause bis" in text

    def test_colleague_reads_who_speaks_for_the_company(
        self, me: Person, sign_in: SignIn
    ):
        client = sign_in(mate_of(me))

        text = client.get("/my-data").get_data(as_text=True)

        assert "wer für sie spricht: Kim Eigen" in text
        assert "/my-data/delete-company" not in text
        assert client.get("/my-data/delete-company").status_code == 404
        assert client.post("/my-data/delete-company").status_code == 404

    def test_account_without_a_company_has_its_page_too(
        self, app: Flask, sign_in: SignIn
    ):
        waiting = factories.company(status=CompanyStatus.APPLIED, approved_at=None)
        for person in (
            someone(),
            someone(waiting),
            someone(factories.company(), seat=Seat.ASKED),
            someone(None, "organizer"),
        ):
            client = sign_in(person)
            assert client.get("/my-data").status_code == 200
            assert client.get("/my-data/delete-account").status_code == 200
            assert content(client)["account"][0]["email"] == person.email


class TestExport:
    def test_has_everything_of_the_person_and_the_company(
        self, me: Person, sign_in: SignIn
    ):
        identity, other = suggested(me)
        introductions.accept(identity, by=me.id, at=NOW)
        introductions.accept(identity, by=other.id, at=NOW)
        given = feedback.Given(True, feedback.Outcome.HELPFUL, 5, "Sehr offen.")
        feedback.give(identity, given, by=me.id, at=NOW)
        consent.choose(me.id, [consent.ConsentKind.NEWS], at=NOW)

        found = archive(sign_in(me))

        data = json.loads(found["handschlag.json"])
        assert data.keys() == {"made_at", "language", *SECTIONS}
        assert data["account"][0]["name"] == "Kim Eigen"
        assert data["company"][0]["name"] == "Meine Werkstatt GmbH"
        assert len(data["listings"]) == 2
        (introduction,) = data["introductions"]
        assert introduction["contact_email"] == "toni@geheim.example"
        assert introduction["you_get"]
        assert data["decisions"][0]["act"] == "accept"
        assert data["feedback"][0]["sentence"] == "Sehr offen."
        assert data["consents"][0]["consent"] == "requested"
        assert {row["mail"] for row in data["mails"]} >= {"contact", "confirm"}
        for key in SECTIONS:
            assert (f"csv/{key}.csv" in found) == bool(data[key])

    def test_passwords_and_codes_stay_here(self, me: Person, sign_in: SignIn):
        with db.transaction() as session:
            person = session.get_one(Person, me.id)
            person.tf_totp_secret = "geheimer-schluessel"
            person.tf_primary_method = "authenticator"
            uniquifier = person.fs_uniquifier

        files = archive(sign_in(me))

        for raw in files.values():
            for secret in (PASSWORD, "geheimer-schluessel", uniquifier):
                assert secret.encode() not in raw
        assert json.loads(files["handschlag.json"])["account"][0]["password_set"]

    @pytest.mark.parametrize("act", ["nothing", "accept", "decline", "withdraw"])
    def test_says_the_same_whatever_the_other_side_decided(
        self, me: Person, sign_in: SignIn, act: str
    ):
        identity, other = suggested(me)
        before = content(sign_in(me))
        if act == "decline":
            introductions.decline(identity, DeclineReason.OTHER, by=other.id, at=NOW)
        elif act != "nothing":
            introductions.accept(identity, by=other.id, at=NOW)
        if act == "withdraw":
            introductions.withdraw(identity, by=other.id, at=NOW)

        after = content(sign_in(me))

        assert after | {"made_at": ""} == before | {"made_at": ""}

    def test_contacts_and_names_come_with_the_connection_only(
        self, me: Person, sign_in: SignIn
    ):
        identity, other = suggested(me)
        words = [b"Toni Fremd", b"toni@geheim.example", b"561 12345", b"Geheim KG"]

        introductions.accept(identity, by=me.id, at=NOW)
        before = b"".join(archive(sign_in(me)).values())
        introductions.accept(identity, by=other.id, at=NOW)
        with db.transaction() as session:
            session.get_one(Person, other.id).release_phone = True
        after = b"".join(archive(sign_in(me)).values())

        assert [word for word in words if word in before] == []
        assert [word for word in words if word not in after] == []

    def test_the_other_sides_feedback_is_not_in_it(self, me: Person, sign_in: SignIn):
        identity, other = suggested(me)
        for one in (me, other):
            introductions.accept(identity, by=one.id, at=NOW)
        given = feedback.Given(held=False, sentence="Kam nie zurück.")
        feedback.give(identity, given, by=other.id, at=NOW)

        files = archive(sign_in(me))

        assert "Kam nie zurück.".encode() not in b"".join(files.values())
        assert json.loads(files["handschlag.json"])["feedback"] == []

    def test_colleague_takes_what_is_theirs(self, me: Person, sign_in: SignIn):
        mate = mate_of(me)
        identity, _ = suggested(me)
        introductions.accept(identity, by=me.id, at=NOW)

        data = content(sign_in(mate))

        assert data["account"][0]["name"] == "Robin Zweit"
        for key in ("company", "listings", "introductions", "decisions", "feedback"):
            assert data[key] == [], key
        assert "Kim Eigen" not in json.dumps(data)

    def test_nothing_of_strangers_is_in_it(self, me: Person, sign_in: SignIn):
        stranger = someone(factories.company(name="Fremd AG"))
        factories.listing(db.session().get_one(Company, stranger.company_id))
        with db.transaction() as session:
            outbox.enqueue(
                session, MailKind.SECURITY, stranger.id, at=NOW, dedupe_key="x"
            )

        raw = b"".join(archive(sign_in(me)).values())

        for word in ("Fremd AG", stranger.name, stranger.email):
            assert word.encode() not in raw

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
    def test_no_cell_is_a_formula(self, me: Person, sign_in: SignIn, start: str):
        with db.transaction() as session:
            session.get_one(Person, me.id).position = f"{start}1+1"

        (row,) = rows_of(archive(sign_in(me))["csv/account.csv"])

        assert row["Funktion"].startswith(f"'{start}")
        assert row["Telefon"].startswith("'+49")

    def test_the_page_in_it_needs_nothing_else(self, me: Person, sign_in: SignIn):
        with db.transaction() as session:
            session.get_one(Person, me.id).position = "<script>alert(1)</script>"

        html = archive(sign_in(me))["index.html"].decode()

        assert re.findall(r'(?:src|href)="(?!#)[^"]*"', html) == []
        assert "url(" not in html
        assert "<script" not in html
        assert "&lt;script&gt;" in html

    def test_speaks_english_as_well(self, me: Person, sign_in: SignIn):
        client = sign_in(me)
        client.set_cookie(COOKIE, "en")

        files = archive(client)

        assert b'<html lang="en">' in files["index.html"]
        assert "Your account" in files["index.html"].decode()
        assert "Position" in rows_of(files["csv/account.csv"])[0]

    def test_is_fetched_by_button_and_kept_by_nobody(
        self, me: Person, app: Flask, sign_in: SignIn
    ):
        client = sign_in(me)

        response = client.post("/my-data/export")

        assert client.get("/my-data/export").status_code == 405
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Disposition"].startswith("attachment")
        app.config["WTF_CSRF_ENABLED"] = True
        assert client.post("/my-data/export").status_code == 400
        assert app.test_client().post("/my-data/export").status_code == 400

    def test_every_section_and_field_has_a_name(self, me: Person, sign_in: SignIn):
        identity, other = suggested(me)
        for one in (me, other):
            introductions.accept(identity, by=one.id, at=NOW)

        data = content(sign_in(me))

        assert SECTIONS.keys() == NAMES.keys()
        used = {name for key in SECTIONS for row in data[key] for name in row}
        assert used <= FIELDS.keys()
        assert FIELDS.keys() >= CODED


class TestDeletingAnAccount:
    def test_says_first_what_happens_and_changes_nothing(
        self, me: Person, sign_in: SignIn
    ):
        text = sign_in(me).get("/my-data/delete-account").get_data(as_text=True)

        for words in (
            "Was gelöscht wird",
            "Was bleibt",
            "Mit Ihrem Konto wird die Firma gelöscht",
            "Abbrechen",
        ):
            assert words in text
        db.session().rollback()
        assert db.session().get_one(Person, me.id).erased_at is None

    def test_the_last_admin_reads_what_has_to_come_first(
        self, app: Flask, sign_in: SignIn
    ):
        admin = factories.person(None, "admin")
        client = sign_in(admin)

        page = client.get("/my-data/delete-account").get_data(as_text=True)
        answer = client.post("/my-data/delete-account", data={"password": PASSWORD})

        assert "Sie sind die letzte Person in der Verwaltung" in page
        assert "flask admin role" in page
        assert "endgültig löschen" not in page
        assert answer.status_code == 409
        assert "letzte Person" in answer.get_data(as_text=True)
        db.session().rollback()
        assert db.session().get_one(Person, admin.id).erased_at is None

    @pytest.mark.parametrize("password", ["", "falsch", PASSWORD.upper()])
    def test_asks_for_the_password(self, me: Person, sign_in: SignIn, password: str):
        response = sign_in(me).post(
            "/my-data/delete-account", data={"password": password}
        )

        assert response.status_code == 422
        assert "Das ist nicht Ihr Kennwort." in response.get_data(as_text=True)
        db.session().rollback()
        assert db.session().get_one(Person, me.id).erased_at is None

    def test_account_without_a_password_types_its_address(
        self, app: Flask, sign_in: SignIn
    ):
        person = someone(password=None, email="ohne@kennwort.example")
        client = sign_in(person)

        wrong = client.post("/my-data/delete-account", data={"email": "x@y.example"})
        done = client.post(
            "/my-data/delete-account", data={"email": " Ohne@Kennwort.example "}
        )

        assert wrong.status_code == 422
        assert done.headers["Location"].endswith("/my-data/deleted")

    def test_deletes_ends_every_session_and_writes_the_log(
        self, me: Person, app: Flask, sign_in: SignIn
    ):
        person_id, company_id = me.id, me.company_id
        here, elsewhere = sign_in(me), sign_in(me)

        response = here.post(
            "/my-data/delete-account",
            data={"password": PASSWORD},
            follow_redirects=True,
        )

        assert "Ihr Konto ist gelöscht" in response.get_data(as_text=True)
        for client in (here, elsewhere):
            assert "/login" in client.get("/my-data").headers["Location"]
        folder: Path = app.config["SETTINGS"].DATA_DIR
        logged = erasure_log.read(folder / erasure_log.FILE)
        assert {one.subject_id for one in logged} == {person_id, company_id}

    def test_needs_the_token_of_the_form(self, me: Person, app: Flask, sign_in: SignIn):
        client = sign_in(me)
        app.config["WTF_CSRF_ENABLED"] = True

        response = client.post("/my-data/delete-account", data={"password": PASSWORD})

        assert response.status_code == 400
        db.session().rollback()
        assert db.session().get_one(Person, me.id).erased_at is None

    def test_nobody_deletes_another(self, me: Person, sign_in: SignIn):
        stranger = someone(factories.company())

        sign_in(stranger).post(
            f"/my-data/delete-account?person_id={me.id}",
            data={"password": PASSWORD, "person_id": me.id, "id": me.id},
        )

        db.session().rollback()
        assert db.session().get_one(Person, me.id).erased_at is None
        assert db.session().get_one(Person, stranger.id).erased_at is not None

    def test_the_address_may_register_anew(self, me: Person, app: Flask, sign_in):
        email = me.email
        sign_in(me).post("/my-data/delete-account", data={"password": PASSWORD})

        form = {
            "company": "Neue Werkstatt GmbH",
            "name": "Kim Eigen",
            "email": email,
            "password": PASSWORD,
            "agreed": "y",
        }
        app.test_client().post("/register", data=form)

        db.session().rollback()
        again = db.session().scalars(sa.select(Person).where(Person.email == email))
        assert again.one().id != me.id


class TestDeletingACompany:
    def test_colleagues_keep_their_accounts(self, me: Person, sign_in: SignIn):
        mate = mate_of(me)
        company_id = me.company_id
        client = sign_in(me)
        before = client.get("/my-data/delete-company").get_data(as_text=True)

        done = client.post(
            "/my-data/delete-company",
            data={"password": PASSWORD},
            follow_redirects=True,
        )

        assert "Ihre Firma ist gelöscht. Ihr Konto" in done.get_data(as_text=True)
        assert "Eine weitere Person gehört zu dieser Firma." in before
        session = db.session()
        session.rollback()
        company = session.get_one(Company, company_id)
        assert company.status is CompanyStatus.CLOSED
        for one in (me.id, mate.id):
            person = session.get_one(Person, one)
            assert person.erased_at is None
            assert person.company_id is None
        assert "/waiting" in sign_in(mate).get("/week").headers["Location"]

    def test_takes_the_account_along_if_asked(self, me: Person, sign_in: SignIn):
        response = sign_in(me).post(
            "/my-data/delete-company", data={"password": PASSWORD, "with_account": "y"}
        )

        assert response.headers["Location"].endswith("/my-data/deleted")
        db.session().rollback()
        assert db.session().get_one(Person, me.id).erased_at is not None

    def test_asks_for_the_password(self, me: Person, sign_in: SignIn):
        response = sign_in(me).post("/my-data/delete-company", data={"password": "x"})

        assert response.status_code == 422
        db.session().rollback()
        assert db.session().get_one(Company, me.company_id).erased_at is None


class TestTheOtherSide:
    @pytest.fixture
    def pair(self, me: Person) -> tuple[Any, Person]:
        identity, other = suggested(me, show_name=True)
        for one in (me, other):
            introductions.accept(identity, by=one.id, at=NOW)
        return identity, other

    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("de", "Eine Firma, die nicht mehr dabei ist"),
            ("en", "A company that has left"),
        ],
    )
    def test_keeps_an_entry_without_a_name(
        self,
        me: Person,
        pair: tuple[Any, Person],
        sign_in: SignIn,
        language: str,
        words: str,
    ):
        identity, other = pair
        name, email = me.name, me.email
        sign_in(me).post("/my-data/delete-account", data={"password": PASSWORD})
        client = sign_in(other)
        client.set_cookie(COOKIE, language)

        for page in ("/introductions", f"/introductions/{identity}"):
            text = client.get(page).get_data(as_text=True)
            assert words in text
            for gone in ("Meine Werkstatt", name, email, "None", "–––"):
                assert gone not in text
        assert client.get(f"/introductions/{identity}/feedback").status_code == 200

    def test_of_one_that_was_open_reads_as_always(self, me: Person, sign_in: SignIn):
        identity, other = suggested(me)
        introductions.decline(identity, DeclineReason.TOO_FAR, by=me.id, at=NOW)
        sign_in(me).post("/my-data/delete-account", data={"password": PASSWORD})

        text = sign_in(other).get(f"/introductions/{identity}").get_data(as_text=True)

        assert "Nicht zustande gekommen" in text
        assert "Wir nennen sie keiner Seite" in text

    def test_organizers_see_a_deleted_company(
        self, me: Person, pair: tuple[Any, Person], sign_in: SignIn
    ):
        identity, _ = pair
        side = db.session().get_one(Introduction, identity).side_of(me.company_id)
        assert side in Side
        sign_in(me).post("/my-data/delete-account", data={"password": PASSWORD})
        organizer = sign_in(someone(None, "organizer"))

        case = organizer.get(f"/organize/introductions/{identity}")
        listed = organizer.get("/organize/members").get_data(as_text=True)

        assert "gelöschte Firma" in case.get_data(as_text=True)
        assert "–––" not in listed
