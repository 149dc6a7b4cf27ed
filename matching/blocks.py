"""Offerings in blocks: near each other in place, alike in topic.

A search opens only blocks that can hold something good enough, so the tighter a
block, the fewer are opened. What is near differs: a need for help on site looks at a
few regions with all their topics, a need that is met from anywhere at a few topics in
all regions. There is an arrangement for each.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.columns import (
    ONSITE,
    STATE,
    Array,
    Columns,
    Rows,
    Side,
    Traits,
    Whole,
    traits,
)
from matching.kernels import njit
from matching.region import arc_km

WIDTH = 32  # offerings in a block
COARSE = 17  # largest weights are kept in steps of COARSE / UNIT: 1 fits a byte
NEAR_REGION = 512  # offerings in a region of the arrangement by place
WIDE_REGION = 4096  # on-site and state-wide offerings in the arrangement by topic
PIECE = 4096  # offerings that are arranged by topic at once
ROUNDS = 3

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


class Blocks(NamedTuple):
    """Offerings in blocks, blocks in regions. Made by `near` and `wide`."""

    offering: Array  # int32 (n_blocks * WIDTH,): -1 where the block is not full
    traits: Traits  # of the offerings in that order
    most: Array  # uint8 (n_topics, n_blocks): largest weights, rounded up
    place: Array  # uint16 (n_blocks, n_topics): which column of the block; 0 none
    start: Array  # int64 (n_blocks,): the block's first column, less 1
    column: Array  # int16 (n_columns, WIDTH): weights
    first: Array  # int64 (n_regions + 1,): blocks of a region
    x: Array  # float64 (n_regions,): centre
    y: Array
    z: Array
    spread: Array  # int32 (n_regions,): km from the centre to the farthest offering
    placed: Array  # bool (n_regions,)
    states: Array  # uint32 (n_regions,): which occur; bit 31: unknown
    radius: Array  # int32 (n_regions,): of its on-site help; -1 when some reach farther


class Index(NamedTuple):
    """Both arrangements of the offerings of active companies."""

    near: Blocks  # for needs that are met on site or within a state
    wide: Blocks  # for needs that are met from anywhere


def build(columns: Columns, n_topics: int) -> Index:
    """Arrange the offerings.

    Parameters
    ----------
    columns : Columns
    n_topics : int
        Number of columns of the topic part.

    Returns
    -------
    Index
        Decides the time of a search, never its result.
    """
    return Index(near(columns, n_topics), wide(columns, n_topics))


def near(columns: Columns, n_topics: int) -> Blocks:
    """Arrange by place first, then by topic."""
    offerings, alive = columns.offerings, _alive(columns)
    placed = offerings.placed[alive]
    regions = _halved(offerings, alive[placed], NEAR_REGION)
    regions += [alive[~placed]]
    return _blocks(columns, regions, n_topics)


def wide(columns: Columns, n_topics: int) -> Blocks:
    """Arrange what reaches far by topic alone, the rest by place first."""
    offerings, alive = columns.offerings, _alive(columns)
    bound = np.isin(offerings.reach[alive], (ONSITE, STATE)) & offerings.placed[alive]
    onsite = bound & (offerings.reach[alive] == ONSITE)
    regions = _halved(offerings, alive[onsite], WIDE_REGION)
    regions += _halved(offerings, alive[bound & ~onsite], WIDE_REGION)
    regions += [alive[~bound]]
    return _blocks(columns, regions, n_topics)


def _alive(columns: Columns) -> Longs:
    return np.flatnonzero(columns.firms.active[columns.offerings.company])


def _halved(offerings: Side, members: Longs, most: int) -> list[Longs]:
    """Halve offerings along the widest axis until no part has more than `most`."""
    found, waiting = [], [members]
    while waiting:
        part = waiting.pop()
        axes = [axis[part] for axis in (offerings.x, offerings.y, offerings.z)]
        widths = [float(np.ptp(axis)) if len(axis) else 0.0 for axis in axes]
        if len(part) <= most or not any(widths):
            found.append(part)
            continue
        order = np.argsort(axes[int(np.argmax(widths))], kind="stable")
        # Whole blocks on one side, so that few blocks are not full.
        half = len(order) // 2 // WIDTH * WIDTH
        waiting += [part[order[half:]], part[order[:half]]]
    return found


def _blocks(columns: Columns, regions: list[Longs], n_topics: int) -> Blocks:
    offerings = columns.offerings
    regions = [members for members in regions if len(members)]
    key = _leading_topics(offerings.topics)
    order = [_by_topic(offerings.topics, members, key, n_topics) for members in regions]
    slots = [_filled(members) for members in order]
    offering = np.concatenate([np.zeros(0, np.int32), *slots])
    described = [_describe(members, offerings) for members in regions]
    most, place, start, column = _columns(offerings.topics, offering, n_topics)
    first = np.cumsum([0] + [len(slot) // WIDTH for slot in slots])
    types = (
        np.float64,
        np.float64,
        np.float64,
        np.int32,
        np.bool_,
        np.uint32,
        np.int32,
    )
    return Blocks(
        offering,
        traits(offerings, np.maximum(offering, 0)),
        most,
        place,
        start,
        column,
        first.astype(np.int64),
        *(
            np.array([one[at] for one in described], dtype)
            for at, dtype in enumerate(types)
        ),
    )


def _leading_topics(topics: Rows) -> Longs:
    """Return the three heaviest columns of each row as one number."""
    n = len(topics.start) - 1
    row = np.repeat(np.arange(n), np.diff(topics.start))
    order = np.lexsort((-topics.weight.astype(np.int32), row))
    key = np.zeros(n, np.int64)
    for rank in range(3):
        has = np.diff(topics.start) > rank
        key *= 1024
        key[has] += topics.column[order[topics.start[:-1][has] + rank]].astype(int) + 1
    return key


def _by_topic(topics: Rows, members: Longs, key: Longs, n_topics: int) -> Longs:
    """Order offerings so that neighbours are alike."""
    members = members[np.argsort(key[members], kind="stable")]
    for begin in range(0, len(members), PIECE):
        _bisect(topics, members[begin : begin + PIECE], n_topics)
    return members


@njit()
def _bisect(topics: Rows, members: Longs, n_topics: Whole) -> None:
    """Order offerings in place: halve by two means, and each half again."""
    ends = np.empty((64, 2), np.int64)
    ends[0, 0], ends[0, 1] = 0, len(members)
    depth = 1
    direction = np.zeros(n_topics, np.float32)
    while depth > 0:
        depth -= 1
        begin, end = ends[depth]
        n = end - begin
        if n <= WIDTH:
            continue
        part = members[begin:end]
        half = (n + WIDTH) // (2 * WIDTH) * WIDTH
        side = np.zeros(n, np.float32)
        # The first cut is that of the order given; then each half's mean attracts.
        for _ in range(ROUNDS):
            direction[:] = 0
            for i in range(n):
                sign = np.float32(1 / half if i < half else -1 / (n - half))
                for p in range(topics.start[part[i]], topics.start[part[i] + 1]):
                    direction[topics.column[p]] += sign * topics.weight[p]
            for i in range(n):
                total = np.float32(0)
                for p in range(topics.start[part[i]], topics.start[part[i] + 1]):
                    total += topics.weight[p] * direction[topics.column[p]]
                side[i] = -total
            part[:] = part[np.argsort(side, kind="mergesort")]
        ends[depth, 0], ends[depth, 1] = begin, begin + half
        ends[depth + 1, 0], ends[depth + 1, 1] = begin + half, end
        depth += 2


def _filled(members: Longs) -> Ints:
    slot = np.full(-(-len(members) // WIDTH) * WIDTH, -1, np.int32)
    slot[: len(members)] = members
    return slot


def _describe(
    members: Longs, offerings: Side
) -> tuple[float, float, float, int, bool, int, int]:
    """Return centre, spread, whether placed, states and radius of a region."""
    points = np.stack(
        [offerings.x[members], offerings.y[members], offerings.z[members]], axis=1
    )
    centre = points.mean(axis=0)
    length = np.sqrt((centre * centre).sum())
    centre = centre / length if length > 0 else centre
    chord = np.sqrt(((points - centre) ** 2).sum(axis=1).max())
    # Two kilometres more, for what rounding to whole kilometres takes away.
    spread = int(arc_km(chord)) + 2
    states = 0
    for state in np.unique(offerings.state[members]):
        states |= 1 << (int(state) if state >= 0 else 31)
    onsite = bool((offerings.reach[members] == ONSITE).all())
    radius = int(offerings.radius[members].max()) if onsite else -1
    placed = bool(offerings.placed[members].all())
    return (*centre.tolist(), spread, placed, states, radius)


def _columns(
    topics: Rows, offering: Ints, n_topics: int
) -> tuple[Array, Array, Array, Array]:
    """Lay out each block's weights column by column."""
    n_blocks = len(offering) // WIDTH
    place = np.zeros((n_blocks, n_topics), np.uint16)
    most = np.zeros((n_topics, n_blocks), np.uint8)
    sizes = np.zeros(n_blocks, np.int64)
    _note_topics(topics, offering, place, most, sizes)
    start = np.cumsum(sizes) - sizes - 1
    column = np.zeros((int(sizes.sum()), WIDTH), np.int16)
    _fill_columns(topics, offering, place, start, column)
    return most, place, start, column


@njit()
def _note_topics(
    topics: Rows, offering: Ints, place: Array, most: Array, sizes: Array
) -> None:
    """Number the topics of each block and note their largest weights, rounded up."""
    for slot in range(len(offering)):
        block, one = slot // WIDTH, offering[slot]
        if one < 0:
            continue
        for p in range(topics.start[one], topics.start[one + 1]):
            topic = topics.column[p]
            if place[block, topic] == 0:
                sizes[block] += 1
                place[block, topic] = sizes[block]
            coarse = (topics.weight[p] + COARSE - 1) // COARSE
            most[topic, block] = max(most[topic, block], coarse)


@njit()
def _fill_columns(
    topics: Rows, offering: Ints, place: Array, start: Array, column: Array
) -> None:
    for slot in range(len(offering)):
        block, one = slot // WIDTH, offering[slot]
        if one < 0:
            continue
        for p in range(topics.start[one], topics.start[one + 1]):
            row = start[block] + place[block, topics.column[p]]
            column[row, slot % WIDTH] = topics.weight[p]
