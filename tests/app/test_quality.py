"""The figures of the dashboard on a small history whose answer is known."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.models import (
    Company,
    Decision,
    DeclineReason,
    Feedback,
    Introduction,
    Outcome,
    Round,
    Side,
    Slot,
    State,
    Uncovered,
)
from app.services import quality, quality_lists, radar
from app.services.quality_data import Filter
from tests import factories
from tests.factories import MONDAY

LATER = MONDAY + timedelta(days=100)
WEEK = Filter("2026-W48", "2026-W48")


def connected(of: Round, **values: object) -> Introduction:
    after = MONDAY + timedelta(days=2)
    return factories.introduction(
        of,
        **{
            "state": State.CONNECTED,
            "lo_decision": Decision.ACCEPTED,
            "hi_decision": Decision.ACCEPTED,
            "lo_decided_at": after,
            "hi_decided_at": after,
            "connected_at": after,
            "closed_at": after,
        }
        | values,
    )


def declined(of: Round, reason: DeclineReason, **values: object) -> Introduction:
    after = MONDAY + timedelta(days=4)
    return factories.introduction(
        of,
        **{
            "state": State.DECLINED,
            "lo_decision": Decision.DECLINED,
            "lo_reason": reason,
            "lo_decided_at": after,
            "closed_at": after,
        }
        | values,
    )


def told(about: Introduction, side: Side, helpful: int | None) -> None:
    factories.add(
        Feedback(
            introduction_id=about.id,
            side=side,
            held=helpful is not None,
            helpful=helpful,
            outcome=Outcome.HELPFUL if helpful else None,
            given_at=MONDAY + timedelta(days=20),
        )
    )


@pytest.fixture
def history(session: Session) -> Round:
    """Two connected (one helpful, one not held), one declined, one expired."""
    of = factories.round_(manifest={"ratio": 0.9993})
    good, quiet = connected(of), connected(of)
    declined(of, DeclineReason.TOO_FAR)
    factories.introduction(
        of,
        state=State.EXPIRED,
        closed_at=MONDAY + timedelta(days=14),
        slot=Slot.EXPLORE,
    )
    told(good, Side.LO, 5)
    told(good, Side.HI, 4)
    told(quiet, Side.LO, None)
    empty = factories.company()
    factories.add(Uncovered(round_id=of.id, company_id=empty.id, reason="no_candidate"))
    return of


def test_figures_follow_their_formulas(history: Round, session: Session):
    board = quality.dashboard(session, WEEK, at=LATER)

    figures = board.figures
    assert figures["mutual"].value == pytest.approx(2 / 4)
    assert figures["coverage"].value == pytest.approx(8 / 9)
    assert figures["reaction"].value == pytest.approx(5 / 8)
    assert figures["accepted"].value == pytest.approx(4 / 8)
    assert figures["accepted_of_decided"].value == pytest.approx(4 / 5)
    assert figures["helpful"].value == 1.0
    assert figures["certificate"].value == 0.9993
    assert figures["answered"].value == pytest.approx(3 / 4)
    assert figures["benefit"].value == pytest.approx(2 / 3 - 0)
    assert figures["novelty"].value == 1.0


def test_held_is_bounded_by_what_is_unanswered(history: Round, session: Session):
    connected(history)  # nobody told anything about this one

    held = quality.dashboard(session, WEEK, at=LATER).figures["held"]

    assert held.value == pytest.approx(1 / 3)
    assert held.interval is not None
    assert (held.interval.low, held.interval.high) == (
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
    )


def test_young_cohorts_are_provisional(history: Round, session: Session):
    soon = quality.dashboard(session, WEEK, at=MONDAY + timedelta(days=13))
    late = quality.dashboard(session, WEEK, at=LATER)

    assert soon.figures["mutual"].provisional
    assert not late.figures["mutual"].provisional


def test_reasons_are_shares_of_declines(history: Round, session: Session):
    declined(history, DeclineReason.TOO_FAR)
    declined(history, DeclineReason.NO_TIME)

    reasons = quality.dashboard(session, WEEK, at=LATER).reasons

    assert [(row.reason, row.share.n) for row in reasons] == [
        (DeclineReason.TOO_FAR, 3),
        (DeclineReason.NO_TIME, 3),
    ]
    assert reasons[0].share.value == pytest.approx(2 / 3)


def test_figures_of_fewer_than_five_companies_are_hidden(session: Session):
    connected(factories.round_())

    board = quality.dashboard(session, WEEK, at=LATER)

    assert board.figures["mutual"].is_hidden
    assert board.figures["mutual"].is_thin


def test_demo_companies_count_only_in_a_demo(session: Session):
    one, other = factories.company(is_demo=True), factories.company(is_demo=True)
    connected(factories.round_(), a=one, b=other)

    real = quality.dashboard(session, WEEK, at=LATER)
    demo = quality.dashboard(
        session, Filter("2026-W48", "2026-W48", demo=True), at=LATER
    )

    assert real.figures["mutual"].n == 0
    assert demo.figures["mutual"].n == 1


def test_filter_by_state_keeps_pairs_with_a_side_there(
    history: Round, session: Session
):
    bavarian = factories.company(state="DE-BY")
    connected(history, a=bavarian)

    board = quality.dashboard(
        session, Filter("2026-W48", "2026-W48", state="DE-BY"), at=LATER
    )

    assert board.figures["mutual"].n == 1


def test_other_weeks_do_not_count(history: Round, session: Session):
    board = quality.dashboard(session, Filter("2026-W40", "2026-W47"), at=LATER)

    assert board.weeks == []
    assert board.figures["mutual"].n == 0


def test_repeated_pairs_are_not_novel(session: Session):
    one, other = factories.company(), factories.company()
    first = factories.round_("2026-W30")
    earlier = MONDAY - timedelta(days=126)
    factories.introduction(
        first,
        one,
        other,
        state=State.EXPIRED,
        created_at=earlier,
        shown_at=earlier,
        closed_at=earlier + timedelta(days=14),
    )
    factories.introduction(factories.round_("2026-W48"), one, other)

    board = quality.dashboard(session, WEEK, at=LATER)

    assert board.figures["novelty"].value == 0.0


def test_lists_show_what_the_figure_counts(history: Round, session: Session):
    rows = quality_lists.rows(session, WEEK, "mutual", at=LATER)

    assert len(rows) == 2
    assert {row.state for row in rows} == {State.CONNECTED}


def test_exposure_sums_discounted_ranks_and_finds_the_unseen(session: Session):
    of = factories.round_()
    viewer, first, second = (factories.company() for _ in range(3))
    factories.introduction(of, viewer, first, score=0.9)
    factories.introduction(of, viewer, second, score=0.5)
    unseen = factories.company()
    factories.listing(unseen, factories.Kind.OFFERING)

    board = quality.dashboard(session, WEEK, at=MONDAY + timedelta(days=3))

    by_company = {row.company_id: row.exposure for row in board.exposure}
    assert by_company[first.id] == pytest.approx(1.0)
    assert by_company[second.id] == pytest.approx(0.63093, abs=1e-5)
    assert by_company[unseen.id] == 0
    assert board.unseen == 1


def test_radar_ranks_topics_whose_needs_wait(session: Session):
    seeker = factories.company()
    for _ in range(3):
        need = factories.listing(seeker)
        _about(need.id, "gov.ai-act")
    offering = factories.listing(factories.company(), factories.Kind.OFFERING)
    _about(offering.id, "tec.cv")
    _about(factories.listing(seeker).id, "tec.cv")

    rows = radar.topics(session, at=MONDAY + timedelta(days=30))

    assert [row.topic for row in rows] == ["gov.ai-act", "tec.cv"]
    assert (rows[0].needs, rows[0].offerings, rows[0].waiting) == (3, 0, 3)
    assert rows[0].tension == pytest.approx(2.0)  # log2((3 + 1) / (0 + 1))
    assert rows[1].tension < 0


def test_needs_that_were_introduced_leave_the_queue(history: Round, session: Session):
    alone: Company = factories.company()
    waiting = factories.listing(alone)

    rows = radar.needs_without_introduction(session, at=MONDAY + timedelta(days=20))

    assert [row.id for row in rows] == [waiting.id]
    assert rows[0].is_long


def _about(listing_id: object, topic: str) -> None:
    from app.models import ListingTopic

    factories.add(ListingTopic(listing_id=listing_id, topic_id=topic, weight=0.5))


def test_unknown_week_is_answered_with_the_default():
    from app.services.quality_data import week_or

    assert week_or("2026-W48", "x") == "2026-W48"
    assert week_or("2026-W60", "x") == "x"
    assert week_or(uuid4().hex, "x") == "x"
    assert week_or(None, "x") == "x"
