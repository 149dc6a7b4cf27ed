"""The round review: what organizers see and do, and that nobody else does."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import db
from app.models import (
    Company,
    EditKind,
    Introduction,
    Round,
    RoundEdit,
    RoundState,
    State,
)
from app.services import rounds, rounds_edits, rounds_lease
from tests import factories
from tests.rounds_market import association

NOW = datetime.now(UTC)
WEEK = rounds.week_of(NOW)
PAGE = f"/organize/round/{WEEK}"


@pytest.fixture
def organizer(sign_in) -> FlaskClient:
    return sign_in(factories.person(None, "organizer"))


@pytest.fixture
def drafted(app) -> None:
    """A draft of this week's round."""
    association(12, at=NOW)
    rounds.run(WEEK, at=NOW)
    db.remove()


def text(client: FlaskClient, page: str = PAGE) -> str:
    response = client.get(page)
    assert response.status_code == 200
    return response.get_data(as_text=True)


def drafts() -> list[Introduction]:
    db.session().rollback()
    return list(
        db.session().scalars(
            sa.select(Introduction)
            .where(Introduction.state == State.DRAFT)
            .order_by(Introduction.id)
        )
    )


def state() -> RoundState:
    db.session().rollback()
    return db.session().scalars(sa.select(Round.state)).one()


class TestReading:
    def test_week_without_a_round_says_what_will_happen(self, organizer):
        assert "noch keine Runde" in text(organizer, "/organize/round")

    def test_draft_shows_pairs_with_band_reasons_and_figures(self, drafted, organizer):
        page = text(organizer)

        assert "wartet auf Ihre Freigabe" in page
        assert "Betrieb 0" in page
        assert "Passung" in page
        assert "hilft bei:" in page
        assert "Gemeinsame" in page
        assert page.count('id="pair-') == len(drafts())

    @pytest.mark.parametrize(
        "query", ["?band=possible", "?slot=pinned", "?q=Betrieb+003"]
    )
    def test_filters_leave_some_pairs_out(self, drafted, organizer, query):
        shown = text(organizer, PAGE + query).count('id="pair-')

        assert shown < len(drafts())

    @pytest.mark.parametrize(
        "query", ["?band=x", "?page=999", "?page=-1", "?page=x", "?q=%00%ff", "?q=%25"]
    )
    def test_nonsense_in_the_address_does_no_harm(self, drafted, organizer, query):
        assert organizer.get(PAGE + query).status_code == 200

    def test_companies_and_needs_have_pages_of_their_own(self, drafted, organizer):
        paused = factories.company(paused_until=(NOW + timedelta(days=9)).date())
        name = paused.name
        rounds.recompute(WEEK, at=NOW + timedelta(seconds=1))

        assert name in text(organizer, f"{PAGE}/companies")
        assert "Bedarfe ohne Kandidat" in text(organizer, f"{PAGE}/needs")

    def test_unknown_weeks_are_refused(self, organizer):
        assert organizer.get("/organize/round/2026-W99").status_code == 422
        assert organizer.get("/organize/round/2020-W01/companies").status_code == 404

    def test_members_and_visitors_do_not_get_in(self, drafted, sign_in, client):
        member = sign_in(factories.person(factories.company()))

        for path in (PAGE, f"{PAGE}/companies", f"{PAGE}/needs", f"{PAGE}/add"):
            assert member.get(path).status_code == 404
            assert client.get(path).status_code == 302
        assert member.post(f"{PAGE}/release").status_code == 404
        assert state() is RoundState.DRAFT


class TestEditing:
    def test_dropped_pair_is_gone_now_and_after_computing_again(
        self, drafted, organizer
    ):
        victim = drafts()[0]
        pair = victim.company_lo_id, victim.company_hi_id

        organizer.post(f"/organize/round/pair/{victim.id}/drop")
        rounds.recompute(WEEK, at=NOW + timedelta(seconds=1))

        assert pair not in {(one.company_lo_id, one.company_hi_id) for one in drafts()}
        assert "gestrichen" in text(organizer)

    def test_pinned_pair_is_marked_and_can_be_let_go(self, drafted, organizer):
        kept = drafts()[0].id

        organizer.post(f"/organize/round/pair/{kept}/pin")
        marked = text(organizer)
        edit = db.session().scalars(sa.select(RoundEdit)).one()
        kind, edit_id = edit.kind, edit.id
        organizer.post(f"/organize/round/edit/{edit_id}/undo")

        assert kind is EditKind.PIN
        assert "angeheftet" in marked
        assert "angeheftet" not in text(organizer)

    def test_pair_added_by_hand_comes_with_the_next_computing(self, drafted, organizer):
        known = {(one.company_lo_id, one.company_hi_id) for one in drafts()}
        ids = sorted(db.session().scalars(sa.select(Company.id)))
        lo, hi = next((a, b) for a in ids for b in ids if a < b and (a, b) not in known)
        names = dict(
            db.session().execute(sa.select(Company.id, Company.name)).tuples().all()
        )
        found = text(
            organizer,
            f"{PAGE}/add?company_words={names[lo]}&other_words={names[hi]}",
        )

        organizer.post(f"{PAGE}/add", data={"company": str(lo), "other": str(hi)})
        waiting = text(organizer)
        rounds.recompute(WEEK, at=NOW + timedelta(seconds=1))

        assert str(lo) in found
        assert str(hi) in found
        assert "kommt mit dem nächsten Berechnen" in waiting
        assert (lo, hi) in {(one.company_lo_id, one.company_hi_id) for one in drafts()}

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"company": "x", "other": "y"},
            {"company": "6f2fdb1e-0d6f-4f55-b0bb-0a2a2f6bb111"},
        ],
    )
    def test_incomplete_pair_is_told_on_the_page(self, drafted, organizer, form):
        response = organizer.post(f"{PAGE}/add", data=form)

        assert response.status_code == 409
        assert "Bitte wählen Sie zwei Firmen" in response.get_data(as_text=True)

    def test_blocked_pair_is_refused_in_words(self, drafted, organizer):
        from app.services import introductions

        lo, hi = sorted(db.session().scalars(sa.select(Company.id)))[:2]
        with db.transaction() as session:
            introductions.block_pair(session, lo, hi, reason="x", at=NOW)

        response = organizer.post(
            f"{PAGE}/add", data={"company": str(lo), "other": str(hi)}
        )

        assert "nicht vorgestellt werden" in response.get_data(as_text=True)

    def test_released_draft_cannot_be_edited(self, drafted, organizer):
        pair = drafts()[0].id
        rounds.release(WEEK, by=None, at=NOW)

        response = organizer.post(f"/organize/round/pair/{pair}/drop")

        assert response.status_code == 409
        assert "Streichen" not in text(organizer)

    def test_absent_pair_is_not_found(self, drafted, organizer):
        absent = "6f2fdb1e-0d6f-4f55-b0bb-0a2a2f6bb111"

        for path in (
            f"pair/{absent}/drop",
            f"pair/{absent}/pin",
            f"edit/{absent}/undo",
        ):
            assert organizer.post(f"/organize/round/{path}").status_code == 404


class TestReleasing:
    def test_release_asks_again_with_the_consequence(self, drafted, organizer):
        page = text(organizer)

        assert "lässt sich nicht zurücknehmen" in page
        assert state() is RoundState.DRAFT

    def test_release_shows_the_pairs(self, drafted, organizer):
        organizer.post(f"{PAGE}/release")
        organizer.post(f"{PAGE}/release")

        assert state() is RoundState.RELEASED
        assert "Freigegeben am" in text(organizer)

    def test_held_round_offers_no_release(self, drafted, organizer):
        organizer.post(f"{PAGE}/hold")
        page = text(organizer)
        refused = organizer.post(f"{PAGE}/release")
        organizer.post(f"{PAGE}/unhold")

        assert "angehalten" in page
        assert "Runde freigeben" not in page
        assert refused.status_code == 409
        assert "Runde freigeben" in text(organizer)

    def test_no_get_acts(self, drafted, organizer):
        pair = drafts()[0].id

        for path in (
            *("release", "hold", "unhold", "compute", "cancel"),
            *(f"../pair/{pair}/drop", f"../pair/{pair}/pin"),
        ):
            assert organizer.get(f"{PAGE}/{path}").status_code in (404, 405)
        assert state() is RoundState.DRAFT


class TestComputing:
    def test_asked_round_shows_that_it_waits(self, app, organizer):
        association(2, at=NOW)

        organizer.post(f"{PAGE}/compute")

        page = text(organizer)
        assert "Wartet auf den Rechendienst" in page
        assert '<noscript><meta http-equiv="refresh"' in page

    def test_progress_survives_a_reload_and_ends_in_the_result(self, app, organizer):
        association(2, at=NOW)
        held = rounds_lease.claim(WEEK, at=NOW)
        notes = rounds_lease.Notes(held)
        notes._noted = -9.0  # as if a second had passed
        notes("candidates", 0.5)

        first, again = text(organizer), text(organizer)
        part = text(organizer, f"{PAGE}/progress")
        rounds_lease.fail(held, "cancelled", at=NOW)
        done = organizer.get(f"{PAGE}/progress")

        assert "Kandidaten werden gesucht" in first
        assert "Kandidaten werden gesucht" in again
        assert 'value="38"' in part
        assert done.headers["HX-Refresh"] == "true"

    def test_computing_can_be_cancelled(self, app, organizer):
        rounds_lease.claim(WEEK, at=NOW)

        organizer.post(f"{PAGE}/cancel")

        assert state() is RoundState.FAILED
        assert "abgebrochen" in text(organizer)

    def test_failed_recomputing_shows_the_earlier_draft(self, drafted, organizer):
        held = rounds_lease.claim(WEEK, at=NOW, again=True)
        rounds_lease.fail(held, "OverCapacity: x", at=NOW)

        page = text(organizer)

        assert "Gezeigt ist der frühere Entwurf" in page
        assert page.count('id="pair-') == len(drafts())

    def test_asking_twice_leads_to_the_run_that_goes_on(self, app, organizer):
        held = rounds_lease.claim(WEEK, at=datetime.now(UTC))

        response = organizer.post(f"{PAGE}/compute", follow_redirects=True)

        assert "werden berechnet" in response.get_data(as_text=True)
        db.session().rollback()
        token = db.session().scalars(sa.select(Round.lease_token)).one()
        assert token == held.token


def test_silent_worker_is_noticed():
    from app.services.rounds_progress import progress_of

    row = Round(
        week=WEEK,
        state=RoundState.COMPUTING,
        progress={
            "step": "pairs",
            "share": 0.5,
            "begun_at": NOW.isoformat(),
            "noted_at": (NOW + timedelta(seconds=10)).isoformat(),
        },
    )

    found = progress_of(row, at=NOW + timedelta(minutes=5))

    assert found is not None
    assert found.silent
    assert found.remaining == 6  # 10 seconds for the first 62 %
    assert not found.waits


def test_edit_of_unknown_week_is_not_found(database):
    from app.errors import NotFound

    one, other = factories.company(), factories.company()
    who = factories.person().id

    with pytest.raises(NotFound):
        rounds_edits.add("2020-W01", one.id, other.id, by=who, at=NOW)
