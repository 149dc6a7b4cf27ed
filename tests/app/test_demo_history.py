"""What invented companies decide: driven by the truth about their listings."""

import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from app.demo import association, history
from app.demo.association import DemoAssociation, DemoCompany
from app.demo.history import Seen
from app.models import DeclineReason, Side
from tests.factories import MONDAY

MANY = 2000


@pytest.fixture(scope="module")
def made() -> DemoAssociation:
    return association.make(1, 60)


def seen_by(lo: DemoCompany, hi: DemoCompany, made: DemoAssociation) -> Seen:
    """An introduction of two companies: all that hi needs and lo offers."""
    pairs = [
        (Side.LO, need, offering)
        for need in hi.listings
        for offering in lo.listings
        if need.kind == "need" and offering.kind == "offering"
    ]
    return Seen(
        id=UUID(int=1),
        round_id=UUID(int=2),
        ids={Side.LO: UUID(int=3), Side.HI: UUID(int=4)},
        companies={Side.LO: lo, Side.HI: hi},
        matches=tuple(pairs),
        shown_at=MONDAY,
    )


def test_what_is_about_the_same_fits_best(made: DemoAssociation):
    friend = made.companies[-1]
    stranger = replace(friend, listings=())

    alike = history.compatibility(seen_by(made.guest, friend, made), made.situations)
    unlike = history.compatibility(seen_by(made.guest, stranger, made), made.situations)

    assert alike > 0.7
    assert unlike < 0.2


def test_a_good_fit_is_accepted_more_often(made: DemoAssociation):
    seen = seen_by(made.guest, made.companies[-1], made)

    accepted = {}
    for fit in (0.1, 0.9):
        draw = random.Random(1)
        verdicts = [history.verdict(draw, seen, Side.HI, fit) for _ in range(MANY)]
        accepted[fit] = sum(one is not None and one.accepts for one in verdicts)

    assert accepted[0.9] > 1.5 * accepted[0.1]


def test_some_never_answer_and_all_others_do_in_time(made: DemoAssociation):
    seen = seen_by(made.guest, made.companies[-1], made)
    draw = random.Random(1)

    verdicts = [history.verdict(draw, seen, Side.HI, 0.5) for _ in range(MANY)]

    given = [one for one in verdicts if one is not None]
    assert 0.05 * MANY < MANY - len(given) < 0.5 * MANY
    assert all(MONDAY < one.at < MONDAY + timedelta(days=14) for one in given)
    reasons = {one.reason for one in given} - {None}
    assert {DeclineReason.NO_TIME, DeclineReason.NOT_THE_TOPIC} <= reasons


def test_feedback_comes_after_two_weeks_and_knows_the_quality(made: DemoAssociation):
    seen = seen_by(made.guest, made.companies[-1], made)
    helpful = {}
    for quality in (0.1, 0.9):
        told_of = replace(
            seen,
            matches=tuple(
                (giver, need, replace(offering, quality=quality))
                for giver, need, offering in seen.matches
            ),
        )
        draw = random.Random(1)
        told = [
            one
            for _ in range(MANY)
            if (one := history.feedback(draw, told_of, Side.HI, MONDAY, 0.6))
        ]
        assert all(one.at >= MONDAY + timedelta(days=14) for one in told)
        rated = [one.helpful for one in told if one.helpful is not None]
        helpful[quality] = sum(rated) / len(rated)

    assert helpful[0.9] > helpful[0.1] + 0.7
