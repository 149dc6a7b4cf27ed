"""The invented association: own words, hidden truth, a life of ten weeks."""

import json
import random
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.demo import association, corpus, fill, rows
from app.demo import firms as firms_data
from app.demo.association import DemoAssociation, DemoListing
from app.demo.corpus import Situation
from app.demo.diary import People
from app.errors import Conflict
from app.models import (
    Company,
    CompanyStatus,
    ContactRelease,
    Cooldown,
    Decision,
    DecisionAct,
    DecisionEvent,
    Feedback,
    Introduction,
    Kind,
    Listing,
    Match,
    Person,
    Round,
    RoundState,
    Side,
    State,
)
from app.services import (
    circles,
    company_names,
    feedback,
    introductions_sides,
    meetings,
    rounds,
    texts,
)
from app.services.introductions_sides import Standing, open_count
from app.services.introductions_views import views
from matching import knowledge
from tests import factories
from tests.factories import MONDAY

ROOT = Path(__file__).parent.parent.parent
SHINGLE = 6


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}


def test_the_same_seed_makes_the_same_association():
    assert association.make(3, 40) == association.make(3, 40)
    assert association.make(3, 40) != association.make(4, 40)


@pytest.fixture(scope="module")
def made() -> DemoAssociation:
    return association.make()


def listings_of(made: DemoAssociation) -> list[DemoListing]:
    return [entry for firm in made.companies for entry in firm.listings]


def test_listings_are_many_different_and_within_the_rules(made: DemoAssociation):
    entries = listings_of(made)
    kinds = Counter(entry.kind for entry in entries)

    assert len(made.companies) == 400
    assert 820 <= len(entries) <= 980
    assert len({entry.text for entry in entries}) == len(entries)
    assert 0.55 < kinds["need"] / len(entries) < 0.67
    for entry in entries:
        assert texts.checked(entry.text, field="text", longest=600) == entry.text
        assert len(entry.text) >= corpus.SHORTEST
        assert "[" not in entry.text
        assert "{" not in entry.text


def test_about_one_in_twelve_listings_is_english(made: DemoAssociation):
    entries = listings_of(made)

    english = [entry for entry in entries if is_english(entry.text)]

    assert 0.05 < len(english) / len(entries) < 0.12


def is_english(text: str) -> bool:
    return len(re.findall(r"\b(the|and|our|we|is|a|to)\b", text.lower())) >= 3


def test_few_listings_share_a_sentence(made: DemoAssociation):
    """Ends such as "Verkaufen wollen wir nichts." repeat, what is meant does not."""
    ends = {sentence for kind in corpus.ENDS.values() for sentence in kind}
    told = Counter(
        sentence
        for entry in listings_of(made)
        for sentence in set(re.split(r"(?<=[.?!]) ", entry.text))
        if sentence not in ends and len(sentence) > 60
    )

    assert max(told.values()) <= 6
    assert sum(count for count in told.values() if count > 3) < 0.1 * told.total()


def test_names_addresses_and_numbers_belong_to_nobody(made: DemoAssociation):
    firms = made.companies

    assert len({company_names.key(firm.name) for firm in firms}) == len(firms)
    assert len({firm.email for firm in firms}) == len(firms)
    assert all(firm.email.endswith(".example") for firm in firms)
    assert all(firm.phone.startswith(firms_data.PHONES) for firm in firms)


def test_companies_are_spread_over_the_country(made: DemoAssociation):
    states = Counter(firm.place.state for firm in made.companies)
    sectors = {firm.sector for firm in made.companies}

    assert len(states) >= 14
    assert {"DE-NW", "DE-BY", "DE-BW"} == {state for state, _ in states.most_common(3)}
    assert len(sectors) >= 35


def test_texts_repeat_neither_the_knowledge_base_nor_the_judged_sets():
    known: set[tuple[str, ...]] = set()
    for file in (ROOT / "matching" / "knowledge").rglob("*.yaml"):
        known |= shingles(file.read_text(encoding="utf-8"))
    for file in (ROOT / "tests" / "data").glob("judged_*.jsonl"):
        for line in file.open(encoding="utf-8"):
            known |= shingles(json.loads(line).get("text", ""))

    for situation in corpus.situations():
        for text in wordings_of(situation):
            assert not shingles(text) & known, text


def wordings_of(situation: Situation) -> list[str]:
    """Every wording with the first, then with the last of its alternatives."""
    spoken = [situation.german, situation.english]
    texts = [
        one.text for by_kind in spoken for kind in by_kind.values() for one in kind
    ]
    titles = list(situation.titles.values())
    first = [corpus.EITHER_OR.sub(lambda m: m[1].split("|")[0], one) for one in texts]
    last = [corpus.EITHER_OR.sub(lambda m: m[1].split("|")[-1], one) for one in texts]
    return [*titles, *first, *last]


def test_a_wording_is_kept_for_trades_that_exist():
    known = set(firms_data.TRADES)
    for trade in firms_data.TRADES.values():
        known |= set(trade.kinds)

    for situation in corpus.situations():
        assert set(situation.sectors) <= set(firms_data.TRADES), situation.id
        for by_kind in (situation.german, situation.english):
            for one in (*by_kind["need"], *by_kind["offering"]):
                assert one.only <= known, one.text


def test_help_kinds_are_those_of_the_knowledge_base(made: DemoAssociation):
    known = {kind.id for kind in knowledge.load().help_kinds}

    named = {kind for entry in listings_of(made) for kind in entry.help_kinds}

    assert named <= known
    assert len(named) >= 12


def test_situations_cover_most_topics_by_their_ids():
    ids = {topic.id for topic in knowledge.load().topics}
    covered = {topic for one in corpus.situations() for topic in one.topics}

    assert covered <= ids
    assert len(covered) >= 85
    assert len(corpus.situations()) >= 110


def test_the_guest_has_friends_that_answer_both_ways(made: DemoAssociation):
    guest = made.guest

    for friend in made.companies[-association.FRIENDS :]:
        needs = {one.situation for one in friend.listings if one.kind == "need"}
        offers = {one.situation for one in friend.listings if one.kind == "offering"}
        assert needs & {one.situation for one in guest.listings}
        assert offers & {one.situation for one in guest.listings}
        assert friend.sector != guest.sector


def test_a_database_with_companies_is_left_alone(session: Session):
    factories.company()

    with pytest.raises(Conflict):
        fill.fill(at=MONDAY, companies=20)

    assert session.scalar(sa.select(sa.func.count(Company.id))) == 1


def test_ten_weeks_leave_every_kind_of_trace(session: Session):
    at = MONDAY + timedelta(days=1)

    fill.fill(at=at, companies=90)

    weeks = session.scalars(sa.select(Round.week).order_by(Round.week)).all()
    states = Counter(session.scalars(sa.select(Introduction.state)))
    statuses = Counter(session.scalars(sa.select(Company.status)))
    assert len(weeks) == fill.ROUNDS
    assert weeks[-1] == "2026-W48"
    assert set(session.scalars(sa.select(Round.state))) == {RoundState.RELEASED}
    assert {State.PROPOSED, State.CONNECTED, State.DECLINED, State.EXPIRED} <= set(
        states
    )
    assert statuses == {CompanyStatus.APPROVED: 90, CompanyStatus.APPLIED: 3}
    assert session.scalar(sa.select(sa.func.count(Feedback.id)))
    assert all(session.scalars(sa.select(Company.is_demo)))
    assert session.scalar(sa.select(sa.func.count(Listing.id))) > 150
    for email in (fill.MEMBER, fill.ORGANIZER, fill.ADMIN):
        assert session.scalar(sa.select(Person.id).where(Person.email == email))
    _check_as_services_would(session, at)


def test_a_round_of_the_association_has_circles_and_rings(session: Session, made):
    draw, at = random.Random(1), MONDAY - timedelta(days=3)
    known = rows.described(made, made.companies, draw)
    rows.join(made.companies, known, People(), draw, at=at)
    rounds.run("2026-W48", at=MONDAY)

    row = session.scalars(sa.select(Round)).one()
    found = circles.of_round(session, row, at=MONDAY)

    assert len(found.circles) > 5
    assert all(one.stands for one in found.circles)
    assert 0 < len(found.rings) <= found.n_rings
    assert all(one.stands for one in found.rings)


def _check_as_services_would(session: Session, at: datetime) -> None:
    """Bulk rows agree with what the services would have written."""
    rows = session.scalars(sa.select(Introduction)).all()
    events = Counter(
        (row.introduction_id, row.act)
        for row in session.scalars(sa.select(DecisionEvent))
    )
    releases = Counter(session.scalars(sa.select(ContactRelease.introduction_id)))
    rests = {
        (one.company_lo_id, one.company_hi_id)
        for one in session.scalars(sa.select(Cooldown))
    }
    for row in rows:
        decisions = [row.decision(side) for side in Side]
        assert events[row.id, DecisionAct.ACCEPT] == decisions.count(Decision.ACCEPTED)
        assert events[row.id, DecisionAct.DECLINE] == decisions.count(Decision.DECLINED)
        assert releases[row.id] == (2 if row.state is State.CONNECTED else 0)
        if row.state not in (State.PROPOSED, State.HALF, State.CANCELLED):
            assert (row.company_lo_id, row.company_hi_id) in rests
        instants = [row.shown_at, row.lo_decided_at, row.hi_decided_at, row.closed_at]
        assert max(one for one in instants if one is not None) <= at
    for company in session.scalars(sa.select(Company)):
        assert open_count(session, company.id, at) <= company.max_open


def test_the_visitor_finds_something_to_do(session: Session):
    """With the seed and size of `make run`; one database is enough for that."""
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("the same rows, checked above")
    at = MONDAY + timedelta(days=1)

    fill.fill(at=at)

    me = session.scalars(sa.select(Person).where(Person.email == fill.MEMBER)).one()
    assert me.company is not None
    shown = introductions_sides.sides(session, me.company.id, at)
    asked = [one for one in shown if one.standing is Standing.ASKED]
    ids = [one.introduction_id for one in asked]
    givers: dict[UUID, set[Side]] = {}
    for match in session.scalars(
        sa.select(Match).where(Match.introduction_id.in_(ids))
    ):
        givers.setdefault(match.introduction_id, set()).add(match.giver)
    assert 2 <= len(asked) <= 4
    assert any(len(both) == 2 for both in givers.values())
    assert any(one.told for one in asked)
    assert feedback.due(session, me.company.id, at=at)
    assert meetings.awaiting(session, me.company.id, at=at)
    assert any(one.meets_at for one in views(session, shown))
    assert {one.kind for one in me.company.listings} == {Kind.NEED, Kind.OFFERING}
    assert all(one.topics for one in me.company.listings)
