"""Asking for an introduction oneself: the same double opt-in as in the round."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import matching
from app import db
from app.errors import Conflict, NoCapacity, NotFound
from app.models import (
    Avoidance,
    Block,
    Company,
    ContactRelease,
    Decision,
    Introduction,
    IntroductionSlot,
    Kind,
    Match,
    Person,
    Slot,
    State,
)
from app.services import asking, introductions, listings
from app.services.introductions import Contact, Standing
from app.services.listings import Draft
from tests import factories
from tests.factories import MONDAY

NEED = "Wir suchen Hilfe bei der Prüfung von Bauteilen mit Kameras und Bilderkennung."
OFFERING = "Wir prüfen Bauteile mit Kameras und Bilderkennung auf Kratzer und Risse."
LATER = MONDAY + timedelta(hours=2)


class Two:
    """A company with a need, another with the offering, and a person of each."""

    def __init__(self, **other: object) -> None:
        mine, theirs = factories.company(), factories.company(**other)
        self.mine, self.theirs = mine.id, theirs.id
        self.kim, self.robin = factories.person(mine).id, factories.person(theirs).id
        self.need = self.publish(self.kim, Kind.NEED, NEED)
        self.offering = self.publish(self.robin, Kind.OFFERING, OFFERING)

    @staticmethod
    def publish(by: UUID, kind: Kind, text: str) -> UUID:
        return listings.create(Draft(kind, text), by=by, at=MONDAY)

    def ask(self, **options: object) -> UUID:
        return asking.ask(self.offering, by=self.kim, at=LATER, **options)


@pytest.fixture
def two(database: str) -> Two:
    factories.round_()
    return Two()


def get(introduction_id: UUID) -> Introduction:
    db.remove()
    return db.session().get_one(Introduction, introduction_id)


def test_no_transaction_stands_open_while_the_engine_computes(
    two: Two, monkeypatch: pytest.MonkeyPatch
):
    plan, open_ = matching.plan, []

    def watched(*market: Any, **options: Any) -> Any:
        open_.append(db.session().in_transaction())
        return plan(*market, **options)

    monkeypatch.setattr(matching, "plan", watched)

    two.ask()

    assert open_ == [False]


def test_asking_accepts_for_the_asker_and_shows_a_suggestion_to_the_other(two: Two):
    found = get(two.ask())

    side = found.side_of(two.mine)
    assert side is not None
    assert found.state is State.HALF
    assert found.decision(side) is Decision.ACCEPTED
    assert found.awaits(side.other, LATER)
    assert found.slot is Slot.PINNED
    assert found.expires_at == LATER + timedelta(days=14)
    (match,) = found.matches
    assert (match.need_id, match.offering_id) == (two.need, two.offering)
    assert match.giver is side.other
    assert match.score > 0
    assert match.reasons


def test_nothing_is_released_before_the_other_accepts(two: Two, session: Session):
    found = two.ask(contact=Contact(email=True, phone=False))
    assert session.scalar(sa.select(sa.func.count()).select_from(ContactRelease)) == 0

    standing = introductions.accept(found, by=two.robin, at=LATER)

    assert standing is Standing.CONNECTED
    assert get(found).state is State.CONNECTED
    releases = db.session().scalar(
        sa.select(sa.func.count()).select_from(ContactRelease)
    )
    assert releases == 2


def test_a_need_of_others_can_be_asked_about_too(two: Two):
    found = get(asking.ask(two.need, by=two.robin, at=LATER))

    assert [match.need_id for match in found.matches] == [two.need]


def test_asking_twice_is_refused_and_changes_nothing(two: Two, session: Session):
    two.ask()

    with pytest.raises(Conflict):
        two.ask()
    assert session.scalar(sa.select(sa.func.count(Introduction.id))) == 1
    assert session.scalar(sa.select(sa.func.count(IntroductionSlot.slot))) == 2


def test_without_an_own_listing_that_fits_there_is_nothing_to_ask(two: Two):
    listings.close(two.need, by=two.kim, at=LATER)

    with pytest.raises(asking.NoOwnListing):
        two.ask()


def test_before_the_first_round_there_is_nothing_to_join(database: str):
    with pytest.raises(Conflict, match="erste Runde"):
        Two().ask()


@pytest.mark.parametrize("capacity", [0, 1])
def test_nobody_gets_more_than_it_wants_a_week(two: Two, capacity: int):
    other = Two(capacity=capacity)
    for number in range(capacity):
        third = Two()
        assert asking.ask(other.offering, by=third.kim, at=LATER), number

    with pytest.raises(Conflict, match="gerade keine Vorstellung"):
        asking.ask(other.offering, by=two.kim, at=LATER)


def test_companies_that_are_kept_apart_stay_apart(two: Two):
    lo, hi = sorted((two.mine, two.theirs))
    factories.add(Block(company_lo_id=lo, company_hi_id=hi, at=MONDAY))

    with pytest.raises(Conflict, match="gerade keine Vorstellung"):
        two.ask()


def test_who_is_avoided_does_not_learn_of_it(two: Two):
    factories.add(
        Avoidance(company_id=two.theirs, other_id=two.mine, created_at=MONDAY)
    )

    with pytest.raises(Conflict, match="gerade keine Vorstellung"):
        two.ask()


def test_a_pair_that_cools_down_cannot_be_asked_for(two: Two):
    found = two.ask()
    introductions.withdraw(found, by=two.kim, at=LATER)

    with pytest.raises(Conflict, match="gerade keine Vorstellung"):
        two.ask()


def test_a_company_without_room_cannot_ask(two: Two):
    with db.transaction() as session:
        session.get_one(Company, two.mine).max_open = 0

    with pytest.raises(NoCapacity):
        two.ask()


def test_three_requests_may_wait_at_once(two: Two):
    for _ in range(3):
        asking.ask(Two().offering, by=two.kim, at=LATER)

    with pytest.raises(Conflict, match="Drei Ihrer Anfragen"):
        two.ask()


def test_own_absent_closed_and_paused_listings_are_not_found(two: Two):
    closed = Two()
    listings.close(closed.offering, by=closed.robin, at=LATER)
    paused = Two(paused_until=LATER.date() + timedelta(days=3))

    for listing_id in (two.need, uuid4(), closed.offering, paused.offering):
        with pytest.raises(NotFound):
            asking.ask(listing_id, by=two.kim, at=LATER)


def test_persons_without_an_approved_company_cannot_ask(two: Two):
    nobody: Person = factories.person()

    with pytest.raises(NotFound):
        asking.ask(two.offering, by=nobody.id, at=LATER)


def test_a_refused_request_leaves_no_rows(two: Two, session: Session):
    with db.transaction() as writing:
        writing.get_one(Company, two.theirs).capacity = 0

    with pytest.raises(Conflict):
        two.ask()
    for table in (Introduction, Match, IntroductionSlot):
        assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
