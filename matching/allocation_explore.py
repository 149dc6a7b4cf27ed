"""Exploration: some slots go to random pairs, with known probability.

What people answer to pairs that the model would not have chosen is the only way
to learn where the model is wrong. For that, the probability with which each pair
was drawn must be known exactly: then weighting answers by its inverse is unbiased.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matching.kernels import njit

SHARE = 0.1  # one slot in ten
PROMISE_ROUNDS = 4  # within which every company that can be shown is shown

_MOST_LIKELY = 0.5  # a pair drawn more often than that would not be explored
_SCALINGS = 12
_CHUNK = 65_536  # edges whose coins are thrown at once, so that they stay in cache


@dataclass(frozen=True, slots=True)
class Exploration:
    """Drawn edges (rising numbers) and the probability with which each was drawn."""

    edge: NDArray[np.int32]
    propensity: NDArray[np.float64]


def must_cover(
    rounds_since_shown: ArrayLike, open_offering: ArrayLike
) -> NDArray[np.bool_]:
    """Return the companies that the exposure promise wants in this round.

    Parameters
    ----------
    rounds_since_shown : integer array of shape (n,)
        Rounds that ended since the company was last in a suggestion (or joined).
    open_offering : boolean array of shape (n,)

    Returns
    -------
    boolean array of shape (n,)
        True where this is the last of `PROMISE_ROUNDS` rounds.
    """
    waited = np.asarray(rounds_since_shown) >= PROMISE_ROUNDS - 1
    promised: NDArray[np.bool_] = waited & np.asarray(open_offering, np.bool_)
    return promised


def explore(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    keys: NDArray[np.uint64],
    capacity: ArrayLike,
    *,
    fixed: ArrayLike = (),
    eligible: ArrayLike | None = None,
    share: float = SHARE,
    seed: int = 0,
) -> Exploration:
    """Draw the pairs that explore, before the model chooses the others.

    Every eligible edge throws a coin of its own. The coins' chances are such that
    a company is expected to explore `share` of its free slots, spread over its
    edges as evenly as the partners' slots allow. Where more coins fall than a
    company has slots, all its coins are void.

    Parameters
    ----------
    u, v : int32 arrays of shape (m,)
        Ends of the edges, companies 0 to n - 1.
    keys : uint64 array of shape (n,)
        `company_keys` of the companies' ids.
    capacity : integer array of shape (n,)
    fixed : integers, optional
        Pinned edges: they take slots and are not drawn.
    eligible : boolean array of shape (m,), optional
        Which edges may be drawn (above the floor); all without it.
    share : float in [0, 1)
    seed : int
        Another round, another seed.

    Returns
    -------
    Exploration
        The same for any order of edges, threads or machine, as coins hang on the
        ids and the seed alone. The propensity is exact: chance of the edge's own
        coin times the chance that neither end's other coins fill its slots.

    Notes
    -----
    Coins are independent between edges and two companies share one edge at most,
    so the three events behind a drawn edge are independent, and their chances
    multiply. A coin's chance is at most 1/2.

    References
    ----------
    Horvitz and Thompson, "A generalization of sampling without replacement from a
    finite universe", JASA 47(260), 1952. doi:10.1080/01621459.1952.10483446
    """
    room = np.array(capacity, np.int64)
    may = np.ones(len(u), np.bool_) if eligible is None else np.array(eligible, bool)
    kept = np.asarray(fixed, np.int64)
    may[kept] = False
    room -= np.bincount(u[kept], minlength=len(room))
    room -= np.bincount(v[kept], minlength=len(room))
    room = np.maximum(room, 0)
    open_ = room > 0
    may &= open_[u]
    may &= open_[v]
    if share <= 0 or not may.any():
        return Exploration(np.zeros(0, np.int32), np.zeros(0))

    scale = _scales(u, v, may, np.float64(share) * room)
    fallen = _fallen(u, v, may, scale, keys, seed)
    load = np.bincount(u[fallen], minlength=len(room))
    load += np.bincount(v[fallen], minlength=len(room))
    fits = load <= room
    drawn = fallen[fits[u[fallen]] & fits[v[fallen]]]
    return Exploration(
        edge=drawn.astype(np.int32),
        propensity=_propensities(u, v, may, scale, drawn, room),
    )


def _chances(
    scale: NDArray[np.float64], a: NDArray[np.int32], b: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return the chance of the coin of each edge from a[i] to b[i]."""
    chance: NDArray[np.float64] = np.minimum(scale[a] * scale[b], _MOST_LIKELY)
    return chance


def _fallen(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    may: NDArray[np.bool_],
    scale: NDArray[np.float64],
    keys: NDArray[np.uint64],
    seed: int,
) -> NDArray[np.int64]:
    """Return the edges whose coins fall, rising."""
    salt = np.uint64(int.from_bytes(hashlib.blake2b(b"%d" % seed).digest()[:8]))
    found = []
    for begin in range(0, len(may), _CHUNK):
        ids = begin + np.flatnonzero(may[begin : begin + _CHUNK])
        a, b = u[ids], v[ids]
        found.append(ids[_coins(keys[a], keys[b], salt) < _chances(scale, a, b)])
    return np.concatenate(found)


def _coins(
    a: NDArray[np.uint64], b: NDArray[np.uint64], salt: np.uint64
) -> NDArray[np.float64]:
    """Return a number in [0, 1) per edge: a hash of the salt and both ends' keys."""
    mixed = _split_mix(_split_mix(np.minimum(a, b) ^ salt) ^ np.maximum(a, b))
    coins: NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64)
    return coins * 2.0**-53


def _split_mix(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter 64 bits over 64 bits (Steele, Lea and Flood, OOPSLA 2014)."""
    word = word + np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def _propensities(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    may: NDArray[np.bool_],
    scale: NDArray[np.float64],
    drawn: NDArray[np.int64],
    room: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the chance with which each of the edges was drawn."""
    touched = np.zeros(len(room), np.bool_)
    touched[u[drawn]] = touched[v[drawn]] = True
    beside = np.flatnonzero(may & (touched[u] | touched[v]))
    ends = u[beside], v[beside]
    chance, own = _chances(scale, *ends), np.searchsorted(beside, drawn)
    owner = np.concatenate(ends)
    start = np.zeros(len(room) + 1, np.int64)
    np.cumsum(np.bincount(owner, minlength=len(room)), out=start[1:])
    edge = np.empty(len(owner), np.int64)
    _by_owner(owner, start[:-1].copy(), edge)
    propensity = chance[own]
    for end in (u, v):
        propensity *= _fits_beside(end[drawn], own, start, edge, chance, room)
    return propensity


@njit()
def _by_owner(
    owner: NDArray[np.int32], free: NDArray[np.int64], edge: NDArray[np.int64]
) -> None:
    """Write the edges by company; `owner` has all first ends, then all second ones."""
    n = len(owner) // 2
    for p in range(len(owner)):
        edge[free[owner[p]]] = p % n
        free[owner[p]] += 1


@njit()
def _fits_beside(
    company: NDArray[np.int32],
    own: NDArray[np.int64],
    start: NDArray[np.int64],
    edge: NDArray[np.int64],
    chance: NDArray[np.float64],
    room: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the chance that a company's other coins leave room for its own one.

    The number of coins that fall is Poisson-binomial; its distribution below the
    room is built up edge by edge.
    """
    result = np.empty(len(company))
    for t in range(len(company)):
        i = company[t]
        few = np.zeros(room[i])  # chance that 0, 1, …, room - 1 others fall
        few[0] = 1.0
        for p in range(start[i], start[i + 1]):
            if edge[p] == own[t]:
                continue
            c = chance[edge[p]]
            for count in range(room[i] - 1, 0, -1):
                few[count] += c * (few[count - 1] - few[count])
            few[0] *= 1.0 - c
        total = 0.0
        for part in few:
            total += part
        result[t] = total
    return result


def _scales(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    may: NDArray[np.bool_],
    wanted: NDArray[np.floating[Any]],
) -> NDArray[np.float64]:
    """Find x with sum of x_i * x_j over the edges of i near `wanted_i`.

    Knight and Ruiz, "A fast algorithm for matrix balancing", IMA Journal of
    Numerical Analysis 33(3), 2013, in its simplest, damped form.
    """
    degree = _neighbour_sums(u, v, may, np.ones(len(wanted)))
    scale: NDArray[np.float64] = np.sqrt(wanted / np.maximum(degree, 1))
    for _ in range(_SCALINGS):
        found = scale * _neighbour_sums(u, v, may, scale)
        scale *= np.sqrt(wanted / np.maximum(found, 1e-12))
    return scale


@njit()
def _neighbour_sums(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    may: NDArray[np.bool_],
    value: NDArray[np.float64],
) -> NDArray[np.float64]:
    total = np.zeros(len(value))
    for e in range(len(u)):
        if may[e]:
            total[u[e]] += value[v[e]]
            total[v[e]] += value[u[e]]
    return total
