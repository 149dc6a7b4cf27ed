"""The first stage finds exactly the best by topic and weight, and nobody else."""

import numpy as np
import pytest

from matching import candidates, sweep, tiles
from matching.candidates import batches, build, search, search_plainly
from matching.lists import LAST
from matching.scoring import PAID, matchable, may_meet, weight, weights
from matching.settings import Settings
from matching.sparse_rows import take_rows
from tests.matching.markets import random_market


def found_by_search(market, columns, limit):
    index = build(columns, market.n_topics)
    found = [np.zeros(0, np.int64)] * market.n_needs
    for needs in batches(columns, market.n_topics):
        keys = search(columns, index, needs, limit)
        for need, one in zip(needs, keys, strict=True):
            found[need] = -np.sort(-one)
    return found


def found_plainly(market, columns, limit):
    """The oracle: what scoring everything finds for needs of active companies."""
    needs = np.arange(market.n_needs)
    found = search_plainly(columns, needs, limit, market.n_topics)
    active = columns.firms.active[columns.needs.company]
    return [one if fine else one[:0] for one, fine in zip(found, active, strict=True)]


def same(found, oracle) -> bool:
    return [one.tolist() for one in found] == [one.tolist() for one in oracle]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("limit", [1, 7, 50])
def test_search_finds_what_scoring_everything_finds(seed, limit, monkeypatch):
    monkeypatch.setattr(tiles, "NEAR_REGION", 64)
    monkeypatch.setattr(tiles, "WIDE_REGION", 64)
    monkeypatch.setattr(candidates, "FEWEST", 40)
    market = random_market(seed, companies=300)
    columns = market.columns(Settings())

    found = found_by_search(market, columns, limit)

    assert same(found, found_plainly(market, columns, limit))
    assert sum(map(len, found)) > 100


def test_a_guess_that_asks_too_much_costs_nothing_but_time(monkeypatch):
    monkeypatch.setattr(sweep, "SAMPLED", 1)
    market = random_market(6, companies=900)
    columns = market.columns(Settings())

    found = found_by_search(market, columns, 60)

    assert same(found, found_plainly(market, columns, 60))


def test_a_search_without_a_least_topic_finds_all_that_touch():
    market = random_market(5, companies=60)
    columns = market.columns(Settings())
    columns = columns._replace(rules=columns.rules._replace(least_topic=0, floor=0))

    found = found_by_search(market, columns, 500)

    assert same(found, found_plainly(market, columns, 500))


def test_of_equal_offerings_the_first_reach_a_list():
    market = random_market(1, companies=80)
    columns = market.columns(Settings())
    # Four companies after each other offer the same at the same place.
    offerings = columns.offerings
    alike = np.arange(len(offerings.traits)) // 4 * 4
    traits = offerings.traits[alike]
    traits.company = offerings.traits.company
    offerings = offerings._replace(
        traits=traits, topics=take_rows(offerings.topics, alike)
    )
    columns = columns._replace(offerings=offerings)
    everything = found_by_search(market, columns, 500)

    found = found_by_search(market, columns, 3)

    ties = 0
    for keys, all_ in zip(found, everything, strict=True):
        products, numbers = all_ >> 32, LAST - (all_ & LAST)
        order = np.lexsort((numbers, -products))
        assert order.tolist() == list(range(len(all_)))
        assert keys.tolist() == all_[:3].tolist()
        ties += len(all_) > 3 and products[2] == products[3]
    assert ties > 0


def test_every_need_of_an_active_company_is_asked_once():
    market = random_market(3)
    columns = market.columns(Settings())

    asked = np.concatenate(batches(columns, market.n_topics))

    active = columns.firms.active[columns.needs.company]
    assert sorted(asked.tolist()) == np.flatnonzero(active).tolist()


def test_weights_and_exclusions_are_the_same_one_by_one_and_at_once():
    market = random_market(2)
    columns = market.columns(Settings())
    offerings = np.arange(len(market.offerings))
    needs, many = columns.needs.traits, columns.offerings.traits
    firms, apart, others, borders, rules = columns.scene

    for need, one in enumerate(needs):
        assert weights(columns, need, offerings).tolist() == [
            weight(one, other, borders, rules) for other in many
        ]
        assert matchable(columns, need, offerings).tolist() == [
            may_meet(firms, apart, others, one.company, other.company)
            and not (firms[one.company].no_paid and other.paid == PAID)
            for other in many
        ]
