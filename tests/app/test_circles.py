"""Circles and rings of a stored round, and what became of them since."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import db
from app.errors import Conflict
from app.models import (
    Avoidance,
    Band,
    Company,
    CompanyStatus,
    Listing,
    ListingStatus,
    Round,
    RoundEdit,
)
from app.services import circles, introductions, rounds, rounds_edits
from app.services.circles import Circle, Found, Ring
from app.services.circles_world import Standing, Trouble
from matching.circles import FEWEST
from tests import factories
from tests.factories import MONDAY
from tests.rounds_market import round_table

pytestmark = pytest.mark.usefixtures("database")

WEEK = "2026-W48"
SOON = MONDAY + timedelta(minutes=5)


@pytest.fixture
def organizer(database) -> UUID:
    return factories.person(None, "organizer").id


@pytest.fixture
def drafted(database) -> None:
    round_table()
    rounds.run(WEEK, at=MONDAY)


def found() -> Found:
    db.session().rollback()
    row = db.session().scalars(sa.select(Round).where(Round.week == WEEK)).one()
    return circles.of_round(db.session(), row, at=SOON)


def circle() -> Circle:
    (one,) = found().circles
    return one


def ring() -> Ring:
    one, *_ = found().rings
    return one


def change(table, identity: UUID, **values: object) -> None:
    with db.transaction() as session:
        session.execute(sa.update(table).where(table.id == identity).values(**values))


@pytest.mark.usefixtures("drafted")
class TestReading:
    def test_circle_names_companies_needs_offerings_and_reasons(self):
        one = circle()

        assert one.stands
        assert not one.changed
        assert {part.company.name for part in one.members} == {
            f"Betrieb {number}" for number in range(5)
        }
        assert {part.title for part in one.members} == {"Risse im Guss"}
        assert one.nearby[0].part.company.name == "Prüfhaus"
        assert one.nearby[0].part.title == "Kameras"
        codes = [reason["code"] for reason in one.reasons]
        assert codes == ["topic", "within", "sectors", "nearby"]

    def test_ring_goes_round_by_names(self):
        one = ring()

        assert one.stands
        givers = [step.giver.company.name for step in one.helps]
        takers = [step.taker.company.name for step in one.helps]
        assert takers == [*givers[1:], givers[0]]
        assert set(givers) == {"Ring 0", "Ring 1", "Ring 2"}
        assert one.band in Band
        assert one.strength == pytest.approx(min(step.score for step in one.helps))
        assert all(step.km is not None and step.reasons for step in one.helps)

    def test_manifest_holds_ids_and_no_names_of_the_run(self):
        row = db.session().scalars(sa.select(Round)).one()

        stored = [
            *row.manifest["circles"][0]["companies"],
            *(step["from"] for step in row.manifest["rings"]["listed"][0]["helps"]),
        ]
        known = set(map(str, db.session().scalars(sa.select(Company.id))))
        assert set(stored) <= known
        assert circles.counts(row) == (1, found().n_rings)

    def test_older_round_knows_none_and_says_so(self):
        factories.round_("2026-W40", manifest={"ratio": 0.9})
        row = db.session().scalars(sa.select(Round).where(Round.week == "2026-W40"))

        older = circles.of_round(db.session(), row.one(), at=SOON)

        assert not older.known
        assert older.circles == older.rings == ()
        assert found().known

    def test_fewest_is_that_of_the_engine(self):
        assert circles.FEWEST == FEWEST


@pytest.mark.usefixtures("drafted")
class TestWhatHasChanged:
    def test_paused_company_is_marked_and_the_circle_goes_on(self):
        first = circle().members[0].company

        change(Company, first.id, paused_until=(SOON + timedelta(days=30)).date())

        now = circle()
        assert now.members[0].trouble is Trouble.PAUSED
        assert (now.remaining, now.changed, now.stands) == (4, True, True)
        assert first.id not in {one.member.id for one in now.choices}

    def test_company_that_left_is_not_named(self):
        first = circle().members[0].company

        change(Company, first.id, status=CompanyStatus.CLOSED)

        gone = circle().members[0]
        assert (gone.company, gone.title, gone.text) == (None, "", "")
        assert gone.trouble is Trouble.GONE

    def test_circle_of_three_is_none_any_more(self):
        for part in circle().members[:2]:
            change(Company, part.company.id, status=CompanyStatus.SUSPENDED)

        assert not circle().stands

    def test_circle_without_an_offering_is_none_any_more(self):
        listing = sa.select(Listing.id).where(Listing.title == "Kameras")
        identity = db.session().scalars(listing).one()
        change(Listing, identity, status=ListingStatus.CLOSED, closed_at=SOON)

        now = circle()

        assert now.nearby[0].part.trouble is Trouble.CLOSED
        assert not now.stands

    def test_members_that_were_blocked_are_no_circle(self):
        one, other, *_ = (part.company.id for part in circle().members)
        with db.transaction() as session:
            introductions.block_pair(
                session, min(one, other), max(one, other), reason="x", at=MONDAY
            )

        now = circle()

        assert len(now.parted) == 1
        assert not now.stands

    def test_ring_opens_when_one_does_not_want_another(self):
        step = ring().helps[0]
        giver, taker = step.giver.company.id, step.taker.company.id
        factories.add(Avoidance(company_id=taker, other_id=giver, created_at=SOON))

        now = next(one for one in found().rings if one.helps[0].giver == step.giver)

        assert now.helps[0].standing is Standing.AVOIDED
        assert not now.stands

    def test_closed_need_is_marked(self):
        company = circle().members[0].company.id
        need = sa.select(Listing.id).where(Listing.company_id == company)
        identity = db.session().scalars(need).one()

        change(Listing, identity, status=ListingStatus.CLOSED, closed_at=SOON)

        assert circle().members[0].trouble is Trouble.CLOSED


@pytest.mark.usefixtures("drafted")
class TestPinning:
    def test_pairs_of_a_ring_come_with_the_next_computing(self, organizer):
        to_pin = ring().to_pin
        assert len(to_pin) == 3

        rounds_edits.add_all(WEEK, to_pin, by=organizer, at=SOON)
        waiting = {step.standing for step in ring().helps}
        rounds.recompute(WEEK, at=SOON)

        assert waiting == {Standing.PINNED}
        pairs = sa.select(RoundEdit.company_lo_id, RoundEdit.company_hi_id)
        pinned = {(lo, hi) for lo, hi in db.session().execute(pairs)}
        assert pinned == {(min(pair), max(pair)) for pair in to_pin}

    def test_all_pairs_or_none(self, organizer):
        to_pin = ring().to_pin
        lo, hi = sorted(to_pin[2])
        with db.transaction() as session:
            introductions.block_pair(session, lo, hi, reason="x", at=MONDAY)

        with pytest.raises(Conflict):
            rounds_edits.add_all(WEEK, to_pin, by=organizer, at=SOON)

        assert db.session().scalars(sa.select(RoundEdit)).all() == []

    @pytest.mark.parametrize(
        "values",
        [{"capacity": 1}, {"paused_until": (SOON + timedelta(days=9)).date()}],
    )
    def test_nobody_is_pinned_beyond_what_they_take(self, organizer, values):
        to_pin = ring().to_pin
        change(Company, to_pin[0][0], **values)

        with pytest.raises(Conflict):
            rounds_edits.add_all(WEEK, to_pin, by=organizer, at=SOON)

        assert not ring().has_room
        rounds.recompute(WEEK, at=SOON)  # and computing goes on

    def test_choice_of_a_circle_can_be_pinned_once(self, organizer):
        free = [one for one in circle().choices if one.standing is Standing.FREE]
        drafts = [one for one in circle().choices if one.standing is Standing.DRAFT]
        chosen = (free or drafts)[0]
        pair = chosen.member.id, chosen.helper.id

        rounds_edits.add_all(WEEK, [pair], by=organizer, at=SOON)
        rounds_edits.add_all(WEEK, [pair], by=organizer, at=SOON)

        now = {(one.member.id, one.helper.id): one.standing for one in circle().choices}
        assert now[pair] is Standing.PINNED
