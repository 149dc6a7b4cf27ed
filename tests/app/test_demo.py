"""The invented association: own words, hidden truth, a life of ten weeks."""

import json
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.demo import association, corpus, fill
from app.errors import Conflict
from app.models import (
    Company,
    Feedback,
    Introduction,
    Listing,
    Person,
    Round,
    RoundState,
    State,
)
from app.services import texts
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


def test_listings_are_many_different_and_within_the_rules():
    made = association.make()
    entries = [entry for firm in made.companies for entry in firm.listings]
    kinds = Counter(entry.kind for entry in entries)

    assert len(made.companies) == 400
    assert 800 <= len(entries) <= 1000
    assert len({entry.text for entry in entries}) == len(entries)
    assert 0.5 < kinds["need"] / len(entries) < 0.7
    for entry in entries:
        assert texts.checked(entry.text, field="text", longest=4000) == entry.text


def test_texts_repeat_neither_the_knowledge_base_nor_the_judged_set():
    known: set[tuple[str, ...]] = set()
    for file in (ROOT / "matching" / "knowledge").rglob("*.yaml"):
        known |= shingles(file.read_text())
    for line in (ROOT / "tests" / "data" / "judged_dev.jsonl").open():
        known |= shingles(json.loads(line).get("text", ""))

    for situation in corpus.situations():
        for text in (*situation.needs, *situation.offers):
            assert not shingles(text) & known, text


def test_situations_cover_most_topics_by_their_ids():
    ids = {topic.id for topic in knowledge.load().topics}
    covered = {topic for one in corpus.situations() for topic in one.topics}

    assert covered <= ids
    assert len(covered) >= 85


def test_a_database_with_companies_is_left_alone(session: Session):
    factories.company()

    with pytest.raises(Conflict):
        fill.fill(at=MONDAY, companies=20)

    assert session.scalar(sa.select(sa.func.count(Company.id))) == 1


def test_ten_weeks_leave_every_kind_of_trace(session: Session):
    at = MONDAY + timedelta(days=1)

    fill.fill(at=at, companies=60)

    weeks = session.scalars(sa.select(Round.week).order_by(Round.week)).all()
    states = Counter(session.scalars(sa.select(Introduction.state)))
    assert len(weeks) == fill.ROUNDS
    assert weeks[-1] == "2026-W48"
    assert set(session.scalars(sa.select(Round.state))) == {RoundState.RELEASED}
    assert {State.PROPOSED, State.CONNECTED, State.DECLINED, State.EXPIRED} <= set(
        states
    )
    assert session.scalar(sa.select(sa.func.count(Feedback.id)))
    assert all(session.scalars(sa.select(Company.is_demo)))
    assert session.scalar(sa.select(sa.func.count(Listing.id))) > 100
    assert _latest(session) <= at
    for email in (fill.MEMBER, fill.ORGANIZER, fill.ADMIN):
        assert session.scalar(sa.select(Person.id).where(Person.email == email))


def test_the_demo_member_has_something_to_answer(session: Session):
    fill.fill(at=MONDAY + timedelta(days=1), companies=60)

    company_id = session.scalar(
        sa.select(Person.company_id).where(Person.email == fill.MEMBER)
    )

    assert company_id is not None
    open_ones = session.scalar(
        sa.select(sa.func.count(Introduction.id)).where(
            Introduction.state.in_((State.PROPOSED, State.HALF)),
            sa.or_(
                Introduction.company_lo_id == company_id,
                Introduction.company_hi_id == company_id,
            ),
        )
    )
    assert open_ones


def _latest(session: Session) -> datetime:
    found = session.scalars(
        sa.select(Introduction.closed_at).where(Introduction.closed_at.is_not(None))
    )
    return max(one for one in found if one)
