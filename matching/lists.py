"""Lists of the best offerings of needs, while they are being found.

How good an offering must be to reach a list is known at once, not only after sorting:
a tally by score says from which level on there are already enough.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.columns import COSINE
from matching.kernels import Array, Whole, keep_best, njit

LAST = np.int64(0xFFFFFFFF)
SHIFT = np.int64(32)
LEVELS = 256  # of scores
STEP = np.int64(COSINE // LEVELS)  # between two of them
TOO_LITTLE = 1e-4  # more than rounding can take from a bound

Longs = npt.NDArray[np.int64]


class Lists(NamedTuple):
    """The best offerings of needs so far, as keys.

    A key is the product in steps of 1 / COSINE above, and below it what is left of
    LAST after the offering's number, so that ties go to the first.
    """

    key: Array  # int64 (n, room)
    n: Longs  # (n,): how many keys there are
    tally: Array  # int32 (n, LEVELS + 1): how many there were at each level
    level: Longs  # (n,): what is below cannot reach the list
    above: Longs  # (n,): how many keys there were at that level or above
    cut: Array  # float32 (n,): the product of that level, a little less


def empty(n: int, limit: int) -> Lists:
    """Return lists of `n` needs, for `limit` offerings each."""
    return Lists(
        np.empty((n, 4 * limit), np.int64),
        np.zeros(n, np.int64),
        np.zeros((n, LEVELS + 1), np.int32),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.float32),
    )


@njit(inline="always")
def insert(
    key: Array,
    n: Longs,
    tally: Array,
    level: Longs,
    above: Longs,
    cut: Array,
    i: Whole,
    product: Whole,
    offering: Whole,
    rising: Whole,
    limit: Whole,
) -> None:
    """Add an offering to the list of need `i`, unless it cannot reach it.

    The arrays are those of `Lists`.

    rising : from so many on, the level rises
    limit : so many are kept
    """
    here = product // STEP
    if here < level[i]:
        return
    key[i, n[i]] = (product << SHIFT) | (LAST - np.int64(offering))
    n[i] += 1
    tally[i, here] += 1
    above[i] += 1
    old = level[i]
    while above[i] - tally[i, level[i]] >= rising:
        above[i] -= tally[i, level[i]]
        level[i] += 1
    if level[i] > old:
        cut[i] = max(level[i] / LEVELS - TOO_LITTLE, 0.0)
    if n[i] == key.shape[1]:
        keep_best(key[i], n[i], limit)
        n[i] = limit


@njit()
def forget(lists: Lists, which: Array) -> None:
    """Empty the lists of some needs."""
    for i in np.flatnonzero(which):
        lists.n[i] = lists.level[i] = lists.above[i] = 0
        lists.tally[i] = 0
        lists.cut[i] = 0


@njit()
def finish(lists: Lists, limit: Whole) -> None:
    """Keep the best `limit` keys of each list, in no order."""
    for i in range(len(lists.n)):
        if lists.n[i] > limit:
            keep_best(lists.key[i], lists.n[i], limit)
            lists.n[i] = limit
