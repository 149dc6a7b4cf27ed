"""Polishing prices: subgradient steps, where coordinate descent rests in a corner."""

import numpy as np
from numpy.typing import NDArray

from matching.allocation_prices import Adjacency, Demand, Edges, cheaper, dual, sweep
from matching.kernels import njit

_POLISH_STEPS = (12, 600)
_POLISH_WORK = 3e7  # edges to look at while polishing
_LAST_SWEEPS = 6
_MOMENTUM = 0.9
_IDLE = 12  # steps without progress, after which less is hoped for
_PROGRESS = 0.05  # of the hope
_FINE = 1e-7  # of the bound: hopes below are fulfilled


def polish(
    edges: Edges,
    demand: Demand,
    prices: NDArray[np.float64],
    welfare: float,
) -> tuple[NDArray[np.float64], float]:
    """Lower the bound further, knowing a welfare that can be reached.

    Coordinate descent can rest in a corner from which only moving several prices
    together leads on: in small markets above all. Subgradient steps do, and their
    length follows from the distance between bound and welfare.

    Returns prices and bound, never worse than those given, as `find_prices`.

    References
    ----------
    Polyak, "Minimization of unsmooth functionals", USSR Computational Mathematics
    and Mathematical Physics 9(3), 1969. doi:10.1016/0041-5553(69)90061-5
    """
    steps = int(np.clip(_POLISH_WORK / max(1, len(edges.u)), *_POLISH_STEPS))
    best = prices.copy()
    _descend(edges, demand, best, welfare, steps)
    swept, order = best.copy(), np.arange(len(best))
    sweep(Adjacency.of(edges, len(best)), order, demand, swept, _LAST_SWEEPS)
    return cheaper(edges, demand, best, swept)


@njit()
def _descend(
    edges: Edges,
    demand: Demand,
    best: NDArray[np.float64],
    welfare: float,
    steps: int,
) -> None:
    """Improve the prices in `best` by steps that aim `hope` below the least bound.

    The hope is the distance to the welfare at first, and is halved when steps bring
    nothing: the least bound that exists lies somewhere between the two.
    """
    prices, n = best.copy(), len(best)
    room, promised = demand
    least = dual(edges, room, best)
    hope = least - welfare
    direction, slope = np.zeros(n), np.zeros(n)
    idle = 0
    for _ in range(steps):
        value = _dual_slope(edges, room, prices, slope)
        idle += 1
        if value < least - _PROGRESS * hope:
            idle = 0
        if value < least:
            least = value
            best[:] = prices
        if idle >= _IDLE:
            hope *= 0.5
            idle = 0
            prices[:] = best
            direction[:] = 0.0
            continue
        length = 0.0
        for i in range(n):
            if prices[i] == 0 and slope[i] > 0:
                # Downwards the price counts once at most, or cannot go.
                less = slope[i] - room[i] + 1.0
                slope[i] = max(0.0, less) if promised[i] else 0.0
            direction[i] = _MOMENTUM * direction[i] + slope[i]
            length += direction[i] * direction[i]
        if length == 0 or hope <= _FINE * least:
            break
        step = (value - least + hope) / length
        for i in range(n):
            prices[i] -= step * direction[i]
            if not promised[i]:
                prices[i] = max(0.0, prices[i])


@njit()
def _dual_slope(
    edges: Edges,
    room: NDArray[np.int32],
    prices: NDArray[np.float64],
    slope: NDArray[np.float64],
) -> float:
    """Return the dual and write its subgradient: room beyond the edges worth it."""
    u, v, weight = edges
    value = 0.0
    for i in range(len(prices)):
        units = room[i] if prices[i] >= 0 else 1
        value += units * prices[i]
        slope[i] = units
    for e in range(len(u)):
        surplus = np.float64(weight[e]) - (prices[u[e]] + prices[v[e]])
        if surplus > 0 and weight[e] > 0:
            value += surplus
            slope[u[e]] -= 1.0
            slope[v[e]] -= 1.0
    return value
