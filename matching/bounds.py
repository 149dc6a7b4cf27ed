"""What a tile, and a single offering in it, can be worth to a need at most.

A tile's largest weights bound all its offerings. Its heaviest columns, multiplied, and
the lengths of the rest, multiplied group by group (Cauchy and Schwarz), bound each
single one. Bounds are floating point and a little too large rather than too small:
they decide what is computed in whole numbers, never what comes out.

References
----------
Teflioudi and Gemulla, "Exact and approximate maximum inner product search with LEMP",
ACM Transactions on Database Systems 42(1), 2016. doi:10.1145/2996452
"""

import numpy as np

from matching.columns import (
    FACTOR,
    ONSITE,
    STATE,
    Array,
    Record,
    Records,
    Rules,
    Whole,
)
from matching.kernels import njit
from matching.region import UNKNOWN, km_between, own_factor
from matching.tiles import TILE

PART = 32  # bounds looked at together
TOO_LITTLE = 1e-4  # more than rounding can take from a bound


@njit()
def best_factors(
    traits: Records, regions: Records, borders: Array, rules: Rules
) -> Array:
    """Return the best factor that each region can have for each need."""
    factor = np.zeros((len(regions), len(traits)), np.int32)
    for r in range(len(regions)):
        for i in range(len(traits)):
            factor[r, i] = _factor(traits[i], regions[r], borders, rules)
    return factor


@njit()
def _factor(one: Record, region: Record, borders: Array, rules: Rules) -> Whole:
    km = np.int64(-1)
    if one.placed and region.placed:
        far = km_between(one.x, one.y, one.z, region.x, region.y, region.z)
        km = max(np.int64(0), far - region.spread - 2)
    by_state = np.int64(FACTOR)
    if one.reach == STATE or region.statewide:
        by_state = _best_relation(one.state, region.states, borders, rules)
    ours = by_state
    if one.reach != STATE:
        ours = own_factor(one.reach, np.int64(one.radius), km, UNKNOWN, rules)
    if region.statewide:
        return min(ours, by_state)
    if region.radius >= 0:
        theirs = own_factor(
            np.int8(ONSITE), np.int64(region.radius), km, UNKNOWN, rules
        )
        return min(ours, theirs)
    return ours


@njit()
def _best_relation(own: Whole, states: Whole, borders: Array, rules: Rules) -> Whole:
    """Return the best factor that something state-wide has in any of some states."""
    if own < 0 or (states >> np.uint32(31)) != 0:
        return np.int64(FACTOR)
    best = np.int64(0)
    for other in range(len(borders)):
        if (states >> np.uint32(other)) & np.uint32(1):
            relation = np.int64(borders[own, other])
            there = own_factor(np.int8(STATE), 0, np.int64(-1), relation, rules)
            best = max(best, there)
    return best


@njit()
def write_sketches(
    weight: Array, square: Array, column: Array, group: Array, out: Array
) -> None:
    """Write the sketches of all needs, as a tile's offerings have them."""
    n_columns, n = len(column), weight.shape[1]
    out[n_columns:] = square
    for k in range(n_columns):
        values, rest = weight[column[k]], out[n_columns + group[column[k]]]
        for i in range(n):
            out[k, i] = values[i]
            rest[i] -= values[i] * values[i]
    for g in range(n_columns, len(out)):
        for i in range(n):
            out[g, i] = np.sqrt(max(out[g, i], np.float32(0)))


@njit()
def tile_bounds(
    weight: Array, most: Array, first: Array, factor: Array
) -> tuple[Array, Array]:
    """Return the most that any offering of a tile can have with a need.

    Returns
    -------
    bound : float32 array of shape (n_tiles, n_needs)
    region : int64 array of shape (n_tiles,)
    """
    n = weight.shape[1]
    bound = np.zeros((len(most), n), np.float32)
    region = np.zeros(len(most), np.int64)
    r = 0
    while r < len(factor):
        begin = r
        while r < len(factor) and factor[r].max() > 0:
            r += 1
        if r > begin:  # regions in a row, in which something can be found
            a, b = first[begin], first[r]
            np.dot(most[a:b], weight, bound[a:b])
        for one in range(begin, r):
            for tile in range(first[one], first[one + 1]):
                region[tile] = one
                for i in range(n):
                    bound[tile, i] *= np.float32(factor[one, i]) / np.float32(FACTOR)
        r += 1
    return bound, region


@njit()
def above(values: Array, cut: Whole, hits: Array) -> Whole:
    """Note where values lie above a cut; return how many do."""
    n = 0
    for begin in range(0, TILE, PART):
        some = np.int32(0)
        for x in range(begin, begin + PART):
            some |= np.int32(values[x] > cut)
        if some:
            for x in range(begin, begin + PART):
                hits[n] = x
                n += values[x] > cut
    return n
