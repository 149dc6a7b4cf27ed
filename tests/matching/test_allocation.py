"""The allocation keeps every rule, and its bound is a bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

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


def best_weight(u, v, weight, capacity, fixed=()):
    """The exact optimum, by integer programming."""
    least = np.zeros(len(u))
    least[list(fixed)] = 1
    solution = milp(
        -weight.astype(float),
        constraints=LinearConstraint(incidence(u, v, len(capacity)), ub=capacity),
        integrality=np.ones(len(u)),
        bounds=Bounds(least, 1),
    )
    return -solution.fun


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
