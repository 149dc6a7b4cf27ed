"""Circles and rings: what organizers see and do, and that nobody else does."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import db
from app.models import AuditEvent, Company, CompanyStatus, EditKind, Round, RoundEdit
from app.services import rounds
from tests import factories
from tests.rounds_market import round_table

NOW = datetime.now(UTC)
WEEK = rounds.week_of(NOW)
PAGE = f"/organize/round/{WEEK}/circles"


@pytest.fixture
def organizer(sign_in) -> FlaskClient:
    return sign_in(factories.person(None, "organizer"))


@pytest.fixture
def drafted(app) -> None:
    """A draft of this week's round with a circle and a ring."""
    round_table(at=NOW)
    rounds.run(WEEK, at=NOW)
    db.remove()


def text(client: FlaskClient, page: str = PAGE) -> str:
    response = client.get(page)
    assert response.status_code == 200
    return response.get_data(as_text=True)


def company(name: str) -> Company:
    db.session().rollback()
    return db.session().scalars(sa.select(Company).where(Company.name == name)).one()


def change(name: str, **values: object) -> None:
    identity = company(name).id
    with db.transaction() as session:
        session.execute(
            sa.update(Company).where(Company.id == identity).values(**values)
        )


class TestReading:
    def test_review_leads_to_the_page(self, drafted, organizer):
        page = text(organizer, f"/organize/round/{WEEK}")

        assert f'href="{PAGE}"' in page
        assert "1 Kreis," in page

    def test_circle_and_ring_are_told_in_words(self, drafted, organizer):
        page = text(organizer)

        assert "Erfa-Kreise und Hilfe-Ringe" in page
        for number in range(5):
            assert f"Betrieb {number}" in page
        assert "Bedarf: Risse im Guss" in page
        assert "Angebot: Kameras" in page
        assert "km voneinander entfernt" in page
        assert "aus 5 Branchen" in page
        assert "A → B:" in page
        assert '<svg class="ring"' in page
        assert "Ring 0 hilft" in page or "Ring 1 hilft" in page

    def test_page_is_english_as_well(self, drafted, organizer):
        organizer.set_cookie("lang", "en")

        page = text(organizer)

        assert 'lang="en"' in page
        for words in (
            "Peer circles and help rings",
            "Looking for the same",
            "Could show something",
            "km apart",
            "nobody owes anything",
            "pairs of the ring",
        ):
            assert words in page
        assert "Firmen" not in page

    def test_no_contact_is_on_the_page(self, drafted, organizer):
        factories.person(company("Betrieb 0"), name="Anna Albrecht", phone="0731 1234")
        factories.person(company("Ring 0"), email="bert@ring.example")

        page = text(organizer)

        assert "Anna Albrecht" not in page
        assert "0731 1234" not in page
        assert "bert@ring.example" not in page

    def test_invitation_names_nobody(self, drafted, organizer):
        page = text(organizer)

        start = page.index("Mehrere Firmen in unserem Verband")
        invitation = page[start : page.index("</p>", start)]
        assert "Betrieb" not in invitation
        assert "Prüfhaus" not in invitation

    def test_changes_since_are_said(self, drafted, organizer):
        change("Betrieb 0", paused_until=(NOW + timedelta(days=20)).date())
        change("Ring 1", status=CompanyStatus.CLOSED)

        page = text(organizer)

        assert "noch 4 von 5 Firmen" in page
        assert "pausiert" in page
        assert "schließt sich nicht mehr" in page
        assert "nimmt nicht mehr teil" in page
        assert "Ring 1 " not in page.replace("Ring 1 </", "")
        assert "Paare des Rings vormerken" not in page

    def test_empty_round_says_what_it_takes(self, app, organizer):
        rounds.run(WEEK, at=NOW)

        page = text(organizer)

        assert "Kein Kreis in dieser Runde" in page
        assert "Kein Ring in dieser Runde" in page
        assert "mindestens vier Firmen" in page

    def test_older_round_says_what_to_do(self, app, organizer):
        factories.round_("2026-W40", manifest={"ratio": 0.9})

        page = text(organizer, "/organize/round/2026-W40/circles")

        assert "bevor Kreise und Ringe aufgeschrieben wurden" in page

    def test_tables_can_be_taken_along(self, drafted, organizer):
        circles = text(organizer, f"/organize/round/{WEEK}/circles.csv")
        rings = text(organizer, f"/organize/round/{WEEK}/rings.csv")

        assert circles.count("Risse im Guss") == 5
        assert "circle;topic;strength" in circles
        assert len(rings.splitlines()) % 3 == 1
        assert "ring;fit;strength" in rings

    def test_unknown_weeks_are_refused(self, organizer):
        assert organizer.get("/organize/round/2026-W99/circles").status_code == 422
        for name in ("circles", "circles.csv", "rings.csv"):
            page = f"/organize/round/2020-W01/{name}"
            assert organizer.get(page).status_code == 404


def test_members_and_visitors_do_not_get_in(drafted, sign_in, client):
    member = sign_in(factories.person(company("Betrieb 0")))

    for name in ("circles", "circles.csv", "rings.csv"):
        path = f"/organize/round/{WEEK}/{name}"
        assert member.get(path).status_code == 404
        assert client.get(path).status_code == 302
    assert member.post(f"{PAGE}/pin", data={"pair": "x"}).status_code == 404


class TestPinning:
    def test_ring_is_noted_and_noted_in_the_log(self, drafted, organizer):
        ids = [company(f"Ring {number}").id for number in range(3)]
        pairs = [f"{ids[0]}:{ids[1]}", f"{ids[1]}:{ids[2]}", f"{ids[2]}:{ids[0]}"]
        offered = text(organizer)

        response = organizer.post(
            f"{PAGE}/pin", data={"pair": pairs}, follow_redirects=True
        )

        assert "3 Paare des Rings vormerken" in offered
        page = response.get_data(as_text=True)
        assert "Vorgemerkt: 3 Paare" in page
        assert "vorgemerkt</span>" in page
        db.session().rollback()
        edits = db.session().scalars(sa.select(RoundEdit)).all()
        assert [one.kind for one in edits] == [EditKind.PIN] * 3
        log = sa.select(AuditEvent).where(AuditEvent.action == "round.pin")
        assert len(db.session().scalars(log).all()) == 3

    @pytest.mark.parametrize("pairs", [[], ["x"], ["x:y"], ["a:b:c"]])
    def test_nonsense_is_told_and_does_no_harm(self, drafted, organizer, pairs):
        response = organizer.post(
            f"{PAGE}/pin", data={"pair": pairs}, follow_redirects=True
        )

        assert "Bitte wählen Sie ein Paar" in response.get_data(as_text=True)

    def test_refusal_is_told_in_words(self, drafted, organizer):
        change("Ring 0", capacity=0)
        one, other = company("Ring 0").id, company("Ring 1").id

        response = organizer.post(
            f"{PAGE}/pin", data={"pair": f"{one}:{other}"}, follow_redirects=True
        )

        page = response.get_data(as_text=True)
        assert "nimmt in dieser Woche nicht so viele Vorschläge" in page

    def test_released_round_offers_nothing_to_note(self, drafted, organizer):
        rounds.release(WEEK, by=None, at=NOW)

        page = text(organizer)

        assert "nur in einem Entwurf" in page
        assert 'name="pair"' not in page

    def test_no_get_acts(self, drafted, organizer):
        assert organizer.get(f"{PAGE}/pin").status_code == 405
        assert db.session().scalars(sa.select(Round.state)).one().value == "draft"
