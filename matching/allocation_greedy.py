"""Choosing edges greedily, one after the other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.allocation_prices import Edges
from matching.kernels import njit

_BANDS = 24  # of weight, sorted one after the other


def by_value(
    value: NDArray[np.floating[Any]], edges: Edges, rank: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Sort edges by falling value, equal ones by the ranks of their ends."""
    order = np.argsort(-value, kind="stable")
    equal = np.flatnonzero(value[order[1:]] == value[order[:-1]])
    if len(equal):
        # Runs of equal values keep their places as a whole: sort within them only.
        among = np.zeros(len(order), np.bool_)
        among[equal] = among[equal + 1] = True
        places = np.flatnonzero(among)
        tied = order[places]
        ends = rank[edges.u[tied]], rank[edges.v[tied]]
        low, high = np.minimum(*ends), np.maximum(*ends)
        order[places] = tied[np.lexsort((high, low, -value[tied]))]
    return order


def greedy_by_weight(
    edges: Edges,
    room: NDArray[np.int32],
    rank: NDArray[np.int32],
    *,
    beat: float = 0.0,
) -> NDArray[np.int64] | None:
    """Take edges by falling weight while both ends have room: the plain way.

    Parameters
    ----------
    edges : Edges
    room : int32 array of shape (n,)
    rank : int32 array of shape (n,)
        Decides between edges of equal weight, by the ranks of their ends.
    beat : float
        A weight that is of interest only if exceeded.

    Returns
    -------
    int64 array or None
        The chosen edges; None as soon as they cannot weigh more than `beat`.

    Notes
    -----
    Edges are sorted in bands of weight, and only those whose ends still have room
    when their band comes: a small part of all, as the first bands fill most.

    References
    ----------
    Avis, "A survey of heuristics for the weighted matching problem", Networks
    13(4), 1983: at least half of the best. doi:10.1002/net.3230130404
    """
    left = room.copy()
    sample = np.sort(edges.weight[:: len(edges.weight) // 10_000 + 1])
    floors = np.unique(sample[:: len(sample) // _BANDS + 1])
    floors[:1] = 0.0
    above = np.nextafter(edges.weight.max(initial=0), np.float32(np.inf))
    floors = np.append(floors, above)
    chosen = [np.zeros(0, np.int64)]
    weight = 0.0
    for floor, ceiling in zip(floors[-2::-1], floors[:0:-1], strict=True):
        if weight + ceiling * left.sum() / 2 < beat:
            return None
        ids = _open_band(edges, floor, ceiling, left)
        band = edges.at(ids)
        order = by_value(band.weight, band, rank)
        taken = ids[order[greedy(band.at(order), left)]]
        weight += float(edges.weight[taken].sum(dtype=np.float64))
        chosen.append(taken)
    return np.concatenate(chosen)


@njit()
def _open_band(
    edges: Edges, floor: float, ceiling: float, left: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return edges of positive weight in [floor, ceiling) whose ends have room."""
    u, v, weight = edges
    ids = np.empty(len(u), np.int64)
    size = 0
    for e in range(len(u)):
        w = np.float64(weight[e])
        if floor <= w < ceiling and w > 0 and left[u[e]] > 0 and left[v[e]] > 0:
            ids[size] = e
            size += 1
    return ids[:size].copy()


@njit()
def greedy(edges: Edges, left: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Take edges as they come while both ends have room, which is used up."""
    u, v, _ = edges
    chosen = np.zeros(len(u), np.bool_)
    for e in range(len(u)):
        i, j = u[e], v[e]
        if left[i] > 0 and left[j] > 0:
            left[i] -= 1
            left[j] -= 1
            chosen[e] = True
    return chosen
