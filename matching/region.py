"""Places -> distances -> region factors, in whole numbers.

Both sides have a reach, and the stricter one decides. Within its reach the factor is
1, or nearly; beyond it falls; on-site help beyond twice its radius is excluded (0).
Who has no place, or no state, is not held back for it: the factor is 1.
"""

import numpy as np
import numpy.typing as npt

from matching.columns import FACTOR, ONSITE, REMOTE, STATE, Array, Columns, Rules, Whole
from matching.kernels import njit

EARTH_KM = 6371.0088
FAR_KM = 600  # from there on national reach has its least factor
LEAST_EDGE_KM = 20  # on-site help ends no sooner than this beyond its radius
UNKNOWN = 3  # relation of two states of which one is unknown

# Kilometres along the surface, for kilometres through the earth. A table, because the
# arcsine of one machine need not be that of another to the last bit.
_CHORDS = np.arange(0, 2 * int(EARTH_KM) + 2)
ARC_KM = np.rint(
    2 * EARTH_KM * np.arcsin(np.minimum(_CHORDS / (2 * EARTH_KM), 1))
).astype(np.int32)


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


@njit()
def km_between(a: Array, b: Array) -> Whole:
    """Return the great-circle distance of two points in whole kilometres."""
    dx = a[0] - b[0]
    dy = a[1] - b[1]
    dz = a[2] - b[2]
    return ARC_KM[int(np.sqrt(dx * dx + dy * dy + dz * dz) * EARTH_KM)]


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
        return rules.relation[relation]
    if km < 0:
        return FACTOR
    if reach == ONSITE:
        beyond = km - radius
        if beyond <= 0:
            return FACTOR
        edge = max(radius, LEAST_EDGE_KM)
        if beyond > edge:
            return 0
        return FACTOR - (FACTOR - rules.edge) * beyond // edge
    far = rules.remote_far if reach == REMOTE else rules.national_far
    return FACTOR - (FACTOR - far) * min(km, FAR_KM) // FAR_KM


@njit()
def region_factor(columns: Columns, need: Whole, offering: Whole) -> Whole:
    """Return the factor of a need and an offering: the stricter reach decides."""
    firms = columns.firms
    a = columns.needs.company[need]
    b = columns.offerings.company[offering]
    km: Whole = -1
    if firms.placed[a] and firms.placed[b]:
        km = km_between(firms.place[a], firms.place[b])
    relation: Whole = UNKNOWN
    if firms.state[a] >= 0 and firms.state[b] >= 0:
        relation = columns.borders[firms.state[a], firms.state[b]]
    needs, offerings, rules = columns.needs, columns.offerings, columns.rules
    return min(
        own_factor(needs.reach[need], needs.radius[need], km, relation, rules),
        own_factor(
            offerings.reach[offering], offerings.radius[offering], km, relation, rules
        ),
    )


def kilometres(place: Array, one: Array) -> npt.NDArray[np.int32]:
    """Return `km_between` of many points and one, without a compiled loop."""
    d = place - one
    # The same sum in the same order as the kernel's.
    squares = d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1] + d[:, 2] * d[:, 2]
    km: npt.NDArray[np.int32] = ARC_KM[(np.sqrt(squares) * EARTH_KM).astype(np.int64)]
    return km


def region_factors(
    columns: Columns, need: int, offerings: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return `region_factor` of one need and many offerings."""
    firms, rules = columns.firms, columns.rules
    a, b = columns.needs.company[need], columns.offerings.company[offerings]
    known = firms.placed[b] & firms.placed[a]
    km = np.where(known, kilometres(firms.place[b], firms.place[a]), -1)
    relation = np.where(
        (firms.state[b] >= 0) & (firms.state[a] >= 0),
        columns.borders[firms.state[a], firms.state[b]],
        UNKNOWN,
    )
    one, many = columns.needs, columns.offerings
    ours = _own_factors(
        np.full(len(b), one.reach[need]), one.radius[need], km, relation, rules
    )
    theirs = _own_factors(
        many.reach[offerings], many.radius[offerings], km, relation, rules
    )
    return np.minimum(ours, theirs)


def _own_factors(
    reach: Array, radius: Array, km: Array, relation: Array, rules: Rules
) -> npt.NDArray[np.int64]:
    edge = np.maximum(radius, LEAST_EDGE_KM)
    beyond = km - radius
    onsite = np.where(
        beyond <= 0,
        FACTOR,
        np.where(beyond > edge, 0, FACTOR - (FACTOR - rules.edge) * beyond // edge),
    )
    far = np.where(reach == REMOTE, rules.remote_far, rules.national_far)
    wide = FACTOR - (FACTOR - far) * np.minimum(km, FAR_KM) // FAR_KM
    by_distance = np.where(km < 0, FACTOR, np.where(reach == ONSITE, onsite, wide))
    factors = np.where(reach == STATE, rules.relation[relation], by_distance)
    return factors.astype(np.int64)
