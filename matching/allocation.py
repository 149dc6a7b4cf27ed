"""Scored pairs and capacities -> the allocation of the round, with certificate.

Choosing the pairs of a round is a maximum-weight b-matching. Prices of the
companies (the Lagrangian dual) guide the choice and bound what any other choice
could reach: welfare / bound is the certificate of the round.
"""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matching.allocation_explore import (
    Exploration,
    explore,
    must_cover,
)
from matching.allocation_greedy import by_value, greedy, greedy_by_weight
from matching.allocation_order import company_ranks
from matching.allocation_polish import polish
from matching.allocation_prices import (
    Adjacency,
    Demand,
    Edges,
    cheaper,
    find_prices,
    sweep,
    worthwhile,
)
from matching.allocation_search import Graph, Scratch, cover, hold, improve
from matching.errors import MatchingError, OverCapacity
from matching.keys import company_keys

__all__ = [
    "Allocation",
    "Exploration",
    "allocate",
    "company_keys",
    "explore",
    "must_cover",
]

_NEAR = 0.05  # of the mean price: edges that far below their price are looked at
_SWEEPS = 12  # after a promise turned out not to be kept
_GOOD_ENOUGH = 0.9998  # of the bound: from there on, polishing is not worth its time
_EFFORTS = (50, 200, 800)  # companies looked at per search, round by round


@dataclass(frozen=True, slots=True)
class Allocation:
    """The pairs of a round, and how far any other choice could be better.

    `welfare <= best possible <= bound`; `uncovered` are companies of the exposure
    promise that could not be kept although they have an eligible edge.
    """

    chosen: NDArray[np.int32]
    welfare: float
    bound: float
    prices: NDArray[np.float32]
    uncovered: NDArray[np.int32]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Welfare as a share of the bound, 1 for an empty market."""
        return self.welfare / self.bound if self.bound > 0 else 1.0


def allocate(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    weight: ArrayLike,
    capacity: ArrayLike,
    *,
    fixed: ArrayLike = (),
    must_cover: ArrayLike | None = None,
) -> Allocation:
    """Choose edges of the highest total weight within every company's capacity.

    Parameters
    ----------
    u, v : int32 arrays of shape (m,)
        Ends of the edges, companies 0 to n - 1; each pair of companies once, in
        any order. What must not be chosen is not among the edges.
    weight : array of shape (m,), finite, at least 0
        Scores. Used in float32; sums are in float64. Edges of weight 0 are chosen
        only when fixed.
    capacity : integer array of shape (n,), at least 0
        Most edges per company, fixed ones included.
    fixed : integers, optional
        Edges that are in the allocation whatever they cost (pins, exploration).
    must_cover : boolean array of shape (n,), optional
        Companies that get at least one edge if a chain of exchanges allows it.

    Returns
    -------
    Allocation
        `chosen` are edge numbers, sorted. `welfare` sums the chosen edges' weights.
        `bound` = weights of `fixed` + dual bound of the rest: no allocation weighs
        more that has these fixed edges and keeps the promises this one keeps.
        The result depends on the graph alone: other numbers for the companies or
        another order of the edges give the same pairs (as far as two rounds of
        colour refinement tell companies apart).

    Raises
    ------
    MatchingError
        Shapes differ, an edge joins a company with itself, or a weight is negative
        or not finite.
    OverCapacity
        `fixed` asks more of a company than its capacity.

    Notes
    -----
    Never worse than taking edges by falling weight, when `must_cover` is not given.
    Time grows with m; memory is about 60 B per edge at the peak.

    Examples
    --------
    >>> u, v = np.array([0, 1, 2], np.int32), np.array([1, 2, 3], np.int32)
    >>> allocate(u, v, [0.5, 0.9, 0.5], [1, 1, 1, 1]).chosen.tolist()
    [0, 2]
    """
    clock = _Clock()
    edges = Edges(u, v, np.array(weight, np.float32))
    room = np.array(capacity, np.int32)
    _check(edges, room)
    kept = np.unique(np.asarray(fixed, np.int64))
    for end in (u, v):
        room -= np.bincount(end[kept], minlength=len(room)).astype(np.int32)
    if (room < 0).any():
        raise OverCapacity(f"fixed pairs overfill company {int(np.argmin(room))}")
    fixed_weight = _weigh(edges, kept)
    edges.weight[kept] = 0  # never chosen again, and nothing to the bound
    demand = Demand(room, _promised(edges, kept, must_cover, room))
    clock.lap("check")

    label = 2 * room.astype(np.int64) + demand.promised
    rank = company_ranks(u, v, edges.weight, label)
    clock.lap("order")
    adjacency = Adjacency.of(edges, len(room))
    clock.lap("adjacency")
    prices, bound = find_prices(edges, adjacency, demand, np.argsort(rank))
    clock.lap("prices")
    chosen = _choose(edges, adjacency, demand, rank, prices)
    clock.lap("choice")
    uncovered = _uncovered(edges, demand, chosen)
    if len(uncovered):
        demand.promised[uncovered] = False
        prices, bound = _without(uncovered, edges, adjacency, demand, prices, rank)
        clock.lap("broken promises")
    if _weigh(edges, chosen) < _GOOD_ENOUGH * bound:
        prices, bound = _polish(edges, demand, rank, prices, _weigh(edges, chosen))
        again = _choose(edges, adjacency, demand, rank, prices)
        chosen = _better(edges, demand, chosen, again)
        clock.lap("polish")
    if not demand.promised.any():
        welfare = _weigh(edges, chosen)
        simple = greedy_by_weight(edges, room, rank, beat=welfare)
        if simple is not None:
            chosen = _better(edges, demand, chosen, simple)
        clock.lap("greedy")
    return Allocation(
        chosen=np.union1d(chosen, kept).astype(np.int32),
        welfare=fixed_weight + _weigh(edges, chosen),
        bound=fixed_weight + bound,
        prices=prices.astype(np.float32),
        uncovered=uncovered,
        seconds=clock.laps,
    )


class _Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = now - self._last
        self._last = now


def _check(edges: Edges, room: NDArray[np.int32]) -> None:
    u, v, weight = edges
    if not u.shape == v.shape == weight.shape:
        raise MatchingError(f"edges differ: {u.shape}, {v.shape}, {weight.shape}")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise MatchingError("a weight is negative or not finite")
    if (room < 0).any():
        raise MatchingError("a capacity is negative")
    if len(u) and (min(u.min(), v.min()) < 0 or max(u.max(), v.max()) >= len(room)):
        raise MatchingError("an edge names a company that does not exist")
    if (u == v).any():
        raise MatchingError("an edge joins a company with itself")


def _promised(
    edges: Edges,
    fixed: NDArray[np.int64],
    must_cover: ArrayLike | None,
    room: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Return the companies to cover that have room and an edge, but no fixed one."""
    if must_cover is None:
        return np.zeros(len(room), np.bool_)
    promised = np.array(must_cover, np.bool_)
    if promised.shape != room.shape:
        raise MatchingError(f"must_cover has shape {promised.shape}, not {room.shape}")
    worth = edges.weight > 0
    able = np.zeros(len(room), np.bool_)
    able[edges.u[worth]] = able[edges.v[worth]] = True
    able[edges.u[fixed]] = able[edges.v[fixed]] = False
    return promised & able & (room > 0)


def _weigh(edges: Edges, chosen: NDArray[np.int64]) -> float:
    # Sorted first, so that the sum does not depend on the order of choosing.
    return float(np.sort(edges.weight[chosen]).sum(dtype=np.float64))


def _without(
    uncovered: NDArray[np.int32],
    edges: Edges,
    adjacency: Adjacency,
    demand: Demand,
    prices: NDArray[np.float64],
    rank: NDArray[np.int32],
) -> tuple[NDArray[np.float64], float]:
    """Find prices anew, without what was paid for promises that cannot be kept."""
    prices[uncovered] = np.maximum(prices[uncovered], 0)
    swept = prices.copy()
    sweep(adjacency, np.argsort(rank), demand, swept, _SWEEPS)
    return cheaper(edges, demand, prices, swept)


def _polish(
    edges: Edges,
    demand: Demand,
    rank: NDArray[np.int32],
    prices: NDArray[np.float64],
    welfare: float,
) -> tuple[NDArray[np.float64], float]:
    """Polish in canonical order: its sums, hence its steps, depend on the order."""
    edges = edges.at(by_value(edges.weight, edges, rank))
    ranked = Edges(rank[edges.u], rank[edges.v], edges.weight)
    by_rank = np.argsort(rank)
    prices, bound = polish(ranked, demand.at(by_rank), prices[by_rank], welfare)
    return prices[rank], bound


def _better(
    edges: Edges,
    demand: Demand,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the choice that keeps more promises, then the one that weighs more."""

    def merit(chosen: NDArray[np.int64]) -> tuple[int, float]:
        return -len(_uncovered(edges, demand, chosen)), _weigh(edges, chosen)

    return max(first, second, key=merit)


def _choose(
    edges: Edges,
    adjacency: Adjacency,
    demand: Demand,
    rank: NDArray[np.int32],
    prices: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Choose among the worthwhile edges, or among all if a promise needs it."""
    chosen = np.zeros(0, np.int64)
    for share in (_NEAR, np.inf):
        ids = worthwhile(edges, adjacency, demand, prices, share)
        chosen = exchange(edges, ids, demand, rank, prices)
        if not len(_uncovered(edges, demand, chosen)):
            break
    return chosen


def exchange(
    edges: Edges,
    ids: NDArray[np.int64],
    demand: Demand,
    rank: NDArray[np.int32],
    prices: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Choose greedily by reduced weight, then exchange; in canonical order."""
    some = edges.at(ids)
    reduced = some.reduced(prices)
    order = by_value(reduced, some, rank)
    ids, some, by_rank = ids[order], some.at(order), np.argsort(rank)
    ranked = Edges(rank[some.u], rank[some.v], some.weight)
    room, keep = demand.at(by_rank)
    graph = Graph.of(
        ranked, reduced[order], room=room, price=prices[by_rank], keep=keep
    )
    choice = hold(graph, greedy(ranked, room.copy()))
    scratch = Scratch.of(len(room))
    cover(graph, choice, scratch)
    for effort in _EFFORTS:
        improve(graph, choice, scratch, effort)
    return ids[choice.chosen]


def _uncovered(
    edges: Edges, demand: Demand, chosen: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return the promised companies without a chosen edge."""
    uncovered = demand.promised.copy()
    uncovered[edges.u[chosen]] = uncovered[edges.v[chosen]] = False
    return np.flatnonzero(uncovered).astype(np.int32)
