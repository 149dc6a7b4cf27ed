"""Deciding in Chromium: with script one tap on the page, without it by pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app import db
from app.models import Company, DeclineReason, Introduction, Person, Side, State
from tests import factories
from tests.browser.conftest import PHONE, Served, assert_accessible

Visit = Callable[..., Page]


@pytest.fixture
def two(served: Served) -> tuple[UUID, dict[Side, Person]]:
    """An open introduction and a person of each side."""
    at = datetime.now(UTC)
    row = factories.introduction(
        shown_at=at - timedelta(days=1), expires_at=at + timedelta(days=13)
    )
    identity = row.id
    companies = {Side.LO: row.company_lo_id, Side.HI: row.company_hi_id}
    persons = {}
    for side, company in companies.items():
        one = factories.person(db.session().get_one(Company, company))
        db.session().refresh(one)
        db.session().expunge(one)
        persons[side] = one
    return identity, persons


def row(identity: UUID) -> Introduction:
    db.session().rollback()
    return db.session().get_one(Introduction, identity)


def test_one_tap_declines_on_the_page(
    two: tuple[UUID, dict[Side, Person]], visit: Visit
):
    identity, persons = two
    page = visit(persons[Side.LO], size=PHONE)
    with page.expect_response("**/week/seen"):
        page.goto("/week")

    page.get_by_role("link", name="Ablehnen").click()
    page.get_by_role("button", name="Zu weit weg").click()

    expect(page.get_by_role("status").first).to_contain_text("Abgelehnt")
    assert row(identity).state is State.DECLINED
    assert row(identity).lo_reason is DeclineReason.TOO_FAR
    assert row(identity).lo_seen_at is not None


@pytest.mark.parametrize("script", [True, False])
def test_both_accept_and_see_each_other(
    two: tuple[UUID, dict[Side, Person]], visit: Visit, script: bool
):
    identity, persons = two
    pages = {side: visit(persons[side], script=script) for side in Side}

    for page in pages.values():
        page.goto("/week")
        page.get_by_role("link", name="Vorstellung annehmen").click()
        page.get_by_role("button", name="Vorstellung annehmen").click()
        page.wait_for_url("**/introductions/*")

    assert row(identity).state is State.CONNECTED
    for side, page in pages.items():
        page.goto(f"/introductions/{identity}")
        expect(page.get_by_role("link", name=persons[side.other].email)).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("language", ["de", "en"])
def test_pages_are_accessible_on_a_phone(
    two: tuple[UUID, dict[Side, Person]],
    visit: Visit,
    axe: Axe,
    dark: bool,
    language: str,
):
    identity, persons = two
    page = visit(persons[Side.LO], size=PHONE, dark=dark, language=language)
    url = f"/introductions/{identity}"

    for path in ("/week", "/introductions", url, f"{url}/accept", f"{url}/decline"):
        page.goto(path)
        page.wait_for_selector("body[data-ready]")
        for closed in page.locator("main details:not([open]) > summary").all():
            closed.click()
        assert_accessible(page, axe)
