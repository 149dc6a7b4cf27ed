"""A whole plan: the same bytes however it is computed, and no forbidden pair."""

import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matching.engine import LocalEngine
from matching.market import Market
from matching.pipeline import plan
from matching.selection import pair_scores
from matching.settings import Settings
from tests.matching.markets import TODAY, random_market

ROOT = Path(__file__).parents[2]
COOLING = {"declined": 26, "withdrawn": 26, "expired": 8, "connected": 104}


def digest(seed: int, **options: object) -> str:
    return repr(plan(random_market(seed), **options).pairs)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_no_byte(threads):
    assert digest(1, engine=LocalEngine(threads)) == digest(1, engine=LocalEngine(2))


def test_the_order_of_the_input_changes_no_byte():
    market = random_market(2)
    order = list(range(len(market.listings)))
    random.Random(5).shuffle(order)

    shuffled = Market.of(
        [market.listings[at] for at in order],
        list(reversed(market.companies)),
        list(reversed(market.history)),
        market.vectors.take(np.array(order)),
        as_of=TODAY,
    )

    assert repr(plan(shuffled).pairs) == repr(plan(market).pairs)
    assert plan(shuffled).manifest["market"] == plan(market).manifest["market"]


@pytest.mark.parametrize("moved", ["a", "a\0b", "\0"])
def test_what_moves_from_one_field_to_the_next_is_another_market(moved):
    market = random_market(2)

    def fingerprint(text: str, title: str) -> str:
        first, *others, last = market.listings
        # A field of all listings is written before the next: these two are neighbours.
        rows = replace(first, title=title), *others, replace(last, text=text)
        return replace(market, listings=rows).fingerprint

    assert fingerprint(f"Text{moved}", "") != fingerprint("Text", moved)


def test_plain_python_gives_the_same_bytes_as_compiled_kernels():
    program = "from tests.matching.test_plan import digest; print(digest(3))"
    environment = os.environ | {"HANDSCHLAG_NO_NUMBA": "1"}

    plain = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert plain.stdout.strip() == digest(3)


def test_another_seed_explores_other_pairs():
    def explored(seed: int) -> set[tuple[str, str]]:
        found = plan(random_market(4, companies=150), seed=seed).pairs
        return {(one.a, one.b) for one in found if one.slot == "explore"}

    assert explored(1) == explored(1)
    assert explored(1) != explored(2)


@pytest.mark.parametrize("seed", range(3))
def test_no_forbidden_pair_and_nobody_beyond_capacity(seed):
    market = random_market(seed, companies=120, history=60)

    pairs = plan(market).pairs

    company = {one.id: one for one in market.companies}
    listing = {one.id: one for one in market.listings}
    met = {
        frozenset((one.a, one.b))
        for one in market.history
        if market.weeks_since(one.week) < COOLING[one.outcome]
    }
    assert pairs
    for pair in pairs:
        a, b = company[pair.a], company[pair.b]
        assert pair.a < pair.b
        assert not a.paused
        assert not b.paused
        assert a.id not in b.avoid
        assert b.id not in a.avoid
        assert frozenset((a.id, b.id)) not in met
        if (a.no_competitors or b.no_competitors) and a.sector and b.sector:
            n = min(len(a.sector), len(b.sector))
            assert a.sector[:n] != b.sector[:n]
        for match in pair.matches:
            taker, given = company[match.taker], listing[match.offering]
            assert not (taker.no_paid and given.paid == "yes")
            assert listing[match.need].company == match.taker
            assert given.company == match.giver
    load = Counter(one for pair in pairs for one in (pair.a, pair.b))
    assert all(number <= company[one].capacity for one, number in load.items())


def test_pins_and_drops_are_kept():
    market = random_market(6, companies=120)
    first = plan(market).pairs
    dropped = (first[0].a, first[0].b)
    rest = [one for one in first[1:] if not {one.a, one.b} & set(dropped)]
    pinned = (rest[0].a, rest[0].b)

    again = plan(market, pins=[pinned], drops=[dropped])

    slots = {(one.a, one.b): one.slot for one in again.pairs}
    assert dropped not in slots
    assert slots[pinned] == "pinned"


def test_a_pinned_pair_without_a_match_is_there_and_says_so():
    market = random_market(6, companies=120)
    givers = {one.company for one in market.offerings}
    takers = [
        one.id
        for one in market.companies
        if one.capacity and not one.paused and one.id not in givers
    ]
    pinned = (takers[0], takers[1])

    found = plan(market, pins=[pinned]).pairs

    pair = next(one for one in found if (one.a, one.b) == pinned)
    assert pair.matches == ()
    assert [one.code for one in pair.misfits] == ["one_way"]


def test_the_plan_is_never_worse_than_taking_the_best_pairs_in_turn():
    settings = Settings(explore_share=0.0, keep_promise=False)
    market = random_market(7, companies=200)

    found = plan(market, settings=settings)

    free = {
        one.id: 0 if one.paused else min(one.capacity, settings.most_per_company)
        for one in market.companies
    }
    greedy = 0.0
    for score, a, b in sorted(all_pairs(market, settings), reverse=True):
        if free[a] and free[b]:
            free[a] -= 1
            free[b] -= 1
            greedy += score
    assert found.manifest["welfare"] >= greedy - 1e-6
    assert found.manifest["bound"] >= found.manifest["welfare"] - 1e-6


def all_pairs(market, settings):
    from matching.pipeline import score
    from matching.stages import Stages

    columns = market.columns(settings)
    pairs, _ = score(market, columns, settings, Stages(LocalEngine()))
    values = pair_scores(pairs.score, settings.other_way)
    return [
        (float(value), market.companies[a].id, market.companies[b].id)
        for value, a, b in zip(values, pairs.a, pairs.b, strict=True)
    ]


@pytest.mark.parametrize("code", ["help", "fresh", "topic"])
def test_without_what_a_reason_names_the_score_falls(code):
    market = random_market(8, companies=150)
    if code == "fresh":
        news = [replace(one, since=TODAY) for one in market.listings]
        market = Market.of(news, market.companies, [], market.vectors, as_of=TODAY)
    found = [
        (match, reason)
        for pair in plan(market).pairs
        for match in pair.matches
        for reason in match.reasons
        if reason.code == code
    ]
    assert found

    for match, reason in found[:15]:
        changed = Market.of(
            [without(one, match, reason) for one in market.listings],
            market.companies,
            [],
            blinded(market, match, reason),
            as_of=TODAY,
        )
        assert score_of(changed, match) < match.score, (code, match)


def without(one, match, reason):
    if one.id != match.offering:
        return one
    if reason.code == "help":
        return replace(one, help=())
    if reason.code == "fresh":
        return replace(one, since=TODAY.replace(year=TODAY.year - 1))
    return one


def blinded(market, match, reason):
    """The vectors, without the named topics in the offering's row."""
    vectors = market.vectors
    if reason.code != "topic":
        return vectors
    names = [topic.id for topic in market.knowledge.topics]
    gone = {names.index(one) for one in reason.values["topics"]}
    row = [one.id for one in market.listings].index(match.offering)
    weight = vectors.topics.weight.copy()
    for p in range(vectors.topics.start[row], vectors.topics.start[row + 1]):
        if vectors.topics.column[p] in gone:
            weight[p] = 0
    return replace(vectors, topics=vectors.topics._replace(weight=weight))


def score_of(market, match) -> float:
    from matching.explain import Explainer

    columns = market.columns(Settings())
    need = [one.id for one in market.needs].index(match.need)
    offering = [one.id for one in market.offerings].index(match.offering)
    explained = Explainer(market, columns).explain(
        *(np.array([one]) for one in (need, offering))
    )
    return explained[0].match.score
