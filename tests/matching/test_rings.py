"""Rings are counted exactly, and the strongest are listed."""

import itertools
from collections import Counter

import numpy as np
import pytest

from matching import kernels
from matching.engine import LocalEngine
from matching.pipeline import plan
from matching.rings import RINGS_PER_COMPANY, rings
from matching.rings import _find as find
from matching.settings import Settings
from tests.matching.markets import random_market

EASY = Settings(floor=0.01)  # random texts have little in common


def help_graph(n, m, seed):
    random = np.random.default_rng(seed)
    edges = np.unique(random.integers(0, n, (m, 2)), axis=0)
    edges = edges[edges[:, 0] != edges[:, 1]].astype(np.int32)
    return edges[:, 0], edges[:, 1], random.integers(1, 50, len(edges))


def slowly(giver, taker, score, n):
    value = {(g, t): s for g, t, s in zip(giver, taker, score, strict=True)}
    return sorted(
        (-min(value[a, b], value[b, c], value[c, a]), a, b, c)
        for a, b, c in itertools.permutations(range(n), 3)
        if a < b and a < c and {(a, b), (b, c), (c, a)} <= value.keys()
    )


@pytest.mark.parametrize("seed", range(5))
def test_count_and_strongest_are_those_of_a_search_of_all(seed):
    graph = help_graph(15, 90, seed)

    found = rings(*graph, 15, listed=5)

    expected = slowly(*graph, 15)
    assert (found.count, found.complete) == (len(expected), True)
    assert found.strength.tolist() == [-one[0] for one in expected[:5]]
    stronger = found.strength > found.strength[-1]
    assert [tuple(one) for one in found.members[stronger]] == [
        one[1:] for one in expected if -one[0] > found.strength[-1]
    ]


def test_counting_ends_at_the_limit_but_the_strongest_stay_exact():
    graph = help_graph(15, 120, seed=1)

    found = rings(*graph, 15, listed=3, limit=4)

    assert (found.count, found.complete) == (4, False)
    assert found.strength.tolist() == [-one[0] for one in slowly(*graph, 15)[:3]]


def test_help_to_and_fro_is_no_ring():
    found = rings(
        np.array([0, 1, 1, 2], np.int32),
        np.array([1, 0, 2, 1], np.int32),
        np.array([5, 5, 5, 5]),
        3,
    )

    assert (found.count, len(found.members)) == (0, 0)


def test_one_ring_names_who_helps_whom():
    found = rings(
        np.array([2, 1, 0], np.int32),
        np.array([1, 0, 2], np.int32),
        np.array([7, 9, 8]),
        3,
    )

    assert found.members.tolist() == [[0, 2, 1]]
    assert found.strength.tolist() == [7]


def test_plain_python_finds_alike(monkeypatch):
    graph = help_graph(15, 90, seed=2)
    compiled = rings(*graph, 15)

    monkeypatch.setattr("matching.rings._find", kernels.plain(find))
    plain = rings(*graph, 15)

    assert plain.count == compiled.count
    assert plain.members.tolist() == compiled.members.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_rings_of_a_round_go_round_with_help_above_the_floor(seed):
    market = random_market(seed, companies=150)
    owner = {one.id: one.company for one in market.listings}

    found = plan(market, settings=EASY).manifest["rings"]

    assert 0 < len(found["listed"]) <= 20 <= found["count"]
    strengths = [ring["strength"] for ring in found["listed"]]
    assert strengths == sorted(strengths, reverse=True)
    for ring in found["listed"]:
        helps = ring["helps"]
        assert ring["strength"] == min(one["score"] for one in helps) >= EASY.floor
        for one, following in zip(helps, [*helps[1:], helps[0]], strict=True):
            assert one["to"] == following["from"]
            assert owner[one["offering"]] == one["from"]
            assert owner[one["need"]] == one["to"]
            assert one["reasons"]


def test_no_company_fills_the_list_of_rings():
    found = plan(random_market(1, companies=150), settings=EASY).manifest["rings"]

    times = Counter(one["from"] for ring in found["listed"] for one in ring["helps"])
    assert max(times.values()) <= RINGS_PER_COMPANY


@pytest.mark.parametrize(("good", "strong"), [(0.01, 0.9), (0.5, 0.9), (0.01, 0.02)])
def test_band_of_a_ring_is_that_of_its_weakest_help(good, strong):
    settings = Settings(floor=0.01, good=good, strong=strong)

    found = plan(random_market(1, companies=150), settings=settings).manifest["rings"]

    for ring in found["listed"]:
        expected = "good" if ring["strength"] >= good else "possible"
        assert ring["band"] == ("strong" if ring["strength"] >= strong else expected)


def test_round_without_help_all_round_says_so():
    assert plan(random_market(1, companies=150)).manifest["rings"] == {
        "count": 0,
        "complete": True,
        "listed": [],
    }


def test_rings_of_a_round_are_the_same_on_any_engine():
    market = random_market(2, companies=150)

    one, other = (
        plan(market, settings=EASY, engine=LocalEngine(threads)).manifest["rings"]
        for threads in (1, 3)
    )

    assert one == other
