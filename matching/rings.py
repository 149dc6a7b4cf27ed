"""Rings: A helps B, B helps C, C helps A. Nobody owes anybody."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.kernels import njit


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
    order = np.lexsort((taker, giver))
    start = np.searchsorted(giver[order], np.arange(n + 1)).astype(np.int64)
    target, value = taker[order], score[order].astype(np.int64)
    back = np.lexsort((giver, taker))
    back_start = np.searchsorted(taker[back], np.arange(n + 1)).astype(np.int64)
    members = np.zeros((listed, 3), np.int32)
    strength = np.zeros(listed, np.int64)
    count = _find(
        (start, target, value),
        (back_start, giver[back], score[back].astype(np.int64)),
        members,
        strength,
        limit,
    )
    kept = np.flatnonzero(strength > 0)
    a, b, c = members[kept].T
    kept = kept[np.lexsort((c, b, a, -strength[kept]))]
    return Rings(min(count, limit), count <= limit, members[kept], strength[kept])


@njit()
def _find(
    out: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]],
    into: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]],
    members: NDArray[np.int32],
    strength: NDArray[np.int64],
    limit: int,
) -> int:
    """Count rings a -> b -> c -> a with a the smallest, keeping the strongest."""
    start, target, value = out
    back_start, source, back_value = into
    n = len(start) - 1
    closing = np.zeros(n, np.int64)  # score of the help from c to a
    count = 0
    weakest = 0  # place of the weakest ring kept
    for a in range(n):
        for p in range(back_start[a], back_start[a + 1]):
            closing[source[p]] = back_value[p]
        for p in range(start[a], start[a + 1]):
            b = target[p]
            if b < a or (count > limit and value[p] <= strength[weakest]):
                continue
            for q in range(start[b], start[b + 1]):
                c = target[q]
                if c < a or closing[c] == 0:
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
