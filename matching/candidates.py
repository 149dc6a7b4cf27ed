"""Needs and offerings -> the best offerings of each need, region inside retrieval.

The order is topic cosine * weight (region, help, freshness): a first stage that finds
exactly the best by that product, among those that may meet at all. Sorting by topic
and filtering by region afterwards would lose most of them in a large register.

Offerings are kept in blocks of `WIDTH`, near each other in place and alike in topic.
For each block and topic the largest weight is known; the product of a need with
these, times the best factor that the block's region allows, bounds every score in
the block. Blocks that cannot reach the list are never opened.

References
----------
Mallia, Suel and Tonellotto, "Faster learned sparse retrieval with block-max
pruning", SIGIR 2024. doi:10.1145/3626772.3657906
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.columns import (
    FACTOR,
    ONSITE,
    STATE,
    UNIT,
    Array,
    Columns,
    Rows,
    Side,
    Whole,
    as_matrix,
)
from matching.kernels import njit
from matching.region import ARC_KM, EARTH_KM, km_between, own_factor
from matching.scoring import Longs, matchable, may_match, weight, weights

WIDTH = 32  # offerings in a block: two registers of whole numbers
REGION = 2048  # offerings in a region, at most
COARSE = 16  # bounds are kept in steps of COARSE / UNIT
LAST = np.int64(0xFFFFFFFF)
BUFFER = 512
SHARES = 256  # classes of bounds, to open the best blocks first
LISTED = 8  # blocks opened per WIDTH wanted before bounds decide


class Index(NamedTuple):
    """Offerings in blocks, blocks in regions. Made by `build`."""

    slot: Array  # int32 (n_blocks * WIDTH,): offering, -1 where the block is not full
    most: Array  # uint8 (n_topics, n_blocks): largest weights, rounded up
    place: Array  # uint16 (n_blocks, n_topics): which column of the block; 0 none
    start: Array  # int64 (n_blocks,): where the block's columns stand
    column: Array  # int16: WIDTH weights per column
    first: Array  # int64 (n_regions + 1,): blocks of a region
    centre: Array  # float64 (n_regions, 3)
    spread: Array  # int32 (n_regions,): km from the centre to the farthest offering
    placed: Array  # bool (n_regions,)
    states: Array  # uint32 (n_regions,): which occur; bit 31: unknown
    radius: Array  # int32 (n_regions,): of its on-site help; -1 when all reach farther


def build(columns: Columns, n_topics: int) -> Index:
    """Arrange the offerings of active companies into blocks.

    The arrangement decides the time of a search, never its result.
    """
    firms, offerings = columns.firms, columns.offerings
    alive = np.flatnonzero(firms.active[offerings.company]).astype(np.int64)
    key = _leading_topic(offerings.topics)
    regions = _regions(offerings, columns, alive)
    order = [members[np.lexsort((members, key[members]))] for members in regions]
    slots = [_filled(members) for members in order]
    first = np.cumsum([0] + [len(slot) // WIDTH for slot in slots])
    slot = np.concatenate(slots or [np.zeros(0, np.int32)])
    most, place, start, column = _columns(offerings.topics, slot, n_topics)
    described = [_describe(members, offerings, columns) for members in order]
    return Index(
        slot=slot,
        most=most,
        place=place,
        start=start,
        column=column,
        first=first.astype(np.int64),
        centre=np.array([one[0] for one in described], np.float64).reshape(-1, 3),
        spread=np.array([one[1] for one in described], np.int32),
        placed=np.array([one[2] for one in described], np.bool_),
        states=np.array([one[3] for one in described], np.uint32),
        radius=np.array([one[4] for one in described], np.int32),
    )


def _leading_topic(topics: Rows) -> Longs:
    """Return the heaviest column of each row and the next, as one number."""
    n = len(topics.start) - 1
    row = np.repeat(np.arange(n), np.diff(topics.start))
    order = np.lexsort((topics.column, -topics.weight.astype(np.int32), row))
    key = np.zeros(n, np.int64)
    filled = np.diff(topics.start)
    for rank in range(3):
        has = filled > rank
        at = order[topics.start[:-1][has] + rank]
        key *= 1024
        key[has] += topics.column[at].astype(np.int64) + 1
    return key


def _regions(offerings: Side, columns: Columns, alive: Longs) -> list[Longs]:
    """Split offerings by reach, then halve them along the widest axis."""
    firms = columns.firms
    near = offerings.reach[alive] == ONSITE
    placed = firms.placed[offerings.company[alive]]
    found: list[Longs] = []
    for group in (alive[near & placed], alive[~near & placed], alive[~placed]):
        waiting = [group] if len(group) else []
        while waiting:
            members = waiting.pop()
            points = firms.place[offerings.company[members]]
            widths = points.max(axis=0) - points.min(axis=0)
            if len(members) <= REGION or not widths.any():
                found.append(members)
                continue
            along = points[:, int(np.argmax(widths))]
            order = np.argsort(along, kind="stable")
            half = len(order) // 2
            waiting += [members[order[:half]], members[order[half:]]]
    return found


def _filled(members: Longs) -> npt.NDArray[np.int32]:
    n = -(-len(members) // WIDTH) * WIDTH
    slot = np.full(n, -1, np.int32)
    slot[: len(members)] = members
    return slot


def _describe(
    members: Longs, offerings: Side, columns: Columns
) -> tuple[Array, int, bool, int, int]:
    firms = columns.firms
    company = offerings.company[members]
    points = firms.place[company]
    centre = points.mean(axis=0)
    length = np.sqrt((centre * centre).sum())
    centre = centre / length if length > 0 else centre
    d = np.sqrt(((points - centre) ** 2).sum(axis=1).max())
    # Two kilometres more, for what rounding to whole kilometres takes away.
    spread = int(ARC_KM[int(d * EARTH_KM)]) + 2
    states = 0
    for state in np.unique(firms.state[company]):
        states |= 1 << (int(state) if state >= 0 else 31)
    onsite = bool((offerings.reach[members] == ONSITE).all())
    radius = int(offerings.radius[members].max()) if onsite else -1
    return centre, spread, bool(firms.placed[company].all()), states, radius


def _columns(
    topics: Rows, slot: npt.NDArray[np.int32], n_topics: int
) -> tuple[Array, Array, Array, Array]:
    """Lay out each block's weights column by column."""
    n_blocks = len(slot) // WIDTH
    taken = np.flatnonzero(slot >= 0)
    rows = slot[taken].astype(np.int64)
    counts = topics.start[rows + 1] - topics.start[rows]
    at = np.repeat(topics.start[rows] - (np.cumsum(counts) - counts), counts)
    at += np.arange(counts.sum())
    where = np.repeat(taken, counts)
    block, topic = where // WIDTH, topics.column[at].astype(np.int64)
    value = topics.weight[at]
    present = np.zeros((n_blocks, n_topics), np.bool_)
    present[block, topic] = True
    place = (np.cumsum(present, axis=1) * present).astype(np.uint16)
    sizes = present.sum(axis=1)
    start = (np.cumsum(sizes) - sizes).astype(np.int64) * WIDTH
    column = np.zeros(int(sizes.sum()) * WIDTH, np.int16)
    target = start[block] + (place[block, topic].astype(np.int64) - 1) * WIDTH
    column[target + where % WIDTH] = value
    most = np.zeros((n_topics, n_blocks), np.int16)
    np.maximum.at(most, (topic, block), value)
    coarse = (-(-most.astype(np.int32) // COARSE)).clip(max=255)
    # A weight of 1 would be 256: held down to 255 and made good in the bound.
    return coarse.astype(np.uint8), place, start, column


class Scratch(NamedTuple):
    """Working memory of one block of needs."""

    dense: Array  # int32 (n_topics,)
    bound: Array  # int32 (n_blocks,)
    factor: Array  # int32 (n_regions,)
    key: Array  # int64 (BUFFER + WIDTH,)
    sums: Array  # int32 (WIDTH,)


def scratch(index: Index, limit: int) -> Scratch:
    """Return working memory for searches of up to `limit` offerings."""
    n_topics, n_blocks = index.most.shape
    return Scratch(
        dense=np.zeros(n_topics, np.int32),
        bound=np.zeros(n_blocks, np.int32),
        factor=np.zeros(len(index.spread), np.int32),
        key=np.zeros(max(BUFFER, 4 * limit) + WIDTH, np.int64),
        sums=np.zeros(WIDTH, np.int32),
    )


@njit()
def _limits(columns: Columns, index: Index, need: Whole, factor: Array) -> None:
    """Fill in the best factor that each region can have for a need."""
    firms, needs, rules = columns.firms, columns.needs, columns.rules
    company = needs.company[need]
    reach, radius = needs.reach[need], needs.radius[need]
    for r in range(len(factor)):
        km = -1
        if firms.placed[company] and index.placed[r]:
            km = max(
                0,
                km_between(firms.place[company], index.centre[r]) - index.spread[r] - 2,
            )
        best = own_factor(ONSITE if km < 0 else reach, radius, km, 3, rules)
        if reach == STATE:
            best = _best_relation(columns, index.states[r], firms.state[company])
        if index.radius[r] >= 0:
            best = min(best, own_factor(ONSITE, index.radius[r], km, 3, rules))
        factor[r] = best


@njit()
def _best_relation(columns: Columns, states: Whole, own: Whole) -> Whole:
    if own < 0 or (states >> np.uint32(31)) != 0:
        return columns.rules.relation[3]
    best = 0
    for other in range(len(columns.borders)):
        if (states >> np.uint32(other)) & np.uint32(1):
            best = max(best, columns.rules.relation[columns.borders[own, other]])
    return best


@njit()
def _bounds(
    columns: Columns, index: Index, need: Whole, factor: Array, bound: Array
) -> None:
    """Fill in the most that any offering of a block can score; 0 where none can."""
    topics = columns.needs.topics
    begin, end = topics.start[need], topics.start[need + 1]
    for r in range(len(factor)):
        a, b = index.first[r], index.first[r + 1]
        for x in range(a, b):
            bound[x] = 0
        if factor[r] == 0:
            continue
        for p in range(begin, end):
            w = np.int32(topics.weight[p])
            most = index.most[topics.column[p]]
            for x in range(a, b):
                bound[x] += w * np.int32(most[x])
        for x in range(a, b):
            # Steps of COARSE, and one of 256 that `most` could not hold.
            full = np.int64(bound[x]) * COARSE * 256 // 255 + 1
            bound[x] = np.int32(min(full * factor[r] // FACTOR, 1 << 30))


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


@njit()
def _open(
    columns: Columns,
    index: Index,
    need: Whole,
    block: Whole,
    factor: Whole,
    least: Whole,
    mem: Scratch,
    n: Whole,
) -> Whole:
    """Append the keys of a block's offerings that beat `least`; return how many now."""
    topics, sums = columns.needs.topics, mem.sums
    for x in range(WIDTH):
        sums[x] = 0
    for p in range(topics.start[need], topics.start[need + 1]):
        place = index.place[block, topics.column[p]]
        if place == 0:
            continue
        w = np.int32(topics.weight[p])
        begin = index.start[block] + (np.int64(place) - 1) * WIDTH
        column = index.column[begin : begin + WIDTH]
        for x in range(WIDTH):
            sums[x] += w * np.int32(column[x])
    cut = ((least >> np.int64(32)) * FACTOR + factor - 1) // factor
    for x in range(WIDTH):
        if sums[x] < cut or sums[x] == 0:
            continue
        offering = index.slot[block * WIDTH + x]
        if offering < 0:
            continue
        topic = np.int64(min(sums[x], UNIT * UNIT))
        product = topic * weight(columns, need, offering) // FACTOR
        key = (product << np.int64(32)) | (LAST - np.int64(offering))
        if product > 0 and key > least and may_match(columns, need, offering):
            mem.key[n] = key
            n += 1
    return n


@njit()
def _least(mem: Scratch, n: Whole, limit: Whole) -> Whole:
    """Shrink the list to `limit` and return the key that others have to beat."""
    if n < limit:
        return np.int64(0)
    _keep_best(mem.key, n, limit)
    return mem.key[:limit].min()


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
    _limits(columns, index, need, mem.factor)
    _bounds(columns, index, need, mem.factor, mem.bound)
    cut = _cut(mem.bound, LISTED * (limit + WIDTH - 1) // WIDTH)
    n, least = 0, np.int64(0)
    for first in (True, False):
        for r in range(len(mem.factor)):
            for block in range(index.first[r], index.first[r + 1]):
                bound = mem.bound[block]
                if (bound >= cut) != first or bound <= 0:
                    continue
                if bound < (least >> np.int64(32)):
                    continue
                n = _open(columns, index, need, block, mem.factor[r], least, mem, n)
                if n > len(mem.key) - WIDTH:
                    least = _least(mem, n, limit)
                    n = min(n, limit)
        least = _least(mem, n, limit)
        n = min(n, limit)
    found = mem.key[:n]
    found[:] = -np.sort(-found)
    return n


@njit()
def _cut(bound: Array, wanted: Whole) -> Whole:
    """Return a bound that about `wanted` blocks reach."""
    largest = 1
    for x in range(len(bound)):
        largest = max(largest, bound[x])
    count = np.zeros(SHARES + 1, np.int32)
    for x in range(len(bound)):
        count[np.int64(bound[x]) * SHARES // largest] += 1
    share, total = SHARES, 0
    while share > 1 and total + count[share] < wanted:
        total += count[share]
        share -= 1
    return np.int32((np.int64(share) * largest + SHARES - 1) // SHARES)


def search_plainly(
    columns: Columns, needs: Longs, limit: int, n_topics: int
) -> list[Longs]:
    """Return what `search` finds for each need, by products of sparse matrices.

    The definition written down: every offering is scored. Serves where numba is
    missing, and as the oracle in tests.
    """
    topics = as_matrix(columns.offerings.topics, n_topics)
    asked = as_matrix(columns.needs.topics, n_topics)[needs]
    cosines = np.minimum((asked @ topics.T).toarray(), UNIT * UNIT)
    found = []
    for need, cosine in zip(needs, cosines, strict=True):
        offering = np.flatnonzero(cosine)
        product = cosine[offering] * weights(columns, int(need), offering) // FACTOR
        may = (product > 0) & matchable(columns, int(need), offering)
        key = (product[may] << 32) | (LAST - offering[may])
        best = -np.sort(-key)[:limit]
        found.append(best)
    return found
