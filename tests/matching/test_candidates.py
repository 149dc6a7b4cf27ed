"""The first stage finds exactly the best by topic and weight, and nobody else."""

import numpy as np
import pytest

from matching import blocks
from matching.candidates import LAST, build, scratch, search, search_plainly
from matching.scoring import matchable, may_match, weight, weights
from matching.settings import Settings
from tests.matching.markets import random_market


def found_by_search(market, columns, limit):
    index = build(columns, market.n_topics)
    mem = scratch(index, limit)
    found = []
    for need in range(market.n_needs):
        n = search(columns, index, need, limit, mem)
        found.append(mem.key[:n].copy())
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("limit", [1, 7, 50])
def test_search_finds_what_scoring_everything_finds(seed, limit, monkeypatch):
    monkeypatch.setattr(blocks, "NEAR_REGION", 64)
    monkeypatch.setattr(blocks, "WIDE_REGION", 64)
    market = random_market(seed, companies=150)
    columns = market.columns(Settings())

    found = found_by_search(market, columns, limit)

    needs = np.arange(market.n_needs)
    oracle = search_plainly(columns, needs, limit, market.n_topics)
    assert [one.tolist() for one in found] == [
        one.tolist() if columns.firms.active[columns.needs.company[at]] else []
        for at, one in enumerate(oracle)
    ]
    assert sum(map(len, found)) > 100


def test_equal_offerings_come_in_order():
    market = random_market(1, companies=80)
    columns = market.columns(Settings())

    for keys in found_by_search(market, columns, 30):
        products, offerings = keys >> 32, LAST - (keys & LAST)
        order = np.lexsort((offerings, -products))
        assert order.tolist() == list(range(len(keys)))


def test_weights_and_exclusions_are_the_same_one_by_one_and_at_once():
    market = random_market(2)
    columns = market.columns(Settings())
    offerings = np.arange(len(market.offerings))
    needs, many = columns.needs, columns.offerings

    for need in range(market.n_needs):
        assert weights(columns, need, offerings).tolist() == [
            weight(needs, need, many, int(one), columns.borders, columns.rules)
            for one in offerings
        ]
        assert matchable(columns, need, offerings).tolist() == [
            may_match(columns, need, int(one)) for one in offerings
        ]
