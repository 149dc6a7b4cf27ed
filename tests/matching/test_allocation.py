"""The allocation keeps every rule, and its bound is a bound."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix, eye_array, hstack

from matching.allocation import allocate
from matching.errors import MatchingError, OverCapacity


@st.composite
def graphs(draw, most=12):
    """Markets of few companies, with many equal weights."""
    n = draw(st.integers(2, most))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1))
    weights = draw(
        st.lists(st.integers(1, 20), min_size=len(edges), max_size=len(edges))
    )
    capacity = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    u, v = np.array(edges, np.int32).T
    weight = np.array(weights, np.float32) / 20
    return u.copy(), v.copy(), weight, np.array(capacity, np.int32)


def loads(u, v, chosen, n):
    return np.bincount(u[chosen], minlength=n) + np.bincount(v[chosen], minlength=n)


def incidence(u, v, n):
    edge = np.arange(len(u))
    ends = (np.concatenate([u, v]), np.concatenate([edge, edge]))
    return csr_matrix((np.ones(2 * len(u)), ends), shape=(n, len(u)))


def best_weight(u, v, weight, capacity, fixed=(), covered=0):
    """The exact optimum, by integer programming."""
    least = np.zeros(len(u))
    least[list(fixed)] = 1
    ends = incidence(u, v, len(capacity))
    solution = milp(
        -weight.astype(float),
        constraints=LinearConstraint(ends, lb=covered, ub=capacity),
        integrality=np.ones(len(u)),
        bounds=Bounds(least, 1),
    )
    return -solution.fun


def fewest_missed(u, v, capacity, promised):
    """How many promised companies must stay uncovered, by integer programming."""
    n, m = len(capacity), len(u)
    able = promised & (capacity > 0) & (loads(u, v, np.arange(len(u)), n) > 0)
    ends = incidence(u, v, n)
    missed = csr_matrix(eye_array(n))[:, np.flatnonzero(able)]
    solution = milp(
        np.concatenate([np.zeros(m), np.ones(able.sum())]),
        constraints=[
            LinearConstraint(hstack([ends, csr_matrix(missed.shape)]), ub=capacity),
            LinearConstraint(hstack([ends, missed]), lb=able.astype(float)),
        ],
        integrality=np.ones(m + able.sum()),
        bounds=Bounds(0, 1),
    )
    return round(solution.fun)


def sorted_greedy(u, v, weight, capacity):
    left = capacity.copy()
    total = 0.0
    for e in np.argsort(-weight, kind="stable"):
        if left[u[e]] > 0 and left[v[e]] > 0:
            left[u[e]] -= 1
            left[v[e]] -= 1
            total += float(weight[e])
    return total


def market(n, degree, seed):
    """A random market whose companies differ in how wanted they are."""
    random = np.random.default_rng(seed)
    u = np.repeat(np.arange(n), degree)
    v = random.choice(n, len(u), p=random.dirichlet(np.full(n, 0.7)))
    low, high = np.minimum(u, v)[u != v], np.maximum(u, v)[u != v]
    key = np.unique(low.astype(np.int64) * n + high)
    u, v = (key // n).astype(np.int32), (key % n).astype(np.int32)
    taste = random.random(n).astype(np.float32)
    weight = (taste[u] + taste[v] + random.random(len(u)).astype(np.float32)) / 3
    return u, v, weight, random.integers(0, 6, n).astype(np.int32)


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_allocation_is_between_greedy_and_the_optimum_which_is_below_the_bound(graph):
    u, v, weight, capacity = graph

    result = allocate(u, v, weight, capacity)

    best = best_weight(u, v, weight, capacity)
    assert (loads(u, v, result.chosen, len(capacity)) <= capacity).all()
    assert result.welfare == pytest.approx(weight[result.chosen].sum(), abs=1e-6)
    assert sorted_greedy(u, v, weight, capacity) <= result.welfare + 1e-9
    assert result.welfare <= best + 1e-6
    assert best <= result.bound + 1e-6
    assert len(np.unique(result.chosen)) == len(result.chosen)


@given(graphs(), st.data())
@settings(max_examples=100, deadline=None)
def test_fixed_pairs_stay_whatever_they_cost(graph, data):
    u, v, weight, capacity = graph
    fixed = data.draw(st.lists(st.integers(0, len(u) - 1), unique=True, max_size=4))
    assume((loads(u, v, fixed, len(capacity)) <= capacity).all())

    result = allocate(u, v, weight, capacity, fixed=fixed)

    best = best_weight(u, v, weight, capacity, fixed=fixed)
    assert set(fixed) <= set(result.chosen.tolist())
    assert (loads(u, v, result.chosen, len(capacity)) <= capacity).all()
    assert result.welfare == pytest.approx(weight[result.chosen].sum(), abs=1e-6)
    assert result.welfare <= best + 1e-6 <= result.bound + 2e-6


def test_a_promise_is_kept_where_the_dearest_path_is_no_exchange():
    # The walk that seems to gain most uses one edge twice; a shorter one will do.
    u = np.array([1, 2, 0, 1, 0, 0, 1, 0, 3, 4, 0, 0, 0, 4], np.int32)
    v = np.array([6, 3, 1, 5, 2, 3, 3, 4, 5, 5, 5, 6, 7, 7], np.int32)
    twentieths = [1, 1, 1, 2, 1, 1, 1, 1, 2, 10, 1, 1, 1, 8]
    weight = np.array(twentieths, np.float32) / 20
    promised = np.arange(8) == 7

    result = allocate(u, v, weight, [0, 1, 0, 1, 1, 1, 0, 2], must_cover=promised)

    assert result.uncovered.tolist() == []
    assert result.chosen.tolist() == [8, 13]


@given(graphs(), st.data())
@settings(max_examples=100, deadline=None)
def test_promises_are_kept_and_within_the_bound(graph, data):
    u, v, weight, capacity = graph
    n = len(capacity)
    promised = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))

    result = allocate(u, v, weight, capacity, must_cover=promised)

    load = loads(u, v, result.chosen, n)
    has_edge = loads(u, v, np.arange(len(u)), n) > 0
    missed = promised & (capacity > 0) & has_edge & (load == 0)
    assert (load <= capacity).all()
    assert np.flatnonzero(missed).tolist() == result.uncovered.tolist()
    assert missed.sum() == fewest_missed(u, v, capacity, promised)
    kept = promised & (load > 0)
    best = best_weight(u, v, weight, capacity, covered=kept.astype(int))
    assert result.welfare <= best + 1e-6 <= result.bound + 2e-6


def test_what_promises_cost_is_in_the_bound():
    u, v, weight, capacity = market(1000, 3, seed=7)
    capacity = np.minimum(capacity, 2)
    promised = np.arange(1000) % 3 > 0

    free = allocate(u, v, weight, capacity)
    fair = allocate(u, v, weight, capacity, must_cover=promised)

    assert fair.welfare < 0.999 * free.welfare
    assert fair.ratio >= 0.9995
    assert fair.bound < free.bound
    assert (fair.prices[~promised] >= 0).all()
    assert (fair.prices < 0).any()


def test_wanted_partner_is_given_to_those_who_have_nobody_else():
    # 0 and 1 would be best together, but 2 and 3 know only them.
    u, v = np.array([0, 0, 1], np.int32), np.array([1, 2, 3], np.int32)
    weight, capacity = [0.9, 0.1, 0.1], [1, 1, 1, 1]

    best = allocate(u, v, weight, capacity)
    fair = allocate(u, v, weight, capacity, must_cover=[False, False, True, True])

    assert best.chosen.tolist() == [0]
    assert fair.chosen.tolist() == [1, 2]
    assert fair.uncovered.tolist() == []


@pytest.mark.parametrize("levels", [None, 12])
def test_names_of_companies_and_order_of_edges_do_not_matter(levels):
    u, v, weight, capacity = market(300, 20, seed=4)
    if levels:  # many equal weights
        weight = np.ceil(weight * levels).astype(np.float32) / np.float32(levels)
    random = np.random.default_rng(9)
    names, edges = random.permutation(300), random.permutation(len(u))
    place = np.argsort(names).astype(np.int32)

    first = allocate(u, v, weight, capacity)
    again = allocate(place[v[edges]], place[u[edges]], weight[edges], capacity[names])

    assert np.sort(edges[again.chosen]).tolist() == first.chosen.tolist()
    assert again.welfare == first.welfare
    assert again.bound == pytest.approx(first.bound, rel=1e-9)
    assert again.prices[place] == pytest.approx(first.prices, abs=1e-6)


def test_middling_market_is_within_a_two_thousandth_of_the_bound():
    u, v, weight, capacity = market(1000, 50, seed=0)

    result = allocate(u, v, weight, capacity)

    assert result.ratio >= 0.9995
    assert sorted_greedy(u, v, weight, capacity) < 0.99 * result.welfare


def test_bound_is_hardly_above_the_linear_program():
    u, v, weight, capacity = market(3000, 12, seed=2)

    result = allocate(u, v, weight, capacity)

    program = linprog(
        -weight.astype(float),
        A_ub=incidence(u, v, 3000),
        b_ub=capacity,
        bounds=(0, 1),
        method="highs",
    )
    assert -program.fun - 1e-6 <= result.bound <= -program.fun * 1.0001


def test_plain_python_allocates_alike():
    program = """
import sys
from matching import kernels
from matching.allocation import allocate, company_keys, explore
from tests.matching.test_allocation import market
u, v, weight, capacity = market(60, 8, seed=1)
drawn = explore(u, v, company_keys([str(i) for i in range(60)]), capacity, share=0.3)
result = allocate(u, v, weight, capacity, fixed=drawn.edge, must_cover=capacity > 2)
print(kernels.COMPILED, file=sys.stderr)
print(drawn, result.chosen.tolist(), result.welfare, result.bound, result.prices)
"""

    compiled, plain = (
        subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            env=os.environ | {"HANDSCHLAG_NO_NUMBA": value},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        for value in ("0", "1")
    )

    assert (compiled.stderr.split()[-1], plain.stderr.split()[-1]) == ("True", "False")
    assert compiled.stdout == plain.stdout


def test_fixed_beyond_the_capacity_is_refused():
    u, v = np.array([0, 0], np.int32), np.array([1, 2], np.int32)

    with pytest.raises(OverCapacity, match="company 0"):
        allocate(u, v, [0.5, 0.5], [1, 1, 1], fixed=[0, 1])


@pytest.mark.parametrize(
    ("u", "v", "weight", "capacity", "why"),
    [
        ([0], [0], [0.5], [1], "with itself"),
        ([0], [2], [0.5], [1, 1], "does not exist"),
        ([0], [1], [-0.5], [1, 1], "negative"),
        ([0], [1], [np.nan], [1, 1], "finite"),
        ([0], [1], [0.5], [1, -1], "capacity"),
        ([0], [1], [0.5, 0.5], [1, 1], "differ"),
    ],
)
def test_graph_that_makes_no_sense_is_refused(u, v, weight, capacity, why):
    with pytest.raises(MatchingError, match=why):
        allocate(np.array(u, np.int32), np.array(v, np.int32), weight, capacity)


def test_empty_market_has_an_empty_allocation():
    nobody = np.zeros(0, np.int32)

    result = allocate(nobody, nobody, [], [])

    assert result.chosen.tolist() == []
    assert (result.welfare, result.bound, result.ratio) == (0, 0, 1)
