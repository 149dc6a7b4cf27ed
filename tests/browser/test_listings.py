"""Needs and offerings in Chromium: chips while typing, drafts, preview, search."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app import db
from app.models import Company, Kind, Listing, Person
from app.services import listings, preview
from app.services.listings import Draft
from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, assert_accessible
from tests.factories import MONDAY

NEED = "Wir prüfen Bauteile mit Kameras und Bilderkennung auf Kratzer und Risse."
LOOKS = [(DESKTOP, "de", False), (PHONE, "en", True)]


@pytest.fixture
def kim(served) -> Person:
    return factories.person(factories.company())


@pytest.fixture
def newcomer(served) -> Person:
    new = {"place": None, "state": None, "lat": None, "lon": None}
    return factories.person(factories.company(onboarded_at=None, **new))


def opened(page: Page, path: str) -> Page:
    page.goto(path)
    page.wait_for_selector("body[data-ready]", state="attached")
    return page


def stored() -> list[Listing]:
    db.remove()
    found = list(db.session().scalars(sa.select(Listing)))
    db.remove()
    return found


def test_chips_come_while_typing_and_can_be_changed(visit, kim: Person):
    page = opened(visit(kim), "/listings/new?kind=need")

    page.get_by_label("Beschreibung").press_sequentially(NEED, delay=2)
    chip = page.locator("#chips .chip", has_text="Bildverarbeitung mit KI")
    expect(chip).to_be_visible()
    expect(page.locator("#live")).to_contain_text("Bildverarbeitung mit KI")
    chip.get_by_role("button").click()
    expect(chip).to_have_count(0)
    page.get_by_text("Thema hinzufügen", exact=True).click()
    page.get_by_label("Thema suchen").press_sequentially("Datenschuz", delay=5)
    page.get_by_role("button", name="Datenschutz (DSGVO) hinzufügen").click()
    expect(page.locator("#chips")).to_contain_text("Datenschutz (DSGVO)")
    page.get_by_label("Beschreibung").press_sequentially(" Jeden Tag.", delay=2)
    page.wait_for_timeout(600)
    expect(chip).to_have_count(0)
    page.get_by_role("button", name="Bedarf anlegen").click()
    page.wait_for_url("**/listings")

    (listing,) = stored()
    topics = {row.topic_id for row in _topics(listing.id)}
    assert "gov.gdpr" in topics
    assert "tec.cv" not in topics


def _topics(listing_id: UUID) -> list:
    session = db.session()
    found = list(session.get_one(Listing, listing_id).topics)
    db.remove()
    return found


def test_a_draft_outlives_a_closed_page_until_it_is_sent(visit, kim: Person):
    page = opened(visit(kim), "/listings/new?kind=need")
    page.get_by_label("Beschreibung").fill(NEED)

    opened(page, "/week")
    opened(page, "/listings/new?kind=need")
    expect(page.get_by_label("Beschreibung")).to_have_value(NEED)

    page.get_by_role("button", name="Bedarf anlegen").click()
    page.wait_for_url("**/listings")
    page.wait_for_selector("body[data-ready]", state="attached")
    opened(page, "/listings/new?kind=need")
    expect(page.get_by_label("Beschreibung")).to_have_value("")


def test_the_form_works_without_a_script(visit, kim: Person):
    page = visit(kim, script=False)
    page.goto("/listings/new?kind=need")

    page.get_by_label("Beschreibung").fill(NEED)
    page.get_by_role("button", name="Themen erkennen").last.click()
    chip = page.locator("#chips .chip", has_text="Bildverarbeitung mit KI")
    expect(chip).to_be_visible()
    chip.get_by_role("button").click()
    expect(chip).to_have_count(0)
    page.get_by_role("button", name="Bedarf anlegen").click()

    page.wait_for_url("**/listings")
    assert len(stored()) == 1


class FakeIndex:
    def count(self, *asked: object) -> tuple[int, int]:
        return 7, 3


@pytest.fixture
def seven_fit():
    preview.use(FakeIndex())
    yield
    preview.use(None)


def test_a_newcomer_begins_in_three_fields(visit, newcomer: Person, seven_fit):
    page = opened(visit(newcomer, size=PHONE), "/week")
    page.wait_for_url("**/onboarding")

    page.get_by_label("Wo ist Ihre Firma?").fill("Ulm")
    page.get_by_label("Wobei könnte Ihnen jemand helfen?").press_sequentially(NEED)
    expect(page.locator("#need-chips")).to_contain_text("Bildverarbeitung mit KI")
    expect(page.locator("#preview")).to_contain_text("7 Firmen könnten passen")
    page.get_by_label("Noch nichts anzubieten").check()
    page.get_by_role("button", name="Eintragen").click()
    page.wait_for_url("**/onboarding/fits")
    page.get_by_role("link", name="Weiter zu dieser Woche").click()

    page.wait_for_url("**/week")
    assert [one.kind for one in stored()] == [Kind.NEED]


@pytest.mark.parametrize(("size", "language", "dark"), LOOKS)
def test_pages_are_accessible(visit, axe, kim: Person, size, language, dark):
    page = visit(kim, size=size, language=language, dark=dark)
    add_listings(kim)
    opened(page, f"/listings/{stored()[0].id}/edit")
    assert_accessible(page, axe)

    for path in ("/listings", "/listings/new?kind=offering", "/onboarding/fits"):
        assert_accessible(opened(page, path), axe)
    for path in ("/search", "/search?q=Kameras", "/search?q=qqqqqq"):
        assert_accessible(opened(page, path), axe)


@pytest.mark.parametrize(("size", "language", "dark"), LOOKS)
def test_the_beginning_is_accessible(
    visit, axe, newcomer: Person, size, language, dark
):
    page = opened(visit(newcomer, size=size, language=language, dark=dark), "/week")
    page.locator("#need-text").press_sequentially(NEED)
    page.wait_for_selector("#need-chips .chip")

    assert_accessible(page, axe)


def add_listings(kim: Person) -> None:
    company = Company(id=kim.company_id)
    need = Draft(Kind.NEED, NEED, help_kinds=("exp-exchange", "site-visit"))
    listings.create(need, by=kim.id, at=MONDAY)
    other = factories.person(factories.company(show_name=True))
    listings.create(Draft(Kind.OFFERING, NEED), by=other.id, at=MONDAY)
    factories.listing(company, valid_until=MONDAY.date())
    db.remove()
