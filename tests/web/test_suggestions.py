"""The start page of a member: at most three questions, or why there is none."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app import db
from app.models import (
    Band,
    Company,
    CompanyStatus,
    Decision,
    Introduction,
    Kind,
    Person,
    State,
    Uncovered,
)
from tests import factories

SignIn = Callable[[Person], FlaskClient]


def now() -> datetime:
    return datetime.now(UTC)


def shown(**values: Any) -> dict[str, Any]:
    return {
        "shown_at": now() - timedelta(days=1),
        "expires_at": now() + timedelta(days=13),
    } | values


def week(client: FlaskClient) -> str:
    answer = client.get("/week")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_strongest_suggestion_comes_first(sign_in: SignIn):
    mine = factories.company()
    for number, band in enumerate((Band.POSSIBLE, Band.STRONG, Band.GOOD)):
        factories.introduction(
            factories.round_(f"2026-W4{number}"), mine, **shown(band=band)
        )

    page = week(sign_in(factories.person(mine)))

    assert "3 Vorschläge warten auf Ihre Antwort" in page
    order = [page.index(f"band--{band.value}") for band in Band]
    assert order == sorted(order)


def test_what_was_accepted_waits_below(sign_in: SignIn):
    one = factories.introduction(
        **shown(state=State.HALF, lo_decision=Decision.ACCEPTED, lo_decided_at=now())
    )
    client = sign_in(factories.person(db.session().get_one(Company, one.company_lo_id)))

    page = week(client)

    assert "Von Ihnen angenommen" in page
    assert "Sie haben alles beantwortet" in page


def test_feedback_is_asked_for_after_two_weeks(sign_in: SignIn):
    one = factories.introduction(
        state=State.CONNECTED,
        shown_at=now() - timedelta(days=20),
        expires_at=now() - timedelta(days=6),
        connected_at=now() - timedelta(days=14),
        closed_at=now() - timedelta(days=14),
        **{
            f"{side}_{name}": value
            for side in ("lo", "hi")
            for name, value in (
                ("decision", Decision.ACCEPTED),
                ("decided_at", now() - timedelta(days=14)),
            )
        },
    )
    client = sign_in(factories.person(db.session().get_one(Company, one.company_lo_id)))

    assert "Eine Rückmeldung zu Ihrem Gespräch" in week(client)


class TestSilence:
    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"paused_until": date(2999, 1, 1)}, "Ihre Firma pausiert"),
            ({"capacity": 0}, "möchte zurzeit keine Vorschläge"),
            ({}, "Uns fehlt Ihr Bedarf oder Ihr Angebot"),
        ],
    )
    def test_is_explained_by_the_companys_own_choices(
        self, sign_in: SignIn, values: dict[str, Any], words: str
    ):
        mine = factories.company(**values)

        assert words in week(sign_in(factories.person(mine)))

    def test_before_the_first_round(self, sign_in: SignIn):
        mine = factories.company()
        factories.listing(mine)

        assert "Die erste Runde kommt noch" in week(sign_in(factories.person(mine)))

    def test_when_the_round_found_nobody(self, sign_in: SignIn):
        mine, latest = factories.company(), factories.round_()
        factories.listing(mine)
        factories.add(
            Uncovered(round_id=latest.id, company_id=mine.id, reason="no_candidate")
        )

        page = week(sign_in(factories.person(mine)))

        assert "passte keine Firma gut genug" in page
        assert "Reichweite" in page

    def test_when_enough_is_open(self, sign_in: SignIn):
        mine = factories.company(max_open=1)
        factories.listing(mine)
        one = factories.introduction(a=mine, **shown())
        side = "lo" if one.company_lo_id == mine.id else "hi"
        with db.transaction() as session:
            row = session.get_one(Introduction, one.id)
            row.state = State.HALF
            setattr(row, f"{side}_decision", Decision.ACCEPTED)
            setattr(row, f"{side}_decided_at", now())

        page = week(sign_in(factories.person(mine)))

        assert "genug offene Vorstellungen" in page


class TestGaps:
    @pytest.mark.parametrize(
        ("kinds", "words"),
        [
            ((), "noch keinen Bedarf und kein Angebot"),
            ((Kind.OFFERING,), "keinen offenen Bedarf"),
            ((Kind.NEED,), "noch kein Angebot"),
        ],
    )
    def test_what_is_missing_is_asked_for(
        self, sign_in: SignIn, kinds: tuple[Kind, ...], words: str
    ):
        mine = factories.company()
        for kind in kinds:
            factories.listing(mine, kind, valid_until=date(2999, 1, 1))

        assert words in week(sign_in(factories.person(mine)))

    def test_what_runs_out_soon(self, sign_in: SignIn):
        mine = factories.company()
        soon = now().date() + timedelta(days=14)
        for kind in Kind:
            factories.listing(mine, kind, valid_until=soon)

        assert "läuft in den nächsten zwei Wochen ab" in week(
            sign_in(factories.person(mine))
        )


def test_only_a_post_remembers_that_somebody_looked(sign_in: SignIn):
    one = factories.introduction(**shown())
    identity = one.id
    client = sign_in(factories.person(db.session().get_one(Company, one.company_lo_id)))

    week(client)
    assert seen(identity) is None

    assert client.post("/week/seen").status_code == 204
    assert seen(identity) is not None


def seen(identity: UUID) -> datetime | None:
    db.session().rollback()
    return db.session().get_one(Introduction, identity).lo_seen_at


def test_a_company_that_is_not_approved_waits(sign_in: SignIn):
    client = sign_in(
        factories.person(
            factories.company(status=CompanyStatus.APPLIED, approved_at=None)
        )
    )

    assert client.get("/week").status_code == 302
    assert client.post("/week/seen").status_code == 404
