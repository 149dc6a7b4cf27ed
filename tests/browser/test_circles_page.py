"""Circles and rings in Chromium: accessible, on a phone, without a script."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from app import db
from app.services import rounds
from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, assert_accessible
from tests.rounds_market import round_table

NARROW = {"width": 320, "height": 640}


@pytest.fixture
def page_of_round(served) -> str:
    now = datetime.now(UTC)
    week = rounds.week_of(now)
    round_table(at=now)
    rounds.run(week, at=now)
    db.remove()
    return f"/organize/round/{week}/circles"


@pytest.mark.parametrize(
    ("size", "language", "dark"),
    [
        (DESKTOP, "de", False),
        (DESKTOP, "en", True),
        (NARROW, "de", True),
        (PHONE, "en", False),
    ],
)
def test_circles_are_accessible(visit, axe, page_of_round, size, language, dark):
    page = visit(
        factories.person(None, "organizer"), size=size, language=language, dark=dark
    )

    page.goto(page_of_round)
    page.wait_for_selector("body[data-ready]", state="attached")
    for summary in page.locator("main summary").all():
        summary.click()

    assert_accessible(page, axe)


def test_ring_is_noted_by_keyboard_without_a_script(visit, page_of_round):
    page = visit(factories.person(None, "organizer"), script=False)
    page.goto(page_of_round)

    page.get_by_role("button", name="3 Paare des Rings vormerken: Ring 1").focus()
    page.keyboard.press("Enter")
    page.wait_for_load_state()

    expect(page.get_by_text("Vorgemerkt: 3 Paare")).to_be_visible()
