"""Rings: A helps B, B helps C, C helps A. Nobody owes anybody."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from matching.explain import Explainer
from matching.kernels import njit
from matching.pairs import Pairs
from matching.settings import Settings
from matching.types import Band, Match

RINGS_PER_COMPANY = 2
_LOOKED_AT = 10  # strongest rings looked at, per ring proposed


@dataclass(frozen=True, slots=True)
class Rings:
    """Three-way help.

    Row r of `members` is a ring: member 0 helps 1, who helps 2, who helps 0; member 0
    has the smallest number. `strength` is that of the weakest help. `count` counts all
    rings, unless `complete` is False: then there are more.
    """

    count: int
    complete: bool
    members: NDArray[np.int32]
    strength: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ring:
    """Three companies that help round: helps[i] goes to the giver of helps[i + 1]."""

    helps: tuple[Match, Match, Match]
    strength: float  # of the weakest help, in [0, 1]
    band: Band


def propose(
    explainer: Explainer, pairs: Pairs, settings: Settings, *, limit: int = 20
) -> tuple[Rings, list[Ring]]:
    """Count the rings of a round's graph and explain the strongest.

    Parameters
    ----------
    explainer : Explainer
        Of the market that the pairs are from.
    pairs : Pairs
        In order of (a, b).
    settings : Settings
        For the bands. All help counts that the round knows: that above its floor.
    limit : int, at least 1
        Most rings returned.

    Returns
    -------
    Rings
        As counted; `members` and `strength` of more rings than are explained.
    list of Ring
        The strongest first. A company is in `RINGS_PER_COMPANY` at most: otherwise
        one good offering would fill the list.
    """
    helped, helping = (pairs.score > 0).T
    found = rings(
        np.concatenate([pairs.b[helped], pairs.a[helping]]),
        np.concatenate([pairs.a[helped], pairs.b[helping]]),
        np.concatenate([pairs.score[helped, 0], pairs.score[helping, 1]]),
        len(explainer.market.companies),
        listed=_LOOKED_AT * limit,
    )
    rows = _spread(found.members.tolist(), limit)
    edges = [edge for a, b, c in rows for edge in ((a, b), (b, c), (c, a))]
    places = [_place(pairs, giver, taker) for giver, taker in edges]
    at = tuple(np.array(places, np.int64).reshape(-1, 2).T)
    told = [one.match for one in explainer.explain(pairs.need[at], pairs.offering[at])]
    return found, [
        _ring((told[n], told[n + 1], told[n + 2]), settings)
        for n in range(0, len(told), 3)
    ]


def as_json(ring: Ring) -> dict[str, Any]:
    """Return a ring as it stands in a manifest; docs/distribution.md has the form."""
    return {
        "strength": ring.strength,
        "band": ring.band,
        "helps": [
            {
                "from": one.giver,
                "to": one.taker,
                "need": one.need,
                "offering": one.offering,
                "score": one.score,
                "reasons": [
                    {"code": reason.code, "values": reason.values}
                    for reason in one.reasons
                ],
            }
            for one in ring.helps
        ],
    }


def rings(
    giver: NDArray[np.int32],
    taker: NDArray[np.int32],
    score: NDArray[np.integer],
    n: int,
    *,
    listed: int = 20,
    limit: int = 10_000_000,
) -> Rings:
    """Count the rings of a help graph and list the strongest.

    Parameters
    ----------
    giver, taker : int32 arrays of shape (m,)
        Directed edges; each at most once, none from a company to itself.
    score : integer array of shape (m,), above 0
    n : int
        Companies.
    listed : int, at least 1
        Most rings listed.
    limit : int
        Counting ends there; the strongest are exact all the same, as from then on
        only edges are followed that a stronger ring could have.

    Returns
    -------
    Rings
        Falling strength; equal ones by the numbers of their members.

    Notes
    -----
    Visits, for each company, the companies it helps and those they help: the sum of
    (helps received) x (helps given) over all companies, at most.

    References
    ----------
    Latapy, "Main-memory triangle computations for very large (sparse (power-law))
    graphs", Theoretical Computer Science 407, 2008. doi:10.1016/j.tcs.2008.07.017
    """
    # Twice the transpose: two counting sorts, where sorting by two keys takes ten times
    # as long. Edges go when they are sorted: half a gigabyte at 300,000 companies.
    by_giver = sp.coo_array((score, (giver, taker)), shape=(n, n)).tocsr()
    del score, giver, taker
    back = by_giver.tocsc()
    del by_giver
    out = back.tocsr()
    members = np.zeros((listed, 3), np.int32)
    strength = np.zeros(listed, np.int64)
    count = _find(
        (out.indptr.astype(np.int64), out.indices, out.data),
        (back.indptr.astype(np.int64), back.indices, back.data),
        members,
        strength,
        limit,
    )
    kept = np.flatnonzero(strength > 0)
    a, b, c = members[kept].T
    kept = kept[np.lexsort((c, b, a, -strength[kept]))]
    return Rings(min(count, limit), count <= limit, members[kept], strength[kept])


def _spread(found: list[list[int]], limit: int) -> Iterator[list[int]]:
    """Yield the strongest rings, none with a company that is in enough already."""
    times: Counter[int] = Counter()
    yielded = 0
    for members in found:
        if yielded < limit and all(times[one] < RINGS_PER_COMPANY for one in members):
            times.update(members)
            yielded += 1
            yield members


def _place(pairs: Pairs, giver: int, taker: int) -> tuple[int, int]:
    """Return the number of a pair and the side of it that is this help."""
    a, b = min(giver, taker), max(giver, taker)
    # Of their own type, or all pairs would be converted to another.
    first, last = np.searchsorted(pairs.a, np.array([a, a + 1], pairs.a.dtype))
    return int(first + np.searchsorted(pairs.b[first:last], b)), int(giver == a)


def _ring(helps: tuple[Match, Match, Match], settings: Settings) -> Ring:
    strength = min(one.score for one in helps)
    word: Band = "good" if strength >= settings.good else "possible"
    return Ring(helps, strength, "strong" if strength >= settings.strong else word)


@njit()
def _find(
    out: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.integer]],
    into: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.integer]],
    members: NDArray[np.int32],
    strength: NDArray[np.int64],
    limit: int,
) -> int:
    """Count rings a -> b -> c -> a with a the smallest, keeping the strongest."""
    start, target, value = out
    back_start, source, back_value = into
    n = len(start) - 1
    closing = np.zeros(n, value.dtype)  # score of the help from c to a
    beyond = start[:-1].copy()  # whom each company helps: the first that is above a
    count = 0
    weakest = 0  # place of the weakest ring kept
    for a in range(n):
        for p in range(back_start[a], back_start[a + 1]):
            closing[source[p]] = back_value[p]
        for p in range(start[a], start[a + 1]):
            b = target[p]
            if b < a or (count > limit and value[p] <= strength[weakest]):
                continue
            end = start[b + 1]
            while beyond[b] < end and target[beyond[b]] <= a:
                beyond[b] += 1
            for q in range(np.uint64(beyond[b]), np.uint64(end)):
                c = np.uint32(target[q])
                if closing[c] == 0:
                    continue
                count += 1
                least = min(value[p], value[q], closing[c])
                if least > strength[weakest]:
                    members[weakest, 0] = a
                    members[weakest, 1] = b
                    members[weakest, 2] = c
                    strength[weakest] = least
                    weakest = int(np.argmin(strength))
        for p in range(back_start[a], back_start[a + 1]):
            closing[source[p]] = 0
    return count
