"""Take one's data along and delete the account, on a phone and without a script."""

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from app import db
from app.models import Company, Person, Side
from tests import factories
from tests.browser.conftest import PHONE, assert_accessible
from tests.factories import PASSWORD

Visit = Callable[..., Page]

PAGES = ("/my-data", "/my-data/delete-account", "/my-data/delete-company")


def test_take_along_and_delete(
    two: tuple[str, dict[Side, Person]], visit: Visit, tmp_path: Path
):
    url, persons = two
    mine, theirs = (
        visit(persons[side], size=PHONE, script=False) for side in (Side.LO, Side.HI)
    )
    mine.goto("/account")
    mine.get_by_role("link", name="Meine Daten: mitnehmen").click()
    with mine.expect_download() as waiting:
        mine.get_by_role("button", name="Meine Daten herunterladen").click()
    archive = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(archive)
    with zipfile.ZipFile(archive) as file:
        page = file.read("index.html").decode()
    assert persons[Side.HI].email in page

    mine.get_by_role("link", name="Mein Konto löschen").click()
    mine.get_by_role("link", name="Abbrechen").click()
    expect(mine.get_by_role("heading", name="Meine Daten")).to_be_visible()

    mine.get_by_role("link", name="Mein Konto löschen").click()
    mine.get_by_label("Ihr Kennwort").fill("falsch")
    mine.get_by_role("button", name="Konto endgültig löschen").click()
    expect(mine.get_by_text("Das ist nicht Ihr Kennwort.")).to_be_visible()
    mine.get_by_label("Ihr Kennwort").fill(PASSWORD)
    mine.get_by_role("button", name="Konto endgültig löschen").click()
    expect(mine.get_by_role("heading", name="Ihr Konto ist gelöscht")).to_be_visible()

    theirs.goto(url)
    gone = theirs.get_by_role("heading", name="Eine Firma, die nicht mehr dabei ist")
    expect(gone).to_be_visible()
    expect(theirs.get_by_text(persons[Side.LO].name)).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("language", ["de", "en"])
def test_pages_are_accessible_on_a_phone(
    two: tuple[str, dict[Side, Person]],
    visit: Visit,
    axe: Axe,
    dark: bool,
    language: str,
):
    url, persons = two
    page = visit(persons[Side.LO], size=PHONE, dark=dark, language=language)
    other = visit(persons[Side.HI], size=PHONE, dark=dark, language=language)

    for path in (*PAGES, "/my-data/deleted"):
        page.goto(path)
        page.wait_for_selector("body[data-ready]")
        assert_accessible(page, axe)
    page.goto("/my-data/delete-company")
    with page.expect_navigation(wait_until="load"):  # colours come with the styles
        page.locator("main form button[type=submit]").click()
    page.wait_for_selector("body[data-ready]")
    assert_accessible(page, axe)
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation(wait_until="load"):
        page.locator("main form button[type=submit]").click()
    other.goto(url)
    other.wait_for_selector("body[data-ready]")
    assert_accessible(other, axe)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_of_the_archive_reads_alone(
    two: tuple[str, dict[Side, Person]],
    chromium: Browser,
    visit: Visit,
    axe: Axe,
    tmp_path: Path,
    width: int,
):
    """Opened from a folder, where there is no service, and no script either."""
    page = visit(two[1][Side.LO])
    page.goto("/my-data")
    with page.expect_download() as waiting:
        page.locator("#take ~ form button").click()
    with zipfile.ZipFile(waiting.value.path()) as file:
        file.extract("index.html", tmp_path)

    context = chromium.new_context(
        viewport={"width": width, "height": 800}, offline=True
    )
    alone = context.new_page()
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto((tmp_path / "index.html").as_uri())

    assert_accessible(alone, axe)
    assert len(asked) == 1
    context.close()


def test_a_colleague_reads_who_speaks_for_the_company(
    two: tuple[str, dict[Side, Person]], visit: Visit, axe: Axe
):
    company = db.session().get_one(Company, two[1][Side.LO].company_id)
    mate = factories.person(company, created_at=datetime.now(UTC))
    page = visit(mate, size=PHONE)

    page.goto("/my-data")
    page.wait_for_selector("body[data-ready]")

    expect(page.get_by_text("nimmt mit, wer für sie spricht")).to_be_visible()
    expect(page.get_by_role("link", name="Die Firma löschen")).to_have_count(0)
    assert_accessible(page, axe)
