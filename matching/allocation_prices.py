"""Prices: what one more introduction of a company is worth, and the bound they give."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.kernels import njit

# Summing millions of numbers in float64 errs by less, so the bound stays a bound.
ROUNDING = 1e-12

_FULL_SWEEPS = 5  # over all edges; by then most edges are far too dear to matter
_SWEEPS = 16  # over the rest, between two looks at the whole bound
_LOOKS = 4
_PATIENCE = 1e-5  # share of the bound that a further look must bring
_WIDE = 0.12  # of the mean price: edges that far below their price can come back


class Edges(NamedTuple):
    """Edge e joins the companies u[e] and v[e] with weight[e] >= 0."""

    u: NDArray[np.int32]
    v: NDArray[np.int32]
    weight: NDArray[np.float32]

    def at(self, ids: NDArray[np.int64]) -> "Edges":
        """Return some of the edges, in the order of `ids`."""
        return Edges(self.u[ids], self.v[ids], self.weight[ids])

    def reduced(self, prices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each edge is worth beyond the prices of its ends."""
        surplus: NDArray[np.float64] = np.empty(len(self.u))
        _reduced(self, prices, surplus)
        return surplus


class Adjacency(NamedTuple):
    """The edges of each company: entries start[i] to start[i + 1] are those of i."""

    start: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    weight: NDArray[np.float32]

    @classmethod
    def of(cls, edges: Edges, n: int) -> "Adjacency":
        """Collect the edges of `n` companies; 8 B per edge and end."""
        start = starts(edges, n)
        neighbour = np.empty(start[-1], np.int32)
        weight = np.empty(start[-1], np.float32)
        _fill(edges, start[:-1].copy(), neighbour, weight)
        return cls(start, neighbour, weight)


def starts(edges: Edges, n: int) -> NDArray[np.int64]:
    """Return where each company's edges begin when listed company by company."""
    degree = np.bincount(edges.u, minlength=n) + np.bincount(edges.v, minlength=n)
    start = np.zeros(n + 1, np.int64)
    np.cumsum(degree, out=start[1:])
    return start


def find_prices(
    edges: Edges, room: NDArray[np.int32], order: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """Minimise the Lagrangian dual by coordinate descent.

    Parameters
    ----------
    edges : Edges
    room : int32 array of shape (n,)
        How many edges each company can take.
    order : int64 array of shape (n,)
        The order in which companies set their prices.

    Returns
    -------
    prices : float64 array of shape (n,), not negative
    bound : float
        `dual_bound(edges, room, prices)`, the least that was seen.

    Notes
    -----
    After a few sweeps over all edges only those near their price are swept; the
    bound itself always counts every edge.

    References
    ----------
    Fisher, "The Lagrangian relaxation method for solving integer programming
    problems", Management Science 27(1), 1981. doi:10.1287/mnsc.27.1.1
    """
    prices = np.zeros(len(room))
    best, best_bound = prices.copy(), dual_bound(edges, room, prices)
    _sweep(Adjacency.of(edges, len(room)), order, room, prices, _FULL_SWEEPS)
    for _ in range(_LOOKS):
        near = np.flatnonzero(edges.reduced(prices) > -_WIDE * mean_price(prices))
        _sweep(Adjacency.of(edges.at(near), len(room)), order, room, prices, _SWEEPS)
        bound = dual_bound(edges, room, prices)
        gain = best_bound - bound
        if gain > 0:
            best, best_bound = prices.copy(), bound
        if gain <= _PATIENCE * bound:
            break
    return best, best_bound


def dual_bound(
    edges: Edges, room: NDArray[np.int32], prices: NDArray[np.float64]
) -> float:
    """Return an upper bound on the weight of any allocation, valid for any prices.

    sum(room * price) + sum(max(0, weight - price of both ends)), which weak duality
    puts above every choice of edges that fits `room`, for all prices >= 0.
    """
    value: float = _dual(edges, room, prices)
    return value * (1 + ROUNDING)


def mean_price(prices: NDArray[np.float64]) -> float:
    """Return the mean price, the measure of what is near; 0 for no companies."""
    return float(prices.sum()) / max(1, len(prices))


@njit()
def _reduced(
    edges: Edges, prices: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    u, v, weight = edges
    for e in range(len(u)):
        out[e] = np.float64(weight[e]) - prices[u[e]] - prices[v[e]]


@njit()
def _fill(
    edges: Edges,
    position: NDArray[np.int64],
    neighbour: NDArray[np.int32],
    weight: NDArray[np.float32],
) -> None:
    u, v, given = edges
    for e in range(len(u)):
        i, j = u[e], v[e]
        neighbour[position[i]] = j
        weight[position[i]] = given[e]
        position[i] += 1
        neighbour[position[j]] = i
        weight[position[j]] = given[e]
        position[j] += 1


@njit()
def _dual(edges: Edges, room: NDArray[np.int32], prices: NDArray[np.float64]) -> float:
    u, v, weight = edges
    total = 0.0
    for i in range(len(prices)):
        total += room[i] * prices[i]
    for e in range(len(u)):
        surplus = np.float64(weight[e]) - prices[u[e]] - prices[v[e]]
        if surplus > 0:
            total += surplus
    return total


@njit()
def _sweep(
    adjacency: Adjacency,
    order: NDArray[np.int64],
    room: NDArray[np.int32],
    prices: NDArray[np.float64],
    sweeps: int,
) -> None:
    """Set each price between the last surplus that fits and the first that does not.

    Any such value minimises the dual along this coordinate; the middle converges
    best. A company without room is priced so that no edge is worth it.
    """
    start, neighbour, weight = adjacency
    most = 0
    for i in range(len(room)):
        most = max(most, room[i])
    top = np.zeros(most + 1)  # the best `room + 1` surpluses, falling
    for _ in range(sweeps):
        for i in order:
            k = room[i]
            top[: k + 1] = 0.0
            for p in range(start[i], start[i + 1]):
                surplus = np.float64(weight[p]) - prices[neighbour[p]]
                if surplus <= top[k]:
                    continue
                t = k
                while t > 0 and top[t - 1] < surplus:
                    top[t] = top[t - 1]
                    t -= 1
                top[t] = surplus
            last = top[k - 1] if k > 0 else top[0]
            prices[i] = 0.5 * last + 0.5 * top[k]
