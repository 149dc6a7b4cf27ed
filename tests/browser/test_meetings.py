"""A date from the first proposal to its end, on a phone and without a script."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from icalendar import Calendar
from playwright.sync_api import Page, expect

from app.models import Person, Side
from app.services.rounds_week import ZONE
from tests.browser.conftest import PHONE, assert_accessible

Visit = Callable[..., Page]

UNFOLD = "document.querySelectorAll('main details').forEach(one => one.open = true)"
DAY = datetime.now(ZONE).replace(hour=10, minute=0, second=0, microsecond=0)


def typed(days: int) -> str:
    return (DAY + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def propose(page: Page, *days: int) -> None:
    for label, ahead in zip(("Erster", "Zweiter", "Dritter"), days, strict=False):
        page.get_by_label(f"{label} Termin").fill(typed(ahead))
    page.get_by_label("Telefon", exact=True).check()
    page.get_by_label("Ort, Link oder Nummer").fill("Ich rufe an.")
    page.get_by_role("button", name="Termine vorschlagen").click()
    page.wait_for_load_state()


def file_of(page: Page, folder: Path) -> Calendar:
    with page.expect_download() as waiting:
        page.get_by_role("link", name="In den Kalender (ICS)").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return Calendar.from_ical(path.read_bytes())


def test_from_proposal_to_cancellation(
    two: tuple[str, dict[Side, Person]], visit: Visit, tmp_path: Path
):
    url, persons = two
    mine, theirs = (
        visit(persons[side], size=PHONE, script=False) for side in (Side.LO, Side.HI)
    )

    mine.goto(url)
    propose(mine, 7, 8, 9)
    expect(
        mine.get_by_text("Ihre Firma hat diese Termine vorgeschlagen")
    ).to_be_visible()

    theirs.goto("/week")
    theirs.get_by_role("link", name="Termin wählen").click()
    theirs.get_by_label("10:00 bis 10:45 Uhr").nth(1).check()
    theirs.get_by_role("button", name="Diesen Termin annehmen").click()
    expect(theirs.get_by_role("heading", name="Ihr Termin")).to_be_visible()

    mine.goto(url)
    (event,) = file_of(mine, tmp_path).walk("VEVENT")
    assert event["dtstart"].dt == DAY + timedelta(days=8)
    assert str(event["location"]) == "Telefon: Ich rufe an."

    mine.get_by_role("link", name="Verschieben").click()
    propose(mine, 14)
    expect(mine.get_by_text("gilt dieser")).to_be_visible()
    theirs.goto(url)
    theirs.get_by_label("10:00 bis 10:45 Uhr").check()
    theirs.get_by_role("button", name="Diesen Termin annehmen").click()
    (moved,) = file_of(theirs, tmp_path).walk("VEVENT")
    assert moved["dtstart"].dt == DAY + timedelta(days=14)
    assert moved["uid"] == event["uid"]
    assert moved["sequence"] > event["sequence"]

    theirs.locator("summary", has_text="Termin absagen").click()
    theirs.get_by_role("button", name="Termin absagen").click()
    expect(theirs.get_by_text("Abgesagt: Ihr Termin am")).to_be_visible()
    expect(theirs.get_by_role("button", name="Termine vorschlagen")).to_be_visible()


def test_a_wrong_form_keeps_what_was_typed(
    two: tuple[str, dict[Side, Person]], visit: Visit
):
    url, persons = two
    page = visit(persons[Side.LO], size=PHONE, script=False)
    page.goto(url)

    propose(page, 7, -7)

    expect(page.get_by_text("liegt in der Vergangenheit")).to_be_visible()
    expect(page.get_by_label("Erster Termin")).to_have_value(typed(7))
    expect(page.get_by_label("Zweiter Termin")).to_have_value(typed(-7))
    expect(page.get_by_label("Ort, Link oder Nummer")).to_have_value("Ich rufe an.")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("language", ["de", "en"])
def test_every_state_is_accessible_on_a_phone(
    two: tuple[str, dict[Side, Person]],
    visit: Visit,
    axe: Axe,
    dark: bool,
    language: str,
):
    url, persons = two
    pages = [
        visit(persons[side], size=PHONE, dark=dark, language=language) for side in Side
    ]
    first, second = pages

    def look(*paths: str) -> None:
        for page in pages:
            for path in paths:
                page.goto(path)
                page.wait_for_selector("body[data-ready]")
                page.evaluate(UNFOLD)
                assert_accessible(page, axe)

    look(url, f"{url}/meeting/propose")
    first.goto(url)
    first.locator("#slot_1").fill(typed(7))
    first.locator("#meeting form button[type=submit]").click()
    look(url)
    second.goto(url)
    second.locator("#slot-1").check()
    second.locator("#meeting form button[type=submit]").first.click()
    look(url, f"{url}/meeting/propose")
    second.goto(f"{url}/meeting/propose")
    with second.expect_navigation(wait_until="load"):  # colours come with the styles
        second.locator("main form button[type=submit]").click()
    second.wait_for_selector("body[data-ready]")
    assert_accessible(second, axe)
    second.locator("#slot_1").fill(typed(8))
    second.locator("main form button[type=submit]").click()
    look(url)
