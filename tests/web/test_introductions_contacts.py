"""No page shows contact data of another company unless the two are connected.

Every field of a person and company that could tell who it is carries a word found
nowhere else; every page of every actor is searched for it, in every state.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.models import (
    Company,
    DeclineReason,
    Introduction,
    Person,
    Round,
    Side,
    State,
)
from app.services import introductions
from tests import factories

SignIn = Callable[[Person], FlaskClient]

RELEASED = ("name", "position", "email", "company")
WITHHELD = ("phone", "number")


@dataclass
class Scene:
    """An introduction in some state; who looks at it, and whose words are whose."""

    id: UUID
    words: dict[Side, dict[str, str]]
    clients: dict[str, FlaskClient]
    side_of: dict[str, Side] = field(default_factory=dict)


def now() -> datetime:
    return datetime.now(UTC)


def side_with_words(tag: str) -> tuple[Company, dict[str, str]]:
    words = {
        "company": f"Canaryfirma{tag}",
        "number": f"4711{tag}0815",
        "name": f"Canaryname{tag}",
        "position": f"Canaryposten{tag}",
        "email": f"canarymail{tag.lower()}@canary.example",
        "phone": f"+49 555 {'123' if tag == 'A' else '789'}456",
    }
    company = factories.company(
        name=words["company"],
        member_number=words["number"],
        place=f"Canaryort{tag}",
        postal_code="89999" if tag == "A" else "89998",
    )
    return company, words


def advance(identity: UUID, persons: dict[Side, UUID], state: State) -> None:
    """Bring a proposed introduction into a state by the service's own commands."""
    at = now()
    lo, hi = persons[Side.LO], persons[Side.HI]
    if state in (State.HALF, State.WITHDRAWN, State.CONNECTED):
        introductions.accept(identity, by=lo, at=at)
    if state is State.CONNECTED:
        introductions.accept(identity, by=hi, at=at)
    elif state is State.WITHDRAWN:
        introductions.withdraw(identity, by=lo, at=at)
    elif state is State.DECLINED:
        introductions.decline(identity, DeclineReason.OTHER, by=lo, at=at)
    elif state is State.CANCELLED:
        with db.transaction() as session:
            introductions.cancel(session, identity, "organizer", at=at)
    elif state is State.EXPIRED:
        with db.transaction() as session:
            session.get_one(Introduction, identity).expires_at = at
        introductions.expire_due(at=at)


@pytest.fixture(params=State)
def scene(request: pytest.FixtureRequest, sign_in: SignIn) -> Scene:
    state: State = request.param
    (a, words_a), (b, words_b) = side_with_words("A"), side_with_words("B")
    in_order = [words_a, words_b] if a.id < b.id else [words_b, words_a]
    words = dict(zip(Side, in_order, strict=True))
    companies = dict(zip(Side, sorted((a.id, b.id)), strict=True))
    dates: dict[str, Any] = {
        "shown_at": now() - timedelta(days=20),
        "expires_at": now() + timedelta(days=1),
    }
    if state is State.DRAFT:
        dates = {"state": State.DRAFT, "shown_at": None, "expires_at": None}
    week = factories.round_().id
    identity = factories.introduction(
        db.session().get_one(Round, week), a, b, **dates
    ).id

    def person(of: UUID | None, *roles: str, **values: Any) -> Person:
        company = db.session().get_one(Company, of) if of else factories.company()
        return factories.person(company, *roles, **values)

    persons: dict[Side, UUID] = {}
    clients: dict[str, FlaskClient] = {}
    side_of: dict[str, Side] = {}
    for side in Side:
        values = {name: words[side][name] for name in ("name", "position", "phone")}
        one = person(companies[side], email=words[side]["email"], **values)
        persons[side] = one.id
        clients[side.value] = sign_in(one)
        clients[f"{side.value} colleague"] = sign_in(person(companies[side]))
        side_of |= {side.value: side, f"{side.value} colleague": side}
    clients["stranger"] = sign_in(person(None))
    advance(identity, persons, state)
    return Scene(identity, words, clients, side_of)


def pages(app: Flask, identity: UUID) -> list[str]:
    """Every page that can be fetched without an id, or with the introduction's."""
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint.endswith("static"):
            continue
        if rule.arguments <= {"introduction_id"} and "logout" not in rule.rule:
            found.append(re.sub("<[^>]+>", str(identity), rule.rule))
    return found


def test_contacts_are_seen_by_the_connected_only(app: Flask, scene: Scene):
    connected = state_of(scene.id) is State.CONNECTED
    scene.clients["visitor"] = app.test_client()
    searched = 0

    leaks = []
    for actor, client in scene.clients.items():
        for page in pages(app, scene.id):
            text = client.get(page).get_data(as_text=True)
            searched += 1
            for side, words in scene.words.items():
                if side is scene.side_of.get(actor):
                    continue  # one's own
                may = RELEASED if connected and actor in scene.side_of else ()
                leaks += [
                    f"{actor} reads {name} of {side} on {page}"
                    for name, word in words.items()
                    if name not in may and word in text
                ]

    assert not leaks, "\n".join(leaks)
    assert searched > 6 * len(scene.clients)


def test_the_connected_see_what_was_released(scene: Scene):
    connected = state_of(scene.id) is State.CONNECTED

    for side in Side:
        page = scene.clients[side.value].get(f"/introductions/{scene.id}")
        text = page.get_data(as_text=True)
        others = scene.words[side.other]
        assert all((others[name] in text) is connected for name in RELEASED)
        assert not any(others[name] in text for name in WITHHELD)


def state_of(identity: UUID) -> State:
    db.session().rollback()
    return db.session().get_one(Introduction, identity).state
