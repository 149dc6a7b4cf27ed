"""Pages for everybody: what they say, what they hide, which language they speak."""

from collections import Counter
from datetime import date

import pytest
from flask import abort
from sqlalchemy.exc import OperationalError

from app import db
from app.errors import AppError, Busy, Conflict, Invalid, NotAllowed, NotFound
from app.models import Kind
from app.services import companies, usecases
from app.services.usecases_sectors import SECTORS
from matching import knowledge
from tests import factories
from tests.factories import MONDAY

PAGES = ("/", "/about", "/imprint", "/privacy", "/accessibility", "/usecases")


@pytest.mark.parametrize("path", PAGES)
def test_public_pages_open_without_cookies(client, path):
    response = client.get(path)

    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers


def test_figures_are_hidden_below_five_companies(session):
    for _ in range(4):
        factories.company()

    few = companies.public_figures(session, today=MONDAY.date())
    factories.company()
    enough = companies.public_figures(session, today=MONDAY.date())

    assert few is None
    assert enough.companies == 5


def test_figures_count_open_listings_of_real_companies_only(session):
    for _ in range(5):
        factories.company()
    real, demo = factories.company(), factories.company(is_demo=True)
    for one in (real, demo):
        factories.listing(one, Kind.NEED)
    factories.listing(real, Kind.OFFERING)
    factories.listing(real, Kind.NEED, valid_until=date(2026, 1, 1))

    figures = companies.public_figures(session, today=MONDAY.date())
    with_demo = companies.public_figures(session, today=MONDAY.date(), with_demo=True)

    assert (figures.companies, figures.needs, figures.offerings) == (6, 1, 1)
    assert (with_demo.companies, with_demo.needs) == (7, 2)


def test_signed_in_people_go_to_their_week(sign_in):
    member = sign_in(factories.person(factories.company()))

    assert member.get("/").location == "/week"


def test_the_language_is_kept_by_a_cookie_and_leads_back(client):
    response = client.post(
        "/language", data={"language": "en", "next": "/usecases?q=x"}
    )

    assert response.location == "/usecases?q=x"
    assert '<html lang="en">' in client.get("/").text


@pytest.mark.parametrize(
    "address",
    [
        "https://boese.example/",
        "//boese.example",
        "/\\boese.example",
        "javascript:1",
        "",
    ],
)
def test_the_language_switch_never_leads_outside(client, address):
    response = client.post("/language", data={"language": "en", "next": address})

    assert response.location == "/"


def test_an_unknown_language_changes_nothing(client):
    client.post("/language", data={"language": "../../xx"})

    assert '<html lang="de">' in client.get("/").text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound(), 404),
        (NotAllowed(), 403),
        (Conflict(), 409),
        (Invalid("Bitte prüfen Sie die Angaben."), 422),
        (Busy(), 503),
        (AppError(), 400),
        *((code, code) for code in (400, 403, 404, 405, 409, 410, 413, 422, 429, 503)),
    ],
)
def test_refusals_become_pages_in_the_house_voice(app, error, status):
    @app.get("/refused")
    def refused():
        if isinstance(error, int):
            abort(error)
        raise error

    response = app.test_client().get("/refused")

    assert response.status_code == status
    assert "Zur Startseite" in response.text


def test_a_fault_of_ours_says_so_and_shows_nothing_of_it(app):
    @app.get("/broken")
    def broken():
        raise RuntimeError("geheim")

    response = app.test_client().get("/broken")

    assert response.status_code == 500
    assert "ein Fehler unterlaufen" in response.text
    assert "geheim" not in response.text


def test_a_missing_database_gives_a_page_that_needs_none(app, sign_in, monkeypatch):
    client = sign_in(factories.person(factories.company()))

    def gone(*_, **__):
        raise OperationalError("SELECT", {}, OSError("geheim"))

    monkeypatch.setattr(db, "session", gone)
    monkeypatch.setattr(app.extensions["security"].datastore, "find_user", gone)
    response = client.get("/account", headers={"Accept-Language": "en"})

    assert response.status_code == 503
    assert '<html lang="en">' in response.text
    assert "geheim" not in response.text


def test_a_refused_fragment_is_a_fragment(client):
    response = client.get("/nothing", headers={"HX-Request": "true"})

    assert response.status_code == 404
    assert "<html" not in response.text


def test_use_cases_are_found_by_words_in_spite_of_umlauts_and_typing_errors():
    plain = usecases.find(words="rueckverfolg")
    same = usecases.find(words="Rückverfolg")
    mistyped = usecases.find(words="Chargn in der Fertigng")

    assert plain.total == same.total > 0
    assert "app.prod/batch-traceability" in [one.id for one in mistyped.cases]


def test_use_cases_are_all_reached_through_the_areas():
    areas = usecases.areas("de")

    found = [usecases.find(area=one.id).total for one in areas]

    assert found == [one.count for one in areas]
    assert sum(found) == 376


@pytest.mark.parametrize(
    "query",
    [
        "q=zzzzqqqq",
        "q=%00%F0%9F%92%A1",
        "area=nothing",
        "sector=nothing",
        "page=-1",
        "page=999999999999999999999",
        "page=x&area=app.prod",
        "q=" + "x" * 5000,
    ],
)
def test_odd_searches_for_use_cases_are_answered(client, query):
    assert client.get(f"/usecases?{query}").status_code == 200


def test_a_use_case_leads_to_a_need_and_an_offering(client):
    page = client.get("/usecases/app.prod/batch-traceability").text

    assert "Das beschäftigt uns auch" in page
    assert "kind=need" in page
    assert "kind=offering" in page
    assert client.get("/usecases/app.prod/nothing").status_code == 404


def test_sectors_to_choose_from_are_those_that_several_use_cases_name():
    cases = Counter(one for case in knowledge.load().use_cases for one in case.sectors)

    assert set(SECTORS) == {name for name, count in cases.items() if count >= 4}


def test_sectors_are_chosen_by_their_english_names(client):
    client.set_cookie("lang", "en")

    page = client.get("/usecases?sector=Weinbau")

    assert '<option value="Weinbau" selected>Winegrowing</option>' in page.text
    assert 'href="/usecases/' in page.text
