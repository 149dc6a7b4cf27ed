"""Feedback: who is asked when, what counts as an answer, who may give it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app import db
from app.errors import Invalid, NotFound
from app.models import Company, Feedback, Outcome, Person, Side
from app.services import feedback, introductions
from app.services.feedback import Given
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

DUE = MONDAY + timedelta(days=14)
HELPED = Given(
    held=True,
    outcome=Outcome.HELPFUL,
    helpful=4,
    sentence="Wir prüfen jetzt mit Licht von der Seite.",
    may_publish=True,
)


class Met(NamedTuple):
    """A connected introduction and a person of each side."""

    id: UUID
    lo: UUID
    hi: UUID
    lo_company: UUID


@pytest.fixture
def met() -> Met:
    made = introduced()
    for person in (made.lo, made.hi):
        introductions.accept(made.id, by=person, at=MONDAY)
    return made


def introduced() -> Met:
    row = factories.introduction()
    lo, hi = (
        factories.person(db.session().get_one(Company, company_id)).id
        for company_id in (row.company_lo_id, row.company_hi_id)
    )
    return Met(row.id, lo, hi, row.company_lo_id)


def give(one: Met, given: Given = HELPED, **options: Any) -> None:
    feedback.give(one.id, given, **({"by": one.lo, "at": DUE} | options))


def given(one: Met, by: UUID) -> Given | None:
    db.session().rollback()
    return feedback.given_by(db.session(), one.id, by=by, at=DUE)


def test_each_side_answers_for_itself(met: Met):
    give(met)
    give(met, Given(held=False), by=met.hi)

    assert given(met, met.lo) == HELPED
    assert given(met, met.hi) == Given(held=False)


def test_a_later_answer_replaces_the_earlier(met: Met):
    give(met, Given(held=False))
    give(met)

    assert given(met, met.lo) == HELPED
    rows = db.session().execute(select(Feedback.side, Feedback.person_id)).all()
    assert rows == [(Side.LO, met.lo)]


def test_who_did_not_meet_has_nothing_to_judge(met: Met):
    give(met, replace(HELPED, held=False))

    assert given(met, met.lo) == Given(held=False, sentence=HELPED.sentence)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"outcome": None}, "outcome"),
        ({"helpful": None}, "helpful"),
        ({"helpful": 0}, "helpful"),
        ({"helpful": 6}, "helpful"),
        ({"sentence": "x" * 501}, "sentence"),
    ],
)
def test_an_incomplete_answer_names_the_field(
    met: Met, values: dict[str, Any], field: str
):
    with pytest.raises(Invalid) as refused:
        give(met, replace(HELPED, **values))

    assert refused.value.field == field
    assert given(met, met.lo) is None


def test_only_connected_companies_give_feedback():
    one = introduced()
    introductions.accept(one.id, by=one.lo, at=MONDAY)

    for by in (one.lo, one.hi):
        with pytest.raises(NotFound):
            give(one, by=by)


def test_strangers_give_none(met: Met):
    stranger = factories.person(factories.company()).id

    for which in (met, met._replace(id=uuid4())):
        with pytest.raises(NotFound):
            give(which, by=stranger)


class TestAsking:
    def test_is_due_after_14_days_until_answered(self, met: Met):
        def due(days: int) -> int:
            db.session().rollback()
            at = MONDAY + timedelta(days=days)
            return len(feedback.due(db.session(), met.lo_company, at=at))

        assert [due(13), due(14), due(200)] == [0, 1, 1]
        give(met)
        assert due(14) == 0

    def test_by_mail_goes_to_the_persons_who_accepted(self, met: Met):
        found = feedback.requests_due(db.session(), at=DUE)

        assert {(one.side, one.person_id) for one in found} == {
            (Side.LO, met.lo),
            (Side.HI, met.hi),
        }

    def test_by_mail_ends_with_the_answer_or_the_time(self, met: Met):
        give(met)

        asked = [
            [one.side for one in feedback.requests_due(db.session(), at=at)]
            for at in (DUE - timedelta(seconds=1), DUE, DUE + timedelta(days=28))
        ]

        assert asked == [[], [Side.HI], []]

    def test_by_mail_leaves_closed_accounts_alone(self, met: Met):
        with db.transaction() as session:
            session.get_one(Person, met.lo).active = False

        asked = feedback.requests_due(db.session(), at=DUE)

        assert [one.side for one in asked] == [Side.HI]


def test_an_answer_frees_a_place_for_the_next_introduction(met: Met):
    def busy() -> int:
        db.session().rollback()
        return introductions.open_count(db.session(), met.lo_company, DUE)

    assert busy() == 1
    give(met)
    assert busy() == 0
