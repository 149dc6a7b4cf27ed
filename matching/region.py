"""Places -> distances -> region factors, in whole numbers.

Both sides have a reach, and the stricter one decides. Within its reach the factor is
1, or nearly; beyond it falls; on-site help beyond twice its radius is excluded (0).
Who has no place, or no state, is not held back for it: the factor is 1.
"""

import numpy as np
import numpy.typing as npt

from matching.columns import FACTOR, FAR_KM, NATIONAL, ONSITE, STATE, Rules
from matching.kernels import Array, Record, Records, Whole, njit

EARTH_KM = 6371.0088
LEAST_EDGE_KM = 20  # on-site help ends no sooner than this beyond its radius
SAME, BORDERING, OTHER, UNKNOWN = range(4)  # relations of two states


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


def arc_km(chord: Array) -> Array:
    """Return whole kilometres along the surface, for chords of the unit sphere.

    The series of the arcsine, as the arcsine of one machine need not be that of
    another to the last bit; half a kilometre off at 5,000 km.
    """
    u = chord * chord
    km: Array = EARTH_KM * chord * (1.0 + u / 24.0 + 3.0 * u * u / 640.0)
    return km.astype(np.int64)


@njit()
def km_between(
    ax: Whole, ay: Whole, az: Whole, bx: Whole, by: Whole, bz: Whole
) -> Whole:
    """Return the great-circle distance of two points in whole kilometres."""
    dx, dy, dz = ax - bx, ay - by, az - bz
    chord = np.sqrt(dx * dx + dy * dy + dz * dz)
    u = chord * chord
    return np.int64(EARTH_KM * chord * (1.0 + u / 24.0 + 3.0 * u * u / 640.0))


@njit()
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
    if reach == STATE:
        if relation == BORDERING:
            return np.int64(rules.bordering)
        return np.int64(rules.elsewhere if relation == OTHER else FACTOR)
    if km < 0:
        return np.int64(FACTOR)
    if reach == ONSITE:
        beyond = km - radius
        edge = max(radius, LEAST_EDGE_KM)
        if beyond > edge:
            return np.int64(0)
        lost = np.int64(FACTOR - rules.edge) * max(beyond, 0) // edge
        return np.int64(FACTOR) - lost
    # From 1 in a straight line to the given factor at FAR_KM.
    least = rules.national if reach == NATIONAL else rules.remote
    return np.int64(FACTOR) - (FACTOR - least) * min(km, FAR_KM) // FAR_KM


@njit(inline="always")
def distance(one: Record, other: Record) -> Whole:
    """Return the kilometres between two listings' companies, -1 when unknown."""
    if one.placed and other.placed:
        return km_between(one.x, one.y, one.z, other.x, other.y, other.z)
    return np.int64(-1)


@njit(inline="always")
def related(state: Whole, other: Whole, borders: Array) -> Whole:
    """Return the relation of two states."""
    if state >= 0 and other >= 0:
        return np.int64(borders[state, other])
    return np.int64(UNKNOWN)


@njit(inline="always")
def region_factor(one: Record, other: Record, borders: Array, rules: Rules) -> Whole:
    """Return the factor of a need and an offering: the stricter reach decides."""
    km = distance(one, other)
    relation = related(one.state, other.state, borders)
    ours = own_factor(one.reach, np.int64(one.radius), km, relation, rules)
    theirs = own_factor(other.reach, np.int64(other.radius), km, relation, rules)
    return min(ours, theirs)


def region_factors(
    one: Record, many: Records, borders: Array, rules: Rules
) -> npt.NDArray[np.int64]:
    """Return `region_factor` of one need and many offerings, without a kernel."""
    dx, dy, dz = one.x - many.x, one.y - many.y, one.z - many.z
    # The same sum in the same order as the kernel's.
    km = arc_km(np.sqrt(dx * dx + dy * dy + dz * dz))
    km = np.where(many.placed & one.placed, km, -1)
    known = (many.state >= 0) & (one.state >= 0)
    relation = np.where(known, borders[one.state, many.state], UNKNOWN)
    n = len(km)
    ours = _own_factors(
        np.full(n, one.reach), np.full(n, one.radius), km, relation, rules
    )
    theirs = _own_factors(many.reach, many.radius, km, relation, rules)
    return np.minimum(ours, theirs)


def _own_factors(
    reach: Array, radius: Array, km: Array, relation: Array, rules: Rules
) -> npt.NDArray[np.int64]:
    radius = radius.astype(np.int64)
    edge = np.maximum(radius, LEAST_EDGE_KM)
    beyond = np.maximum(km - radius, 0)
    fallen = FACTOR - (FACTOR - rules.edge) * beyond // edge
    onsite = np.where(beyond > edge, 0, fallen)
    least = np.where(reach == NATIONAL, rules.national, rules.remote)
    wide = FACTOR - (FACTOR - least) * np.clip(km, 0, FAR_KM) // FAR_KM
    by_distance = np.where(km < 0, FACTOR, np.where(reach == ONSITE, onsite, wide))
    by_relation = np.array([FACTOR, rules.bordering, rules.elsewhere, FACTOR])
    factors = np.where(reach == STATE, by_relation[relation], by_distance)
    return factors.astype(np.int64)
