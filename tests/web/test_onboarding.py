"""The first value in three fields."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import db
from app.models import Company, Kind, Listing, Person
from app.services import preview
from tests import factories

SignIn = Callable[[Person], FlaskClient]
NEED = "Wir prüfen Bauteile mit Kameras und Bilderkennung auf Kratzer und Risse."
OFFERING = "Wir helfen bei Datenschutz, DSGVO und Auftragsverarbeitung mit KI."


class FakeIndex:
    """Counts seven needs' partners, three of them near; no offering has any."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def count(self, vectors: Any, *asked: Any) -> tuple[int, int]:
        self.asked.append(asked)
        return (7, 3) if asked[0] == "need" else (0, 0)


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    fake = FakeIndex()
    preview.use(fake)
    yield fake
    preview.use(None)


@pytest.fixture
def company_id(database: str) -> UUID:
    new = {"place": None, "state": None, "lat": None, "lon": None}
    return factories.company(onboarded_at=None, **new).id


@pytest.fixture
def client(sign_in: SignIn, company_id: UUID) -> FlaskClient:
    return sign_in(factories.person(Company(id=company_id)))


def post(client: FlaskClient, **fields: str) -> tuple[int, str]:
    given = {"place": "Ulm"} | fields
    named = {name.replace("_", "-"): value for name, value in given.items()}
    answer = client.post("/onboarding", data=named, follow_redirects=True)
    return answer.status_code, answer.get_data(as_text=True)


def stored() -> list[Listing]:
    db.remove()
    return list(db.session().scalars(sa.select(Listing).order_by(Listing.kind)))


def test_three_fields_give_place_listings_and_a_preview(
    client: FlaskClient, company_id: UUID, index: FakeIndex
):
    status, page = post(client, need_text=NEED, offering_text=OFFERING)

    assert status == 200
    assert "7 Firmen könnten passen" in page
    assert "3 davon in Ihrer Region" in page
    assert "Noch keine Firma sucht danach" in page
    assert [one.kind for one in stored()] == [Kind.NEED, Kind.OFFERING]
    company = db.session().get_one(Company, company_id)
    assert (company.place, company.state) == ("Ulm", "DE-BW")
    assert company.lat is not None
    assert company.onboarded_at is not None


def test_a_need_alone_is_enough(client: FlaskClient):
    status, _ = post(client, need_text=NEED, nothing="y", offering_text="wird nicht")

    assert status == 200
    assert [one.kind for one in stored()] == [Kind.NEED]


def test_an_offering_alone_is_enough(client: FlaskClient):
    status, _ = post(client, offering_text=OFFERING)

    assert status == 200
    assert [one.kind for one in stored()] == [Kind.OFFERING]


def test_nothing_at_all_is_refused(client: FlaskClient, company_id: UUID):
    status, page = post(client)

    assert status == 422
    assert "Bitte prüfen Sie" in page
    assert stored() == []
    assert db.session().get_one(Company, company_id).onboarded_at is None


def test_errors_keep_everything_and_store_nothing(client: FlaskClient):
    status, page = post(
        client, place="Nirgendwo am See", need_text=NEED, offering_text="www.firma.de"
    )

    assert status == 422
    assert "erst bei einer Vorstellung" in page
    assert "Nirgendwo am See" in page
    assert NEED in page
    assert stored() == []


def test_an_unknown_place_is_asked_back(client: FlaskClient):
    status, page = post(client, place="Ulmm", need_text=NEED)

    assert status == 422
    assert "Diesen Ort kennen wir nicht" in page
    assert "Ulm (Baden-Württemberg)" in page


def test_a_place_that_is_there_twice_is_chosen(client: FlaskClient):
    status, page = post(client, place="Neustadt", need_text=NEED)
    assert status == 422
    assert "gibt es mehrmals" in page
    assert 'name="place-choice"' in page

    status, page = post(
        client, place="Neustadt", place_choice="Ulm (Baden-Württemberg)", need_text=NEED
    )
    assert status == 200
    assert 'value="Ulm (Baden-Württemberg)"' in page
    assert stored() == []


def test_buttons_recognise_and_preview_without_javascript(
    client: FlaskClient, index: FakeIndex
):
    status, page = post(client, need_text=NEED, need_recognise="1")

    assert status == 200
    assert 'name="need-drop" value="app.prod.visual-inspection"' in page
    assert "7 Firmen könnten passen" in page
    assert stored() == []


def test_the_preview_follows_the_typing(
    client: FlaskClient, company_id: UUID, index: FakeIndex
):
    answer = client.post(
        "/onboarding/preview", data={"place": "Ulm", "need-text": NEED}
    )

    assert answer.status_code == 200
    assert "7 Firmen könnten passen" in answer.get_data(as_text=True)
    kind, lat, _, reach, _, but = index.asked[-1]
    assert (kind, round(lat), reach) == ("need", 48, "national")
    assert but == str(company_id)


def test_without_a_place_nothing_is_said_of_the_region(
    client: FlaskClient, index: FakeIndex
):
    answer = client.post("/onboarding/preview", data={"need-text": NEED})

    assert "Mit Ihrem Ort wissen wir auch" in answer.get_data(as_text=True)


def test_as_long_as_nothing_was_counted_the_page_says_so(client: FlaskClient):
    _, page = post(client, need_text=NEED)

    assert "in wenigen Minuten" in page


def test_sent_twice_makes_one_listing_of_each(client: FlaskClient):
    for _ in range(2):
        post(client, need_text=NEED, offering_text=OFFERING)

    assert len(stored()) == 2


def test_who_has_begun_goes_to_the_listings(client: FlaskClient):
    post(client, need_text=NEED)

    answer = client.get("/onboarding")

    assert answer.headers["Location"].endswith("/listings")


@pytest.mark.parametrize(
    "text", ["\x00", "x" * 10_000, "<script>alert(1)</script>@x.de", "\ufffd"]
)
def test_bad_input_gets_one_clear_answer(client: FlaskClient, text: str):
    status, page = post(client, place=text[:300], need_text=text, offering_text=text)

    assert status == 422
    assert "<script>alert" not in page.split("<main", 1)[1]
    assert stored() == []


def test_the_first_visit_leads_here(client: FlaskClient):
    answer = client.get("/week")

    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("/onboarding")


def test_it_can_wait(client: FlaskClient):
    client.post("/onboarding/later")

    assert client.get("/week").status_code == 200
    assert stored() == []
