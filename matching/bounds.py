"""What a tile of offerings can be worth to a need at most.

A tile's largest weights and its region's best factor bound all its offerings. Bounds
are floating point and a little too large rather than too small: they decide what is
computed in whole numbers, never what comes out.
"""

import numpy as np

from matching.columns import FACTOR, FAR_KM, NATIONAL, ONSITE, STATE, Rules, records
from matching.kernels import Array, Record, Records, Whole, njit
from matching.region import EARTH_KM, LEAST_EDGE_KM, UNKNOWN, km_between, own_factor

# How far a listing reaches, as a line of falling factors: from `start` km on, one
# kilometre more for each 1 / `slope` that is lost, until `lost` is; then to `end`.
REACH = np.dtype(
    [
        ("start", np.float32),
        ("slope", np.float32),
        ("lost", np.float32),
        ("end", np.float32),
    ]
)


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


def reaches(traits: Records, rules: Rules) -> Records:
    """Describe how the factors of listings fall with distance, for `too_far`.

    Returns
    -------
    record array of REACH
        What is state-wide ends nowhere.
    """
    radius = traits.radius.astype(np.float32)
    edge = np.maximum(radius, LEAST_EDGE_KM)
    onsite = traits.reach == ONSITE
    least = np.where(traits.reach == NATIONAL, rules.national, rules.remote)
    lost = np.where(onsite, FACTOR - rules.edge, FACTOR - least) / FACTOR
    lost[traits.reach == STATE] = 0
    # Two kilometres more, for whole kilometres and single precision.
    return records(
        REACH,
        start=np.where(onsite, radius, 0) + 2,
        slope=np.where(onsite, edge, FAR_KM) / np.maximum(lost, 1 / FACTOR),
        lost=lost,
        end=np.where(onsite, radius + edge, np.inf) + 2,
    )


@njit()
def _end(reach: Record, loss: Whole) -> Whole:
    """Return the kilometres after which a reach has lost more."""
    return reach.start + loss * reach.slope if loss < reach.lost else reach.end


@njit()
def too_far(
    one: Record, other: Record, ours: Record, theirs: Record, loss: Whole
) -> bool:
    """Return whether the distance of two listings takes more than `loss`.

    Parameters
    ----------
    one, other : records of LISTING
    ours, theirs : records of REACH, of the same
    loss : float32, at least 0
    """
    if not (one.placed and other.placed):
        return False
    km = min(_end(ours, loss), _end(theirs, loss))
    dx, dy, dz = one.x - other.x, one.y - other.y, one.z - other.z
    # The chord is shorter than the way.
    return bool((dx * dx + dy * dy + dz * dz) * (EARTH_KM * EARTH_KM) > km * km)
