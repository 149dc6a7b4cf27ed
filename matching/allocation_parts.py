"""Allocation in parts: for registers whose edges one machine cannot hold.

Every part holds the edges of its own companies and learns the prices of the others,
8 B per company. Prices tell which edges can matter at all, a few per company: only
these are brought together and chosen from. The bound is that of the whole.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matching.allocation import Allocation, exchange
from matching.allocation_order import company_ranks
from matching.allocation_prices import (
    Adjacency,
    Demand,
    Edges,
    dual_bound,
    sweep,
    worthwhile,
)
from matching.engine import Engine, LocalEngine

_EXCHANGES = 6  # of prices
_SWEEPS = 2  # between two exchanges
_STEP = 0.5  # parts that answer the same news overshoot together: meet half-way
_WIDE = 0.12  # of the mean price: as in `allocation_prices`, brought along
_LAST_SWEEPS = 24  # where they come together
_NEAR = 0.05  # of the mean price: as in `allocation`, chosen from

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PartsAllocation:
    """The allocation, and what had to travel for it, in bytes."""

    allocation: Allocation
    price_bytes: int
    edge_bytes: int


class _Register(NamedTuple):
    """What stays where it is. A real part holds the edges of its companies only."""

    edges: Edges
    part: NDArray[np.int32]  # of each company
    demand: Demand
    order: Ids  # in which companies set their prices


class _News(NamedTuple):
    """What travels to a part."""

    part: int
    prices: NDArray[np.float64]


def allocate_in_parts(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    weight: ArrayLike,
    capacity: ArrayLike,
    part: NDArray[np.int32],
    *,
    engine: Engine | None = None,
) -> PartsAllocation:
    """Choose edges as `allocation.allocate`, with the edges spread over parts.

    Parameters
    ----------
    u, v, weight, capacity
        As of `allocation.allocate`.
    part : int32 array of shape (n,)
        Which part a company belongs to, from 0.
    engine : Engine, optional
        Computes one block per part; the result is the same on any.

    Returns
    -------
    PartsAllocation
        Within every capacity, with the bound of the whole problem: what is lost by
        spreading is the difference of `ratio` to that of `allocate`.
    """
    engine = engine or LocalEngine()
    edges = Edges(u, v, np.array(weight, np.float32))
    room = np.array(capacity, np.int32)
    rank = company_ranks(u, v, edges.weight, room.astype(np.int64))
    demand = Demand(room, np.zeros(len(room), np.bool_))
    register = _Register(edges, part, demand, np.argsort(rank))
    n_parts = int(part.max(initial=0)) + 1
    prices = np.zeros(len(room))

    def news() -> list[_News]:
        return [_News(at, prices) for at in range(n_parts)]

    for _ in range(_EXCHANGES):
        own = engine.map_blocks(_own_prices, news(), register)
        prices = (1 - _STEP) * prices + _STEP * np.sum(own, axis=0)
    near = np.unique(np.concatenate(engine.map_blocks(_wanted, news(), register)))
    some = edges.at(near)
    joined = Adjacency.of(some, len(room))
    sweep(joined, register.order, demand, prices, _LAST_SWEEPS)
    ids = worthwhile(some, joined, demand, prices, _NEAR)
    chosen = np.sort(near[exchange(some, ids, demand, rank, prices)])
    return PartsAllocation(
        Allocation(
            chosen=chosen.astype(np.int32),
            welfare=float(np.sort(edges.weight[chosen]).sum(dtype=np.float64)),
            bound=dual_bound(edges, demand, prices),
            prices=prices.astype(np.float32),
            uncovered=np.zeros(0, np.int32),
        ),
        price_bytes=_EXCHANGES * n_parts * prices.nbytes,
        edge_bytes=12 * len(near),
    )


def _own_prices(news: _News, register: _Register) -> NDArray[np.float64]:
    """Sweep the prices of a part's companies; 0 for the others."""
    edges, part, demand, order = register
    own = part == news.part
    prices = news.prices.copy()
    some = np.flatnonzero(own[edges.u] | own[edges.v])
    adjacency = Adjacency.of(edges.at(some), len(part))
    sweep(adjacency, order[own[order]], demand, prices, _SWEEPS)
    prices[~own] = 0
    return prices


def _wanted(news: _News, register: _Register) -> Ids:
    """Return the edges that a part's companies want to be brought along."""
    edges, part, demand, _ = register
    own = part == news.part
    some = np.flatnonzero(own[edges.u] | own[edges.v])
    some_edges = edges.at(some)
    adjacency = Adjacency.of(some_edges, len(part))
    ids: Ids = some[
        worthwhile(some_edges, adjacency, demand, news.prices, _WIDE, owners=own)
    ]
    return ids
