"""Parts that exchange prices choose nearly as well as the whole."""

import numpy as np
import pytest

from matching.allocation import allocate
from matching.allocation_parts import allocate_in_parts
from matching.engine import LocalEngine
from tests.matching.test_allocation import loads, market


@pytest.fixture(scope="module")
def graph():
    return market(1500, 40, seed=6)


@pytest.fixture(scope="module")
def part():
    return (np.arange(1500) % 4).astype(np.int32)  # the worst: most edges cross


def test_spreading_the_edges_costs_hardly_any_welfare(graph, part):
    u, v, weight, capacity = graph
    whole = allocate(u, v, weight, capacity)

    parts = allocate_in_parts(u, v, weight, capacity, part)

    assert parts.allocation.welfare >= 0.999 * whole.welfare
    assert whole.welfare <= parts.allocation.bound <= 1.001 * whole.bound
    assert parts.edge_bytes < 0.5 * 12 * len(u)
    load = loads(u, v, parts.allocation.chosen, len(capacity))
    assert (load <= capacity).all()


def test_any_engine_gives_the_same(graph, part):
    one = allocate_in_parts(*graph, part, engine=LocalEngine(1)).allocation

    four = allocate_in_parts(*graph, part, engine=LocalEngine(4)).allocation

    assert one.chosen.tolist() == four.chosen.tolist()
    assert (one.welfare, one.bound) == (four.welfare, four.bound)


def test_one_part_is_the_whole(graph):
    u, v, weight, capacity = graph
    whole = allocate(u, v, weight, capacity)

    parts = allocate_in_parts(u, v, weight, capacity, np.zeros(1500, np.int32))

    assert parts.allocation.ratio >= whole.ratio - 0.001
