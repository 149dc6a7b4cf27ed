"""The whole circle in Chromium: listings, round, yes and yes, feedback, figures."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app import db
from app.models import Company, Person
from app.services import rounds
from tests import factories
from tests.browser.conftest import PHONE, Served, assert_accessible

Visit = Callable[..., Page]

NEED = "Unser Ausschuss bei Gussteilen ist zu hoch, Risse sehen wir erst zu spät."
OFFERING = "Wir prüfen Gussteile seit 2023 mit Kameras auf Risse und zeigen gern, wie."


def record(page: Page, kind: str, text: str, button: str) -> None:
    page.goto(f"/listings/new?kind={kind}")
    page.get_by_label("Beschreibung").fill(text)
    page.get_by_role("button", name=button).click()
    page.wait_for_url("**/listings")


def accept(page: Page) -> None:
    page.goto("/week")
    page.get_by_role("link", name="Vorstellung annehmen").or_(
        page.get_by_role("button", name="Vorstellung annehmen")
    ).first.click()
    page.wait_for_url("**/accept")
    page.get_by_role("button", name="Vorstellung annehmen").click()
    page.wait_for_load_state()


def test_from_two_listings_to_a_figure_on_the_dashboard(
    served: Served, visit: Visit, axe: Axe
):
    seeker, helper = (_company(name) for name in ("Gießerei Albrecht", "Brandl"))
    anna = _person(seeker, "Anna Albrecht")
    bert = _person(helper, "Bert Brandl")
    organizer = factories.person(None, "organizer")
    mine = visit(anna, size=PHONE)
    theirs = visit(bert, script=False)
    office = visit(organizer)

    record(mine, "need", NEED, "Bedarf anlegen")
    record(theirs, "offering", OFFERING, "Angebot anlegen")
    _release(datetime.now(UTC) - timedelta(hours=3))
    mine.goto("/week")
    expect(mine.get_by_text(OFFERING[:30])).to_be_visible()
    assert_accessible(mine, axe)
    assert "Bert Brandl" not in mine.content()
    accept(mine)
    theirs.goto("/week")
    assert "Anna Albrecht" not in theirs.content()
    accept(theirs)

    expect(theirs.get_by_text("Anna Albrecht")).to_be_visible()
    mine.goto("/introductions")
    mine.locator("main a[href*='/introductions/']").first.click()
    expect(mine.get_by_text("Bert Brandl")).to_be_visible()
    assert_accessible(mine, axe)

    mine.goto(f"{mine.url}/feedback")
    mine.get_by_label("Ja", exact=True).check()
    mine.get_by_label("Es hat uns geholfen").check()
    mine.get_by_label("5, sehr hilfreich").check()
    mine.get_by_role("button", name="Rückmeldung senden").click()
    mine.wait_for_load_state()

    office.goto("/organize/quality")
    office.wait_for_selector("body[data-charts]", state="attached")
    figures = office.get_by_role("region", name="Zahlen", exact=True)
    row = figures.get_by_role("row").filter(has_text="Beidseitig angenommen")
    # Two companies are too few to be shown as a share; that they count is.
    expect(row).to_contain_text("verborgen")
    expect(row).to_contain_text("1")
    assert_accessible(office, axe)


def test_a_refusal_stays_unnamed(served: Served, visit: Visit):
    seeker, helper = _company("Weberei Sommer"), _company("Späth")
    anna, bert = _person(seeker, "Anna Sommer"), _person(helper, "Bert Späth")
    mine, theirs = visit(anna), visit(bert)
    record(mine, "need", NEED, "Bedarf anlegen")
    record(theirs, "offering", OFFERING, "Angebot anlegen")
    _release(datetime.now(UTC) - timedelta(hours=3))
    theirs.goto("/week")
    before = theirs.locator("main").inner_html()

    mine.goto("/week")
    mine.get_by_role("link", name="Ablehnen").or_(
        mine.locator("summary", has_text="Ablehnen")
    ).first.click()
    mine.get_by_role("button", name="Gerade keine Zeit").first.click()
    mine.wait_for_load_state()

    theirs.goto("/week")
    after = theirs.locator("main").inner_html()
    assert _without_tokens(after) == _without_tokens(before)


def _company(name: str) -> Company:
    return factories.company(name=name, sector=None)


def _person(company: Company, name: str) -> Person:
    return factories.person(company, name=name)


def _release(at: datetime) -> None:
    week = rounds.week_of(at)
    rounds.run(week, at=at)
    rounds.release(week, by=None, at=at + timedelta(minutes=1))
    db.remove()


def _without_tokens(html: str) -> str:
    """The page without what every rendering draws anew."""
    html = html.replace(' class="htmx-request"', "")  # a beacon is on its way
    return re.sub(r'value="[\w.\-]{40,}"', "", html)
