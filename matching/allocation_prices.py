"""Prices: what one more introduction of a company is worth, and the bound they give."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.kernels import njit

# Summing millions of numbers in float64 errs by less, so the bound stays a bound.
ROUNDING = 1e-12

_FULL_SWEEPS = 6  # over all edges; by then most edges are far too dear to matter
_SWEEPS = (20, 200)  # over the rest: more where they are few
_WORK = 8e6  # edges to sweep in all
_EXTRA = 2  # edges beyond its room that a company may need to find its price
_TINY = 1e-12
_DEAR = 8.0  # times the best weight: nobody is paid more to be met
_GUESS = 0.9  # of a price: below it, surpluses rarely count in the next sweep
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
        return self.weight.astype(np.float64) - (prices[self.u] + prices[self.v])


class Demand(NamedTuple):
    """Per company: how many edges it can take, and whether it must get one.

    A company without room is promised nothing.
    """

    room: NDArray[np.int32]
    promised: NDArray[np.bool_]

    def at(self, ids: NDArray[np.int64]) -> "Demand":
        """Return the demand of some companies, in the order of `ids`."""
        return Demand(self.room[ids], self.promised[ids])


class Adjacency(NamedTuple):
    """The edges of each company: entries start[i] to start[i + 1] are those of i.

    Entry p has its neighbour at `neighbour[2 * p]` and its weight at
    `weight[2 * p]`: views of one buffer, as they are always written and read together.
    """

    start: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    weight: NDArray[np.float32]

    @classmethod
    def of(cls, edges: Edges, n: int) -> "Adjacency":
        """Collect the edges of `n` companies; 8 B per edge and end."""
        start = starts(edges, n)
        buffer = np.empty(2 * start[-1] + 1, np.int32)
        adjacency = cls(start, buffer, buffer.view(np.float32)[1:])
        _fill(edges, start[:-1].copy(), adjacency)
        return adjacency


def starts(edges: Edges, n: int) -> NDArray[np.int64]:
    """Return where each company's edges begin when listed company by company."""
    degree = np.bincount(edges.u, minlength=n) + np.bincount(edges.v, minlength=n)
    start = np.zeros(n + 1, np.int64)
    np.cumsum(degree, out=start[1:])
    return start


def find_prices(
    edges: Edges,
    adjacency: Adjacency,
    demand: Demand,
    order: NDArray[np.int64],
) -> tuple[NDArray[np.float64], float]:
    """Minimise the Lagrangian dual by coordinate descent.

    Parameters
    ----------
    edges : Edges
    adjacency : Adjacency
        Of all edges.
    demand : Demand
        How many edges each company can take, and who must get one.
    order : int64 array of shape (n,)
        The order in which companies set their prices.

    Returns
    -------
    prices : float64 array of shape (n,)
        Negative where a company that must get an edge is worth an extra payment.
    bound : float
        `dual_bound(edges, demand, prices)`, the least that was seen.

    Notes
    -----
    After a few sweeps over all edges only those that are `worthwhile` are swept; the
    bound itself always counts every edge.

    References
    ----------
    Fisher, "The Lagrangian relaxation method for solving integer programming
    problems", Management Science 27(1), 1981. doi:10.1287/mnsc.27.1.1
    """
    prices = np.zeros(len(demand.room))
    sweep(adjacency, order, demand, prices, _FULL_SWEEPS)
    swept = prices.copy()
    some = edges.at(worthwhile(edges, adjacency, demand, swept, _WIDE))
    # Falling surplus: a sweep then finds the best of a company first.
    some = some.at(np.argsort(-some.reduced(swept), kind="stable"))
    sweeps = int(np.clip(_WORK / max(1, len(some.u)), *_SWEEPS))
    sweep(Adjacency.of(some, len(prices)), order, demand, swept, sweeps)
    return cheaper(edges, demand, prices, swept)


def cheaper(
    edges: Edges,
    demand: Demand,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Return the prices with the lower bound, and that bound."""
    bounds = [dual_bound(edges, demand, prices) for prices in (first, second)]
    return (second, bounds[1]) if bounds[1] < bounds[0] else (first, bounds[0])


def worthwhile(
    edges: Edges,
    adjacency: Adjacency,
    demand: Demand,
    prices: NDArray[np.float64],
    share: float,
    *,
    owners: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Return the edges that could be chosen, or set a price, at about these prices.

    For at least one end they are among its best `room + 2`, or not further below its
    price than `share` of the mean price. Their weight is positive.

    Parameters
    ----------
    owners : boolean array of shape (n,), optional
        Only these companies are asked which edges they want.
    """
    mean = float(np.sort(np.maximum(prices, 0)).sum()) / max(1, len(prices))
    slack = share * max(_TINY, mean)
    level = np.empty(len(prices))
    _levels(adjacency, demand, prices, slack, level)
    if owners is not None:
        level[~owners] = np.inf
    return _above(edges, prices, level)


def dual_bound(edges: Edges, demand: Demand, prices: NDArray[np.float64]) -> float:
    """Return an upper bound on the weight of any allocation, valid for any prices.

    sum(room * price, or 1 * price where it is negative) + sum(max(0, weight - price
    of both ends)), which weak duality puts above every choice of edges that meets
    `demand`, for all prices that are negative only where an edge is promised.
    """
    value: float = dual(edges, demand.room, prices)
    return value * (1 + ROUNDING)


@njit()
def _above(
    edges: Edges, prices: NDArray[np.float64], level: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the edges whose surplus reaches the level of an end."""
    u, v, weight = edges
    ids = np.empty(len(u), np.int64)
    size = 0
    for e in range(len(u)):
        i, j, w = u[e], v[e], np.float64(weight[e])
        if w > 0 and (w - prices[j] >= level[i] or w - prices[i] >= level[j]):
            ids[size] = e
            size += 1
    return ids[:size].copy()


@njit()
def _levels(
    adjacency: Adjacency,
    demand: Demand,
    prices: NDArray[np.float64],
    slack: float,
    level: NDArray[np.float64],
) -> None:
    """Write the surplus from which on an edge may matter to a company."""
    start, neighbour, weight = adjacency
    room, promised = demand
    most = 0
    for i in range(len(room)):
        most = max(most, room[i])
    top = np.zeros(most + _EXTRA)
    for i in range(len(room)):
        k = room[i] + _EXTRA - 1
        # What is promised is taken at a loss, if it must be.
        top[: k + 1] = -np.inf if promised[i] else 0.0
        for p in range(start[i], start[i + 1]):
            surplus = np.float64(weight[2 * p]) - prices[neighbour[2 * p]]
            if surplus > top[k]:
                t = k
                while t > 0 and top[t - 1] < surplus:
                    top[t] = top[t - 1]
                    t -= 1
                top[t] = surplus
        level[i] = min(top[k], prices[i] - slack)


@njit()
def _fill(edges: Edges, position: NDArray[np.int64], adjacency: Adjacency) -> None:
    u, v, given = edges
    _, neighbour, weight = adjacency
    for e in range(len(u)):
        i, j = u[e], v[e]
        p, q = 2 * position[i], 2 * position[j]
        neighbour[p], weight[p] = j, given[e]
        neighbour[q], weight[q] = i, given[e]
        position[i] += 1
        position[j] += 1


@njit()
def dual(edges: Edges, room: NDArray[np.int32], prices: NDArray[np.float64]) -> float:
    u, v, weight = edges
    total = 0.0
    for i in range(len(prices)):
        total += (room[i] if prices[i] > 0 else 1) * prices[i]
    for e in range(len(u)):
        surplus = np.float64(weight[e]) - (prices[u[e]] + prices[v[e]])
        if surplus > 0 and weight[e] > 0:
            total += surplus
    return total


@njit()
def sweep(
    adjacency: Adjacency,
    order: NDArray[np.int64],
    demand: Demand,
    prices: NDArray[np.float64],
    sweeps: int,
) -> None:
    """Set each price between the last surplus that fits and the first that does not.

    Any such value minimises the dual along this coordinate; the middle converges
    best. A company without room is priced so that no edge is worth it; one that must
    get an edge and finds none worth it, so that exactly the best one is.
    """
    start, neighbour, weight = adjacency
    room, promised = demand
    most, longest = 0, 0
    lowest = 0.0
    for i in range(len(room)):
        most = max(most, room[i])
        longest = max(longest, start[i + 1] - start[i])
        for p in range(start[i], start[i + 1]):
            lowest = min(lowest, -_DEAR * np.float64(weight[2 * p]))
    top = np.zeros(most + 1)  # the best `room + 1` surpluses, falling
    surplus = np.zeros(longest)
    for _ in range(sweeps):
        for i in order:
            begin, degree, k = start[i], start[i + 1] - start[i], room[i]
            for p in range(degree):
                at = np.uint64(2 * (begin + p))
                w = np.float64(weight[at])
                surplus[p] = w - prices[np.uint32(neighbour[at])]
                if w <= 0:
                    surplus[p] = -np.inf
            # The last price tells what need not be looked at; if too little is
            # left above it, the second pass looks at everything.
            for least in (_GUESS * prices[i], 0.0):
                top[: k + 1] = least
                for z in surplus[:degree]:
                    if z <= top[k]:
                        continue
                    t = k
                    while t > 0 and top[t - 1] < z:
                        top[t] = top[t - 1]
                        t -= 1
                    top[t] = z
                if top[k] > least:
                    break
            last = top[k - 1] if k > 0 else top[0]
            prices[i] = 0.5 * last + 0.5 * top[k]
            if promised[i] and top[0] <= 0 and degree > 0:
                prices[i] = max(lowest, _between_best(surplus[:degree]))


@njit()
def _between_best(surplus: NDArray[np.float64]) -> float:
    """Return the middle between the best and the second best of some surpluses."""
    best, second = -np.inf, -np.inf
    for z in surplus:
        if z > best:
            best, second = z, best
        elif z > second:
            second = z
    return best if second == -np.inf else 0.5 * best + 0.5 * second
