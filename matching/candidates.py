"""Needs and offerings -> the best offerings of each need, region inside retrieval.

The order is topic cosine * weight (region, help, freshness): a first stage that finds
exactly the best by that product, among those that may meet at all. Sorting by topic
and filtering by region afterwards would lose most of them in a large register.

For each block of offerings and each topic the largest weight is known; the product of
a need with these, times the best factor that the block's region allows, bounds every
score in the block. The most promising blocks are opened first; the others only if
their bound reaches the list.

References
----------
Mallia, Suel and Tonellotto, "Faster learned sparse retrieval with block-max
pruning", SIGIR 2024. doi:10.1145/3626772.3657906
"""

from typing import NamedTuple

import numpy as np

from matching.blocks import COARSE, WIDTH, Blocks, Index, build
from matching.columns import (
    BITS,
    COSINE,
    FACTOR,
    ONSITE,
    STATE,
    Array,
    Columns,
    Rules,
    Side,
    Whole,
    as_matrix,
)
from matching.kernels import njit
from matching.region import UNKNOWN, km_between, own_factor
from matching.scoring import Longs, matchable, may_match, weight, weights

__all__ = ["LAST", "Index", "Scratch", "build", "scratch", "search", "search_plainly"]

LAST = np.int64(0xFFFFFFFF)
SHIFT = np.int64(32)
BUFFER = 512
CLASSES = 256  # of bounds, to open the best blocks first
FIRST = 4  # times the blocks that the list would fill are opened at once


class Scratch(NamedTuple):
    """Working memory of one block of needs."""

    bound: Array  # int32 (n_blocks,)
    factor: Array  # int32 (n_regions,)
    key: Array  # int64
    sums: Array  # int32 (WIDTH,)
    tally: Array  # int32 (CLASSES + 1,)


def scratch(index: Index, limit: int) -> Scratch:
    """Return working memory for searches of up to `limit` offerings."""
    return Scratch(
        bound=np.zeros(max(len(one.start) for one in index), np.int32),
        factor=np.zeros(max(len(one.spread) for one in index), np.int32),
        key=np.zeros(max(BUFFER, 4 * limit) + WIDTH, np.int64),
        sums=np.zeros(WIDTH, np.int32),
        tally=np.zeros(CLASSES + 1, np.int32),
    )


@njit()
def search(
    columns: Columns, index: Index, need: Whole, limit: Whole, mem: Scratch
) -> Whole:
    """Find the best offerings of one need.

    Parameters
    ----------
    columns : columns.Columns
    index : Index
        Of the same market.
    need : int
    limit : int, at least 1
    mem : Scratch
        Of `scratch(index, limit)`; afterwards `mem.key` begins with the keys found,
        from high to low: product in steps of 1 / COSINE above, and below it what is
        left of LAST after the offering's number, so that ties go to the first.

    Returns
    -------
    int
        How many were found, at most `limit`.
    """
    reach = columns.needs.reach[need]
    if reach in (ONSITE, STATE):
        return _search(columns, index.near, need, limit, mem)
    return _search(columns, index.wide, need, limit, mem)


@njit()
def _search(
    columns: Columns, blocks: Blocks, need: Whole, limit: Whole, mem: Scratch
) -> Whole:
    n_regions, n_blocks = len(blocks.spread), len(blocks.start)
    factor, bound = mem.factor[:n_regions], mem.bound[:n_blocks]
    _limits(columns.needs, need, blocks, columns.borders, columns.rules, factor)
    _bounds(columns.needs, need, blocks, factor, bound)
    cut = _cut(bound, mem.tally, FIRST * (limit // WIDTH + 1))
    n, least = 0, np.int64(0)
    for first in (True, False):
        for r in range(n_regions):
            if factor[r] == 0:
                continue
            for block in range(blocks.first[r], blocks.first[r + 1]):
                high = bound[block]
                if (high >= cut) != first or high == 0 or high < least >> SHIFT:
                    continue
                n = _open(columns, blocks, need, block, factor[r], least, mem, n)
                if n > len(mem.key) - WIDTH:
                    n, least = _shrink(mem.key, n, limit)
        n, least = _shrink(mem.key, n, limit)
    found = mem.key[:n]
    found[:] = -np.sort(-found)
    return n


@njit(inline="always")
def _limits(
    needs: Side,
    need: Whole,
    blocks: Blocks,
    borders: Array,
    rules: Rules,
    factor: Array,
) -> None:
    """Fill in the best factor that each region can have for a need."""
    reach, radius = needs.reach[need], needs.radius[need]
    x, y, z = needs.x[need], needs.y[need], needs.z[need]
    for r in range(len(factor)):
        km = np.int64(-1)
        if needs.placed[need] and blocks.placed[r]:
            far = km_between(x, y, z, blocks.x[r], blocks.y[r], blocks.z[r])
            km = max(np.int64(0), np.int64(far) - blocks.spread[r] - 2)
        best = np.int32(FACTOR)
        if reach == STATE:
            best = np.int32(
                _best_relation(needs.state[need], blocks.states[r], borders, rules)
            )
        elif km >= 0:
            best = np.int32(own_factor(reach, radius, km, UNKNOWN, rules))
        if blocks.radius[r] >= 0:
            other = own_factor(ONSITE, blocks.radius[r], km, UNKNOWN, rules)
            best = min(best, np.int32(other))
        factor[r] = best


@njit()
def _best_relation(own: Whole, states: Whole, borders: Array, rules: Rules) -> Whole:
    """Return the best factor that a state-wide need has in any of some states."""
    if own < 0 or (states >> np.uint32(31)) != 0:
        return rules.relation[UNKNOWN]
    best = np.int32(0)
    for other in range(len(borders)):
        if (states >> np.uint32(other)) & np.uint32(1):
            best = max(best, rules.relation[borders[own, other]])
    return best


@njit(inline="always")
def _bounds(
    needs: Side, need: Whole, blocks: Blocks, factor: Array, bound: Array
) -> None:
    """Fill in the most that any offering of a block can score; 0 where none can."""
    topics = needs.topics
    begin, end = topics.start[need], topics.start[need + 1]
    r = 0
    while r < len(factor):
        first = r
        while r < len(factor) and factor[r] != 0:
            r += 1
        if r > first:  # regions in a row, in which something can be found
            a, b = blocks.first[first], blocks.first[r]
            run = bound[a:b]
            run[:] = 0
            for p in range(begin, end):
                most = blocks.most[topics.column[p]]
                _add_bytes(run, most[a:b], np.int32(topics.weight[p]))
            for one in range(first, r):
                part = bound[blocks.first[one] : blocks.first[one + 1]]
                _times(part, np.int64(factor[one]))
        if r < len(factor):
            bound[blocks.first[r] : blocks.first[r + 1]] = 0
            r += 1


@njit()
def _add_bytes(sums: Array, values: Array, times: Whole) -> None:
    for x in range(len(sums)):
        sums[x] += times * np.int32(values[x])


@njit()
def _times(bound: Array, factor: Whole) -> None:
    """Turn sums into bounds of products."""
    for x in range(len(bound)):
        bound[x] = np.int32((np.int64(bound[x]) * COARSE * factor) >> BITS)


@njit()
def _cut(bound: Array, tally: Array, wanted: Whole) -> Whole:
    """Return a bound that about `wanted` blocks reach."""
    largest = np.int32(1)
    for x in range(len(bound)):
        largest = max(largest, bound[x])
    shift = 0
    while largest >> shift >= CLASSES:
        shift += 1
    tally[:] = 0
    for x in range(len(bound)):
        tally[bound[x] >> shift] += 1
    share, total = CLASSES, 0
    while share > 1 and total + tally[share] < wanted:
        total += tally[share]
        share -= 1
    return np.int32(share << shift)


@njit()
def _add(sums: Array, values: Array, times: Whole) -> None:
    for x in range(len(sums)):
        sums[x] += times * values[x]


@njit(inline="always")
def _open(
    columns: Columns,
    blocks: Blocks,
    need: Whole,
    block: Whole,
    factor: Whole,
    least: Whole,
    mem: Scratch,
    n: Whole,
) -> Whole:
    """Append the keys of a block's offerings that beat `least`; return how many now."""
    needs, topics, sums = columns.needs, columns.needs.topics, mem.sums
    sums[:] = 0
    place, start = blocks.place[block], blocks.start[block]
    for p in range(topics.start[need], topics.start[need + 1]):
        at = place[topics.column[p]]
        if at != 0:
            _add(sums, blocks.column[start + at], np.int32(topics.weight[p]))
    # The least cosine that can still beat the list, were all else perfect.
    cut = ((least >> SHIFT) << BITS) // factor
    for x in range(WIDTH):
        topic = np.int64(sums[x])
        if topic < cut or topic == 0:
            continue
        slot = block * WIDTH + x
        times = weight(needs, need, blocks.traits, slot, columns.borders, columns.rules)
        product = (min(topic, np.int64(COSINE)) * times) >> BITS
        offering = np.int64(blocks.offering[slot])
        key = (product << SHIFT) | (LAST - offering)
        if product > 0 and key > least and may_match(columns, need, offering):
            mem.key[n] = key
            n += 1
    return n


@njit()
def _shrink(key: Array, n: Whole, limit: Whole) -> tuple[Whole, Whole]:
    """Keep the best `limit` keys; return how many there are and what beats them."""
    if n < limit:
        return n, np.int64(0)
    _keep_best(key, n, limit)
    return limit, key[:limit].min()


@njit()
def _keep_best(key: Array, n: Whole, limit: Whole) -> None:
    """Move the `limit` largest of key[:n] to the front, in no order (quickselect)."""
    low, high = 0, n - 1
    while low < high:
        pivot = key[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while key[i] > pivot:
                i += 1
            while key[j] < pivot:
                j -= 1
            if i <= j:
                key[i], key[j] = key[j], key[i]
                i += 1
                j -= 1
        if limit - 1 <= j:
            high = j
        elif limit - 1 >= i:
            low = i
        else:
            break


def search_plainly(
    columns: Columns, needs: Longs, limit: int, n_topics: int
) -> list[Longs]:
    """Return what `search` finds for each need, by products of sparse matrices.

    The definition written down: every offering is scored. Serves where numba is
    missing, and as the oracle in tests.
    """
    topics = as_matrix(columns.offerings.topics, n_topics)
    asked = as_matrix(columns.needs.topics, n_topics)[needs]
    cosines = np.minimum((asked @ topics.T).toarray(), COSINE)
    found = []
    for need, cosine in zip(needs, cosines, strict=True):
        offering = np.flatnonzero(cosine)
        product = cosine[offering] * weights(columns, int(need), offering) >> BITS
        may = (product > 0) & matchable(columns, int(need), offering)
        key = (product[may] << 32) | (LAST - offering[may])
        best: Longs = -np.sort(-key)[:limit]
        found.append(best)
    return found
