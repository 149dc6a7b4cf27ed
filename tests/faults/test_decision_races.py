"""Many decide at once, through the whole web stack, while the sweep runs.

Two colleagues of each side accept, decline and withdraw in many threads; some
introductions expire in the middle of it.
"""

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import db
from app.errors import NoCapacity
from app.models import (
    Company,
    ContactRelease,
    Decision,
    DecisionAct,
    DecisionEvent,
    Introduction,
    OutboxMail,
    Round,
    Side,
    State,
)
from app.services import introductions
from tests import factories

NIGHTLY = bool(os.environ.get("HANDSCHLAG_NIGHTLY"))
INTRODUCTIONS = int(os.environ.get("RACE_INTRODUCTIONS", "300" if NIGHTLY else "20"))
REQUESTS = int(os.environ.get("RACE_REQUESTS", "200" if NIGHTLY else "50"))
THREADS = 12  # fewer than the connections of the pool

FORMS = {
    "accept": {"release_email": "y"},
    "decline": {"reason": "no_time"},
    "withdraw": {},
}


@pytest.fixture
def crowd(app: Flask) -> list[tuple[UUID, list[str]]]:
    """Introductions, each with the cookies of two colleagues of each side."""
    now = datetime.now(UTC)
    week = factories.round_().id
    made = []
    for number in range(INTRODUCTIONS):
        soon = timedelta(seconds=2) if number % 5 == 0 else timedelta(days=13)
        row = factories.introduction(
            db.session().get_one(Round, week),
            shown_at=now - timedelta(days=1),
            expires_at=now + soon,
        )
        sides = (row.company_lo_id, row.company_hi_id)
        identity = row.id
        colleagues = [
            factories.person(db.session().get_one(Company, company_id)).fs_uniquifier
            for company_id in sides
            for _ in range(2)
        ]
        made.append((identity, colleagues))
    db.remove()
    return made


def test_of_many_decisions_exactly_one_per_side_counts(
    app: Flask, crowd: list[tuple[UUID, list[str]]]
):
    statuses = everybody_decides(app, crowd)

    assert set(statuses) <= {302, 409}, statuses
    db.remove()
    states = Counter(check(identity) for identity, _ in crowd)
    assert sum(states.values()) == INTRODUCTIONS
    assert states.keys() <= {
        State.CONNECTED,
        State.DECLINED,
        State.WITHDRAWN,
        State.EXPIRED,
        State.HALF,
    }


def everybody_decides(app: Flask, crowd: list[tuple[UUID, list[str]]]) -> Counter[int]:
    chance = random.Random(7)
    requests = [
        (identity, chance.choice(colleagues), chance.choice(list(FORMS)))
        for identity, colleagues in crowd
        for _ in range(REQUESTS)
    ]
    chance.shuffle(requests)
    over = threading.Event()

    def decide(request: tuple[UUID, str, str]) -> int:
        identity, uniquifier, act = request
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie.update(_user_id=uniquifier, _fresh=True, identity=uniquifier)
        url = f"/introductions/{identity}/{act}"
        return client.post(url, data=FORMS[act]).status_code

    def sweep() -> None:
        while not over.wait(0.2):
            introductions.expire_due(at=datetime.now(UTC))
        db.remove()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    with ThreadPoolExecutor(THREADS) as pool:
        statuses = Counter(pool.map(decide, requests))
    over.set()
    sweeper.join()
    return statuses


def check(identity: UUID) -> State:
    """Everything that follows from the final state is there once, and no more."""
    session = db.session()
    row = session.get_one(Introduction, identity)
    both = row.lo_decision is row.hi_decision is Decision.ACCEPTED
    assert both == (row.state is State.CONNECTED)
    assert count(ContactRelease.introduction_id, identity) == (2 if both else 0)
    assert count(OutboxMail.subject_id, identity) == (2 if both else 0)

    events = Counter(
        session.execute(
            select(DecisionEvent.side, DecisionEvent.act).where(
                DecisionEvent.introduction_id == identity
            )
        )
    )
    assert set(events.values()) <= {1}, events
    for side in Side:
        acts = {act for of, act in events if of is side}
        assert not {DecisionAct.ACCEPT, DecisionAct.DECLINE} <= acts
        assert DecisionAct.WITHDRAW not in acts or DecisionAct.ACCEPT in acts
    return row.state


def count(column: Any, identity: UUID) -> int:
    statement = select(func.count()).where(column == identity)
    return db.session().scalar(statement) or 0


def test_the_last_place_of_a_company_is_given_once(app: Flask):
    """Ten suggestions, one free place, accepted at the same time by two colleagues."""
    now = datetime.now(UTC)
    busy = factories.company(max_open=1).id
    suggestions = [
        factories.introduction(
            factories.round_(f"2026-W{number + 10}"),
            db.session().get_one(Company, busy),
            shown_at=now,
            expires_at=now + timedelta(days=14),
        ).id
        for number in range(10)
    ]
    persons = [
        factories.person(db.session().get_one(Company, busy)).id for _ in range(2)
    ]
    db.remove()

    def accept(which: tuple[UUID, UUID]) -> bool:
        try:
            introductions.accept(which[0], by=which[1], at=now)
        except NoCapacity:
            return False
        finally:
            db.remove()
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        work = [(one, person) for one in suggestions for person in persons]
        accepted = [
            one for one, done in zip(work, pool.map(accept, work), strict=True) if done
        ]

    assert len({identity for identity, _ in accepted}) == 1
    states = Counter(db.session().scalars(select(Introduction.state)))
    assert states == {State.HALF: 1, State.PROPOSED: 9}
