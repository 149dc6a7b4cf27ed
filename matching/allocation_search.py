"""Improving a choice of edges by exchanges along alternating paths.

A path starts at a company with room, takes a free edge, lets go of a chosen one at
the partner who is now too full, goes on from the company that lost it, and so
forth. Prices say what each step gives up, so the best path comes out of a
Dijkstra search that ends after a few companies.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.allocation_prices import Edges, starts
from matching.kernels import njit

_EPSILON = 1e-9  # gains below are rounding
_PATH = 62  # edges of a path, at most
_HEAP = 16_384
_STAMP, _HEAP_SIZE, _LENGTH, _LAST, _EDGE = range(5)  # places in Scratch.tally


class Graph(NamedTuple):
    """Edges with what is known of them; companies with room and price.

    `edge[start[i]:start[i + 1]]` are the edges of company i by falling reduced
    weight; `keep` marks companies that must not lose their last edge.
    """

    u: NDArray[np.int32]
    v: NDArray[np.int32]
    weight: NDArray[np.float32]
    reduced: NDArray[np.float64]
    start: NDArray[np.int64]
    edge: NDArray[np.int32]
    room: NDArray[np.int32]
    price: NDArray[np.float64]
    keep: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        edges: Edges,
        reduced: NDArray[np.float64],
        *,
        room: NDArray[np.int32],
        price: NDArray[np.float64],
        keep: NDArray[np.bool_],
    ) -> "Graph":
        """Join edges, which come by falling reduced weight, to a graph."""
        start = starts(edges, len(room))
        edge = np.empty(start[-1], np.int32)
        _collect(edges, start[:-1].copy(), edge)
        return cls(*edges, reduced, start, edge, room, price, keep)


class Choice(NamedTuple):
    """What is chosen: per edge, and per company the `load` edges it has."""

    chosen: NDArray[np.bool_]
    held: NDArray[np.int32]
    load: NDArray[np.int32]


class Scratch(NamedTuple):
    """Memory of the search, allocated once."""

    seen: NDArray[np.int64]
    distance: NDArray[np.float64]
    via_free: NDArray[np.int32]
    via_held: NDArray[np.int32]
    cost: NDArray[np.float64]
    state: NDArray[np.int32]
    path: NDArray[np.int32]
    best: NDArray[np.float64]
    tally: NDArray[np.int64]

    @classmethod
    def of(cls, n: int) -> "Scratch":
        """Allocate for `n` companies."""
        return cls(
            seen=np.zeros(n, np.int64),
            distance=np.zeros(n),
            via_free=np.zeros(n, np.int32),
            via_held=np.zeros(n, np.int32),
            cost=np.zeros(_HEAP),
            state=np.zeros(_HEAP, np.int32),
            path=np.zeros(_PATH, np.int32),
            best=np.zeros(1),
            tally=np.zeros(5, np.int64),
        )


@njit()
def _collect(
    edges: Edges, position: NDArray[np.int64], edge: NDArray[np.int32]
) -> None:
    u, v, _ = edges
    for e in range(len(u)):
        edge[position[u[e]]] = e
        position[u[e]] += 1
        edge[position[v[e]]] = e
        position[v[e]] += 1


@njit()
def hold(graph: Graph, chosen: NDArray[np.bool_]) -> Choice:
    """Collect the chosen edges per company."""
    n = len(graph.room)
    width = 1
    for i in range(n):
        width = max(width, graph.room[i])
    held = np.zeros((n, width), np.int32)
    load = np.zeros(n, np.int32)
    choice = Choice(np.zeros(len(chosen), np.bool_), held, load)
    for e in range(len(chosen)):
        if chosen[e]:
            _turn(graph, choice, e)
    return choice


@njit()
def cover(graph: Graph, choice: Choice, scratch: Scratch) -> None:
    """Give each company of `keep` without an edge one, where a path allows it."""
    dear = 1.0
    for weight in graph.weight:
        dear = max(dear, np.float64(weight))
    n = len(graph.room)
    for i in range(n):
        if graph.keep[i] and choice.load[i] == 0 and graph.room[i] > 0:
            _search(graph, choice, scratch, i, 1e4 * dear, n)
            _apply(graph, choice, scratch)


@njit()
def improve(graph: Graph, choice: Choice, scratch: Scratch, effort: int) -> None:
    """Give priced companies with room an edge where an exchange gains by it.

    Nearly the whole distance from the bound is their price. Each exchange raises
    the weight, so the choice only gets better. A search looks at no more than
    `effort` companies.
    """
    for i in range(len(graph.room)):
        while choice.load[i] < graph.room[i] and graph.price[i] > 0:
            _search(graph, choice, scratch, i, graph.price[i], effort)
            if _gain(graph, choice, scratch) <= _EPSILON:
                break
            _apply(graph, choice, scratch)


@njit()
def _search(
    graph: Graph,
    choice: Choice,
    scratch: Scratch,
    origin: int,
    worth: float,
    effort: int,
) -> None:
    """Find the best path from a company with room, whose edge is worth `worth`.

    Leaves the path's edges in `scratch.path`; their number is 0 when none gains.
    """
    tally = scratch.tally
    tally[_STAMP] += 1
    tally[_HEAP_SIZE], tally[_LENGTH], tally[_LAST] = 0, 0, -1
    scratch.best[0] = _EPSILON
    scratch.seen[origin] = tally[_STAMP]
    scratch.distance[origin] = 0.0
    _push(scratch, 0.0, origin)
    looked_at = 0
    while tally[_HEAP_SIZE] > 0 and looked_at < effort:
        cost, k = scratch.cost[0], scratch.state[0]
        _pop(scratch)
        if cost > scratch.distance[k]:
            continue
        if worth - cost <= scratch.best[0]:
            break
        looked_at += 1
        if k != origin and not (graph.keep[k] and choice.load[k] <= 1):
            _end(graph, scratch, origin, worth - cost - graph.price[k], (k, -1))
        _expand(graph, choice, scratch, k, (origin, worth))
    if tally[_LAST] >= 0:
        end = (tally[_LAST], tally[_EDGE])
        tally[_LENGTH] = _trace(graph, scratch, origin, end)


@njit()
def _end(
    graph: Graph, scratch: Scratch, origin: int, gain: float, end: tuple[int, int]
) -> None:
    """Note an end of a path: a company, and a free edge of it or -1.

    A walk over the same edge twice is no exchange, even if it seems to gain more.
    """
    if gain > scratch.best[0] and _trace(graph, scratch, origin, end) > 0:
        scratch.best[0] = gain
        scratch.tally[_LAST], scratch.tally[_EDGE] = end


@njit()
def _expand(
    graph: Graph,
    choice: Choice,
    scratch: Scratch,
    k: int,
    aim: tuple[int, float],
) -> None:
    """Follow the free edges of company k, and the edges that would make room."""
    origin, worth = aim
    seen, distance, best = scratch.seen, scratch.distance, scratch.best
    cost, stamp = distance[k], scratch.tally[_STAMP]
    for p in range(graph.start[k], graph.start[k + 1]):
        f = graph.edge[p]
        onward = cost - graph.reduced[f]
        if worth - onward <= best[0]:
            break
        if choice.chosen[f]:
            continue
        j = graph.u[f] + graph.v[f] - k
        if choice.load[j] + (1 if j == origin else 0) < graph.room[j]:
            _end(graph, scratch, origin, worth - onward + graph.price[j], (k, f))
            continue
        for d in choice.held[j, : choice.load[j]]:
            other = graph.u[d] + graph.v[d] - j
            total = max(cost, onward + graph.reduced[d])
            if other == origin or worth - total <= best[0]:
                continue
            if seen[other] == stamp and distance[other] <= total:
                continue
            if scratch.tally[_HEAP_SIZE] < len(scratch.cost):
                seen[other], distance[other] = stamp, total
                scratch.via_free[other], scratch.via_held[other] = f, d
                _push(scratch, total, other)


@njit()
def _trace(graph: Graph, scratch: Scratch, origin: int, end: tuple[int, int]) -> int:
    """Write down the path to an end, from there; return its length, 0 if it is none."""
    path = scratch.path
    length = 0
    k, last = end
    if last >= 0:
        path[0] = last
        length = 1
    while k != origin:
        if length + 2 > len(path):
            return 0
        d, f = scratch.via_held[k], scratch.via_free[k]
        path[length], path[length + 1] = d, f
        length += 2
        j = graph.u[d] + graph.v[d] - k
        k = graph.u[f] + graph.v[f] - j
    for s in range(length):
        for t in range(s):
            if path[s] == path[t]:
                return 0
    return length


@njit()
def _gain(graph: Graph, choice: Choice, scratch: Scratch) -> float:
    """Return by how much the exchange along the path raises the weight."""
    gain = 0.0
    for e in scratch.path[: scratch.tally[_LENGTH]]:
        weight = np.float64(graph.weight[e])
        gain += -weight if choice.chosen[e] else weight
    return gain


@njit()
def _apply(graph: Graph, choice: Choice, scratch: Scratch) -> None:
    """Exchange along the path: drops first, so that no company overflows."""
    path = scratch.path[: scratch.tally[_LENGTH]]
    dropped = 0
    for t in range(len(path)):  # drops to the front
        e = path[t]
        if choice.chosen[e]:
            path[t], path[dropped] = path[dropped], e
            dropped += 1
    for e in path:
        _turn(graph, choice, e)


@njit()
def _turn(graph: Graph, choice: Choice, e: int) -> None:
    """Drop a chosen edge, take a free one."""
    if not choice.chosen[e]:
        choice.chosen[e] = True
        for i in (graph.u[e], graph.v[e]):
            choice.held[i, choice.load[i]] = e
            choice.load[i] += 1
        return
    choice.chosen[e] = False
    for i in (graph.u[e], graph.v[e]):
        for t in range(choice.load[i]):
            if choice.held[i, t] == e:
                choice.load[i] -= 1
                choice.held[i, t] = choice.held[i, choice.load[i]]
                break


@njit()
def _push(scratch: Scratch, cost: float, state: int) -> None:
    """Add to the binary heap; ties go to the smaller company."""
    costs, states = scratch.cost, scratch.state
    t = scratch.tally[_HEAP_SIZE]
    scratch.tally[_HEAP_SIZE] += 1
    while t > 0:
        parent = (t - 1) // 2
        if not _before(cost, state, costs[parent], states[parent]):
            break
        costs[t], states[t] = costs[parent], states[parent]
        t = parent
    costs[t], states[t] = cost, state


@njit()
def _pop(scratch: Scratch) -> None:
    """Remove the least element, which the caller has read."""
    costs, states = scratch.cost, scratch.state
    scratch.tally[_HEAP_SIZE] -= 1
    size = scratch.tally[_HEAP_SIZE]
    cost, state = costs[size], states[size]
    t = 0
    while 2 * t + 1 < size:
        child = 2 * t + 1
        other = child + 1
        if other < size and _before(
            costs[other], states[other], costs[child], states[child]
        ):
            child = other
        if _before(cost, state, costs[child], states[child]):
            break
        costs[t], states[t] = costs[child], states[child]
        t = child
    costs[t], states[t] = cost, state


@njit()
def _before(cost: float, state: int, other_cost: float, other_state: int) -> bool:
    return cost < other_cost or (cost == other_cost and state < other_state)
