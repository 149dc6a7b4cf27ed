"""Places -> distances -> region factors, in whole numbers.

Both sides have a reach, and the stricter one decides. Within its reach the factor is
1, or nearly; beyond it falls; on-site help beyond twice its radius is excluded (0).
Who has no place, or no state, is not held back for it: the factor is 1.
"""

import numpy as np
import numpy.typing as npt

from matching.columns import (
    FACTOR,
    FAR_KM,
    NATIONAL,
    ONSITE,
    REMOTE,
    STATE,
    Array,
    Rules,
    Side,
    Traits,
    Whole,
)
from matching.kernels import njit

EARTH_KM = 6371.0088
LEAST_EDGE_KM = 20  # on-site help ends no sooner than this beyond its radius
UNKNOWN = 3  # relation of two states of which one is unknown


def points(lat: Array, lon: Array) -> npt.NDArray[np.float64]:
    """Return points on the unit sphere; NaN coordinates give the origin.

    Parameters
    ----------
    lat, lon : float arrays of shape (n,), degrees

    Returns
    -------
    float64 array of shape (n, 3)
    """
    phi, lam = np.radians(lat), np.radians(lon)
    xyz = np.stack(
        [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1
    )
    known: npt.NDArray[np.float64] = np.nan_to_num(xyz, nan=0.0)
    return known


def far_factors(national: int, remote: int) -> npt.NDArray[np.int32]:
    """Return the factor of each reach by distance in km, for those it is flat for.

    Falls in a straight line from 1 to the given factor at FAR_KM.
    """
    km = np.arange(FAR_KM + 1)
    far = np.full((4, FAR_KM + 1), FACTOR, np.int32)
    for reach, least in ((NATIONAL, national), (REMOTE, remote)):
        far[reach] = FACTOR - (FACTOR - least) * km // FAR_KM
    return far


def arc_km(chord: Array) -> Array:
    """Return whole kilometres along the surface, for chords of the unit sphere.

    The series of the arcsine, as the arcsine of one machine need not be that of
    another to the last bit; half a kilometre off at 5,000 km.
    """
    u = chord * chord
    km: Array = EARTH_KM * chord * (1.0 + u / 24.0 + 3.0 * u * u / 640.0)
    return km.astype(np.int64)


@njit(inline="always")
def _arc(chord: Whole) -> Whole:
    u = chord * chord
    return np.int64(EARTH_KM * chord * (1.0 + u / 24.0 + 3.0 * u * u / 640.0))


@njit(inline="always")
def km_between(
    ax: Whole, ay: Whole, az: Whole, bx: Whole, by: Whole, bz: Whole
) -> Whole:
    """Return the great-circle distance of two points in whole kilometres."""
    dx = ax - bx
    dy = ay - by
    dz = az - bz
    return _arc(np.sqrt(dx * dx + dy * dy + dz * dz))


@njit(inline="always")
def own_factor(
    reach: Whole, radius: Whole, km: Whole, relation: Whole, rules: Rules
) -> Whole:
    """Return the factor that one side's reach allows, in steps of 1 / FACTOR.

    Parameters
    ----------
    reach : ONSITE, STATE, NATIONAL or REMOTE
    radius : km, of on-site help
    km : distance, or -1 when a place is unknown
    relation : 0 same state, 1 bordering, 2 other, UNKNOWN
    rules : columns.Rules
    """
    factor: Whole = np.int32(FACTOR)
    if reach == STATE:
        factor = rules.relation[relation]
    elif km < 0:
        pass
    elif reach == ONSITE:
        beyond = km - radius
        edge = max(radius, LEAST_EDGE_KM)
        if beyond > edge:
            factor = np.int32(0)
        elif beyond > 0:
            factor = np.int32(FACTOR - (FACTOR - rules.edge) * beyond // edge)
    else:
        factor = rules.far[reach, min(km, FAR_KM)]
    return factor


@njit(inline="always")
def distance(one: Side | Traits, i: Whole, many: Side | Traits, j: Whole) -> Whole:
    """Return the kilometres between two listings' companies, -1 when unknown."""
    km = np.int64(-1)
    if one.placed[i] and many.placed[j]:
        km = km_between(one.x[i], one.y[i], one.z[i], many.x[j], many.y[j], many.z[j])
    return km


@njit(inline="always")
def related(state: Whole, other: Whole, borders: Array) -> Whole:
    """Return the relation of two states."""
    relation = np.int64(UNKNOWN)
    if state >= 0 and other >= 0:
        relation = np.int64(borders[state, other])
    return relation


@njit(inline="always")
def region_factor(
    one: Side | Traits,
    i: Whole,
    many: Side | Traits,
    j: Whole,
    borders: Array,
    rules: Rules,
) -> Whole:
    """Return the factor of a need and an offering: the stricter reach decides."""
    km = distance(one, i, many, j)
    relation = related(one.state[i], many.state[j], borders)
    ours = own_factor(one.reach[i], one.radius[i], km, relation, rules)
    theirs = own_factor(many.reach[j], many.radius[j], km, relation, rules)
    return min(ours, theirs)


def region_factors(
    one: Side, i: int, many: Side, j: Array, borders: Array, rules: Rules
) -> npt.NDArray[np.int64]:
    """Return `region_factor` of one need and many offerings, without a kernel."""
    dx, dy, dz = one.x[i] - many.x[j], one.y[i] - many.y[j], one.z[i] - many.z[j]
    # The same sum in the same order as the kernel's.
    km = arc_km(np.sqrt(dx * dx + dy * dy + dz * dz))
    km = np.where(many.placed[j] & one.placed[i], km, -1)
    known = (many.state[j] >= 0) & (one.state[i] >= 0)
    relation = np.where(known, borders[one.state[i], many.state[j]], UNKNOWN)
    n = len(km)
    ours = _own_factors(
        np.full(n, one.reach[i]), np.full(n, one.radius[i]), km, relation, rules
    )
    theirs = _own_factors(many.reach[j], many.radius[j], km, relation, rules)
    return np.minimum(ours, theirs)


def _own_factors(
    reach: Array, radius: Array, km: Array, relation: Array, rules: Rules
) -> npt.NDArray[np.int64]:
    edge = np.maximum(radius, LEAST_EDGE_KM)
    beyond = np.maximum(km - radius, 0)
    fallen = FACTOR - (FACTOR - rules.edge) * beyond // edge
    onsite = np.where(beyond > edge, 0, fallen)
    wide = rules.far[reach, np.clip(km, 0, FAR_KM)]
    by_distance = np.where(km < 0, FACTOR, np.where(reach == ONSITE, onsite, wide))
    factors = np.where(reach == STATE, rules.relation[relation], by_distance)
    return factors.astype(np.int64)
