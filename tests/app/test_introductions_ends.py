"""Release, expiry, cancellation: what happens without a member's decision."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app import db
from app.models import (
    Block,
    Company,
    Cooldown,
    Decision,
    DecisionAct,
    DecisionEvent,
    Introduction,
    IntroductionSlot,
    Kind,
    Match,
    Side,
    State,
)
from app.services import introductions
from app.services.introductions import Standing
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

EXPIRY = MONDAY + timedelta(days=14)
DRAFT = {"state": State.DRAFT, "shown_at": None, "expires_at": None}
HALF = {
    "state": State.HALF,
    "lo_decision": Decision.ACCEPTED,
    "lo_decided_at": MONDAY,
}


def get(one: Introduction) -> Introduction:
    db.session().rollback()
    return db.session().get_one(Introduction, one.id)


def number(of: Any) -> int:
    return db.session().scalar(select(func.count()).select_from(of)) or 0


class TestRelease:
    def test_shows_the_drafts_of_one_round_for_14_days(self):
        week, other = factories.round_(), factories.round_("2026-W49")
        draft = factories.introduction(week, **DRAFT)
        elsewhere = factories.introduction(other, **DRAFT)

        with db.transaction() as session:
            shown = introductions.release_round(session, week.id, at=MONDAY)

        assert shown == 1
        assert get(draft).state is State.PROPOSED
        assert (get(draft).shown_at, get(draft).expires_at) == (MONDAY, EXPIRY)
        assert get(elsewhere).state is State.DRAFT

    def test_twice_shows_nothing_more(self):
        week = factories.round_()
        factories.introduction(week, **DRAFT)

        with db.transaction() as session:
            introductions.release_round(session, week.id, at=MONDAY)
            again = introductions.release_round(session, week.id, at=EXPIRY)

        assert again == 0
        assert number(DecisionEvent) == 1


class TestExpiry:
    @pytest.mark.parametrize("values", [{}, HALF])
    def test_ends_what_was_not_answered_in_time(self, values: dict[str, Any]):
        one = factories.introduction(**values)

        assert introductions.expire_due(at=EXPIRY - timedelta(seconds=1)) == 0
        assert introductions.expire_due(at=EXPIRY) == 1
        assert introductions.expire_due(at=EXPIRY) == 0

        assert get(one).state is State.EXPIRED
        assert db.session().scalars(select(DecisionEvent.act)).all() == [
            DecisionAct.EXPIRE
        ]

    @pytest.mark.parametrize(
        ("values", "weeks"),
        [
            ({}, 4),
            ({"lo_seen_at": MONDAY}, 8),
            (HALF | {"lo_seen_at": MONDAY}, 4),
            (HALF | {"hi_seen_at": MONDAY}, 8),
        ],
    )
    def test_the_pair_rests_longer_when_somebody_looked(
        self, values: dict[str, Any], weeks: int
    ):
        factories.introduction(**values)

        introductions.expire_due(at=EXPIRY)

        until = db.session().scalar(select(Cooldown.until))
        assert until == EXPIRY + timedelta(weeks=weeks)

    def test_leaves_alone_what_has_ended(self):
        one = factories.introduction(
            state=State.DECLINED,
            lo_decision=Decision.DECLINED,
            lo_decided_at=MONDAY,
            closed_at=MONDAY,
        )

        assert introductions.expire_due(at=EXPIRY) == 0
        assert get(one).closed_at == MONDAY

    def test_many_sweeps_at_once_end_each_only_once(self):
        week = factories.round_()
        for _ in range(12):
            factories.introduction(week)
        db.remove()
        ended: list[int] = []

        def sweep() -> None:
            ended.append(introductions.expire_due(at=EXPIRY))
            db.remove()

        threads = [Thread(target=sweep) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sum(ended) == 12
        assert number(DecisionEvent) == number(Cooldown) == 12


class TestCancelling:
    def test_ends_all_that_is_open_for_a_company(self):
        leaving = factories.company()
        draft = factories.introduction(factories.round_("2026-W49"), leaving, **DRAFT)
        half = factories.introduction(factories.round_("2026-W47"), leaving, **HALF)
        foreign = factories.introduction(factories.round_("2026-W46"))

        with db.transaction() as session:
            ended = introductions.cancel_for_company(
                session, leaving.id, "paused", at=MONDAY
            )

        assert ended == 2
        assert get(draft).state is get(half).state is State.CANCELLED
        assert get(half).cancel_reason == "paused"
        assert get(foreign).state is State.PROPOSED
        assert number(Cooldown) == 0

    def test_shows_at_once_only_to_the_company_that_caused_it(self):
        one = factories.introduction()
        lo, hi = (
            factories.person(db.session().get_one(Company, company_id)).id
            for company_id in (one.company_lo_id, one.company_hi_id)
        )

        with db.transaction() as session:
            introductions.cancel_for_company(
                session, one.company_lo_id, "paused", at=MONDAY
            )

        standings = [
            introductions.visible_to(db.session(), by, one.id, at=MONDAY).standing
            for by in (lo, hi)
        ]
        assert standings == [Standing.ENDED, Standing.ASKED]

    def test_a_draft_gives_its_place_in_the_round_back(self):
        week = factories.round_()
        draft, shown = (
            factories.introduction(week, **DRAFT),
            factories.introduction(week),
        )

        with db.transaction() as session:
            for one in (draft, shown):
                introductions.cancel(session, one.id, "organizer", at=MONDAY)

        left = db.session().scalars(select(IntroductionSlot.introduction_id)).all()
        assert set(left) == {shown.id}

    def test_a_closed_listing_ends_only_what_rests_on_it_alone(self):
        one = factories.introduction()
        first, second = db.session().scalars(
            select(Match).where(Match.introduction_id == one.id).order_by(Match.giver)
        )
        lone = factories.introduction(factories.round_("2026-W49"))
        matches = db.session().scalars(
            select(Match).where(Match.introduction_id == lone.id)
        )
        keep, drop = matches
        need_id = keep.need_id
        with db.transaction() as session:
            session.delete(session.get_one(Match, drop.id))

        with db.transaction() as session:
            both = introductions.cancel_for_listing(
                session, first.need_id, "listing_closed", at=MONDAY
            )
            alone = introductions.cancel_for_listing(
                session, need_id, "listing_closed", at=MONDAY
            )

        assert (both, alone) == (0, 1)
        assert get(one).state is State.PROPOSED
        assert get(lone).state is State.CANCELLED
        assert second.need_id != first.need_id

    def test_a_listing_in_every_match_ends_it_too(self):
        one = factories.introduction()
        lo = db.session().get_one(Company, one.company_lo_id)
        match = (
            db.session()
            .scalars(
                select(Match).where(
                    Match.introduction_id == one.id, Match.giver == Side.HI
                )
            )
            .one()
        )
        other_match = (
            db.session()
            .scalars(
                select(Match).where(
                    Match.introduction_id == one.id, Match.giver == Side.LO
                )
            )
            .one()
        )
        offering = factories.listing(
            db.session().get_one(Company, one.company_hi_id), Kind.OFFERING
        )
        need_id = match.need_id
        with db.transaction() as session:
            session.delete(session.get_one(Match, other_match.id))
            session.add(factories.match(one.id, need_id, offering.id, Side.HI))

        with db.transaction() as session:
            ended = introductions.cancel_for_listing(
                session, need_id, "listing_closed", at=MONDAY
            )

        assert ended == 1
        assert lo.id == one.company_lo_id


class TestBlocking:
    def test_ends_what_is_open_and_lets_nothing_follow(self):
        one = factories.introduction()
        pair = (one.company_lo_id, one.company_hi_id)

        with db.transaction() as session:
            for _ in range(2):
                introductions.block_pair(
                    session, pair[1], pair[0], reason="Beschwerde", at=MONDAY
                )

        assert get(one).state is State.CANCELLED
        assert number(Block) == 1
        lo, hi = (db.session().get_one(Company, company_id) for company_id in pair)
        later = factories.round_("2026-W49")
        with pytest.raises(IntegrityError, match="blocked"):
            factories.introduction(later, lo, hi)


def test_a_longer_rest_is_never_cut_short():
    lo, hi = sorted((factories.company().id, factories.company().id))

    with db.transaction() as session:
        for weeks in (4, 8, 6):
            introductions.cool_down(
                session, (lo, hi), State.EXPIRED, at=MONDAY, weeks=weeks
            )

    until = db.session().scalar(select(Cooldown.until))
    assert until == MONDAY + timedelta(weeks=8)
