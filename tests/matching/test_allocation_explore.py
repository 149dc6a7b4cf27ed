"""Exploration draws one slot in ten, with the probability that it logs."""

import numpy as np
import pytest

from matching.allocation import company_keys, explore, must_cover
from tests.matching.test_allocation import loads, market

ROUNDS = 400


def drawn_in_many_rounds(u, v, keys, capacity, **options):
    return [
        explore(u, v, keys, capacity, seed=seed, **options) for seed in range(ROUNDS)
    ]


@pytest.fixture(scope="module")
def small():
    u, v, _, capacity = market(40, 6, seed=3)
    return u, v, company_keys([f"company-{i}" for i in range(40)]), capacity


def test_one_slot_in_ten_explores():
    u, v, _, _ = market(2000, 60, seed=1)
    keys = company_keys([str(i) for i in range(2000)])
    capacity = np.full(2000, 5)

    drawn = explore(u, v, keys, capacity, seed=7)

    assert 2 * len(drawn.edge) / capacity.sum() == pytest.approx(0.1, abs=0.015)


def test_logged_propensity_is_how_often_the_pair_is_drawn(small):
    u, v, keys, capacity = small
    times, logged = np.zeros(len(u)), np.zeros(len(u))

    for drawn in drawn_in_many_rounds(u, v, keys, capacity, share=0.4):
        times[drawn.edge] += 1
        logged[drawn.edge] = drawn.propensity

    seen = logged > 0
    error = (times[seen] / ROUNDS - logged[seen]) / np.sqrt(
        logged[seen] * (1 - logged[seen]) / ROUNDS
    )
    # Of errors that are normal with variance 1, as they must be.
    assert abs(error.mean()) < 4 / np.sqrt(seen.sum())
    assert error.std() == pytest.approx(1, abs=0.35)


def test_inverse_propensities_estimate_the_number_of_pairs(small):
    u, v, keys, capacity = small
    able = (capacity[u] > 0) & (capacity[v] > 0)

    estimates = [
        (1 / drawn.propensity).sum()
        for drawn in drawn_in_many_rounds(u, v, keys, capacity)
    ]

    spread = np.std(estimates) / np.sqrt(ROUNDS)
    assert np.mean(estimates) == pytest.approx(able.sum(), abs=4 * spread)


def test_never_over_capacity_never_fixed_never_ineligible(small):
    u, v, keys, capacity = small
    eligible = np.arange(len(u)) % 3 > 0
    able = np.flatnonzero((capacity[u] > 1) & (capacity[v] > 1))
    fixed = able[:1]

    rounds = drawn_in_many_rounds(
        u, v, keys, capacity, share=0.5, fixed=fixed, eligible=eligible
    )

    for drawn in rounds:
        taken = np.concatenate([drawn.edge, fixed])
        assert (loads(u, v, taken, len(capacity)) <= capacity).all()
        assert eligible[drawn.edge].all()
        assert not np.isin(fixed, drawn.edge).any()


def test_draw_depends_on_ids_and_seed_alone(small):
    u, v, keys, capacity = small
    random = np.random.default_rng(5)
    edges, companies = random.permutation(len(u)), random.permutation(len(keys))
    place = np.argsort(companies)

    first = explore(u, v, keys, capacity, share=0.4, seed=2)
    again = explore(
        place[v[edges]].astype(np.int32),
        place[u[edges]].astype(np.int32),
        keys[companies],
        capacity[companies],
        share=0.4,
        seed=2,
    )

    assert set(edges[again.edge]) == set(first.edge)
    assert explore(u, v, keys, capacity, share=0.4, seed=3).edge.tolist() != (
        first.edge.tolist()
    )


def test_market_without_room_explores_nothing(small):
    u, v, keys, capacity = small

    drawn = explore(u, v, keys, np.zeros_like(capacity))

    assert (len(drawn.edge), len(drawn.propensity)) == (0, 0)


def test_promise_is_due_in_the_fourth_round():
    waiting = [0, 2, 3, 9, 9]
    offering = [True, True, True, True, False]

    due = must_cover(waiting, offering)

    assert due.tolist() == [False, False, True, True, False]
