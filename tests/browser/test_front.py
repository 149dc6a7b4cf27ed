"""The front of the house in Chromium: accessible, in both colours and languages,
on a phone, without a script, and within the content policy."""

from datetime import UTC, datetime

import pytest

from app.models import CompanyStatus, Seat
from app.services import company_names, sign_in_links
from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, assert_accessible

PUBLIC = (
    *("/", "/about", "/imprint", "/privacy", "/accessibility", "/usecases"),
    *("/usecases?area=app.prod", "/usecases?q=zzzzqqqq"),
    *("/usecases/app.prod/batch-traceability", "/register", "/register/check-mail"),
    *("/login", "/reset", "/confirm", "/nothing"),
)
OWN = (
    "/company",
    "/company/edit",
    "/company/avoid",
    "/account",
    "/change",
    "/tf-setup",
)
LOOKS = [
    (DESKTOP, "de", False),
    (DESKTOP, "en", True),
    (PHONE, "en", False),
    (PHONE, "de", True),
]


@pytest.fixture
def organizer(served):
    """A member who organizes as well, in a company with something on every page."""
    company = factories.company(name="Gießerei Albrecht", about="Aluminium.", stage=2)
    other = factories.company(
        name="Ölmühle Kern", status=CompanyStatus.APPLIED, approved_at=None
    )
    factories.person(other)
    factories.person(company, seat=Seat.ASKED)
    return factories.person(company, "member", "organizer")


@pytest.mark.parametrize(("size", "language", "dark"), LOOKS)
def test_public_pages_are_accessible(visit, axe, size, language, dark):
    page = visit(size=size, language=language, dark=dark)

    for path in PUBLIC:
        page.goto(path)
        page.wait_for_selector("body[data-ready]", state="attached")
        assert page.locator("html").get_attribute("lang") == language
        assert_accessible(page, axe)


@pytest.mark.parametrize(("size", "language", "dark"), LOOKS)
def test_own_pages_are_accessible(visit, axe, organizer, size, language, dark):
    page = visit(organizer, size=size, language=language, dark=dark)

    for path in (*OWN, "/organize/members"):
        page.goto(path)
        page.wait_for_selector("body[data-ready]", state="attached")
        for fold in page.locator("main summary").all():
            fold.click()
        assert_accessible(page, axe)


def test_no_page_scrolls_sideways_on_the_smallest_phone(visit, organizer):
    page = visit(organizer, size={"width": 320, "height": 640})

    for path in ("/", "/usecases", "/company", "/company/edit", "/organize/members"):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, (path, width)


def test_the_menu_unfolds_on_a_phone_without_a_script(visit):
    page = visit(size=PHONE, script=False)
    page.goto("/")
    link = page.get_by_role("link", name="Anwendungsfälle", exact=True)

    folded = link.is_visible()
    page.get_by_role("button", name="Menü").click()
    link.click()

    assert not folded
    assert page.url.endswith("/usecases")


def test_the_skip_link_is_the_first_stop_and_leads_to_the_content(visit):
    page = visit()
    page.goto("/")

    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")

    assert skip == "Zum Inhalt"
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_language_switch_keeps_the_page(visit):
    page = visit()
    page.goto("/usecases?area=app.prod")

    page.get_by_role("button", name="English").first.click()

    assert page.url.endswith("/usecases?area=app.prod")
    assert page.locator("html").get_attribute("lang") == "en"


def test_similar_companies_appear_while_the_name_is_typed(visit, served):
    name = "Brandl Umformtechnik GmbH"
    factories.company(name=name, name_key=company_names.key(name), place="Passau")
    page = visit()
    page.goto("/register")

    page.get_by_label("Firma").press_sequentially("brandl umformtechnk")

    page.get_by_label("Brandl Umformtechnik GmbH in Passau").check()


@pytest.mark.parametrize("script", [True, False])
def test_joining_works_with_and_without_a_script(visit, script):
    page = visit(script=script, size=PHONE)
    page.goto("/register")

    page.get_by_label("Firma").fill("Schlosserei Thoma")
    page.get_by_label("Vor- und Nachname").fill("Ina Thoma")
    page.get_by_label("E-Mail-Adresse").fill("ina@thoma.example")
    page.get_by_label("Kennwort").fill("genug Zeichen sind das")
    page.get_by_label("Ich habe die Hinweise").check()
    page.get_by_role("button", name="Konto anlegen").click()

    assert "ina@thoma.example" in page.locator("main").inner_text()


def test_a_one_time_link_signs_in_by_its_button(visit, organizer):
    token = sign_in_links.make_for(organizer.email, at=datetime.now(UTC))
    page = visit()
    page.goto(f"/sign-in/{token}")

    page.get_by_role("button", name="Jetzt anmelden").click()

    page.get_by_role("button", name="Abmelden").click()
    page.get_by_role("link", name="Anmelden", exact=True).wait_for(state="attached")


def test_places_are_suggested_while_they_are_typed(visit, organizer):
    page = visit(organizer)
    page.goto("/company/edit")
    page.get_by_label("Ort").fill("")

    page.get_by_label("Ort").press_sequentially("muench")

    page.wait_for_selector('#places option[value="München (Bayern)"]', state="attached")
