"""Offerings in tiles: near each other in place, alike in topic.

A search opens only tiles that can hold something good enough, so the tighter a
tile, the fewer are opened. What is near differs: a need for help on site looks at a
few regions with all their topics, a need that is met from anywhere at a few topics in
all regions. There is an arrangement for each. In both, a tile is made of groups,
and the offerings of a group are compared with a need all at once.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.bounds import reaches
from matching.columns import FACTOR, ONSITE, STATE, Columns
from matching.instructions import LANES, zeros
from matching.kernels import COMPILED, Array, Records, entries, njit
from matching.region import arc_km
from matching.sparse_rows import UNIT, Rows, take_rows
from matching.stages import beside

TILE = LANES * LANES  # offerings in a tile: so many groups of so many offerings
NEAR_REGION = 512  # offerings in a region of the arrangement by place
WIDE_REGION = 1024  # on-site and state-wide offerings in the arrangement by topic
PIECE = 4096  # offerings that are arranged by topic at once
ROUNDS = 3
LEADING = 3  # topics that neighbours should share

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

REGION = np.dtype(
    [
        ("x", np.float64),  # centre
        ("y", np.float64),
        ("z", np.float64),
        ("spread", np.int32),  # km from the centre to the farthest offering
        ("states", np.uint32),  # which occur; bit 31: unknown
        ("radius", np.int32),  # of its on-site help; -1 when some reach farther
        ("placed", np.bool_),
        ("statewide", np.bool_),  # whether all of it is state-wide
    ],
    align=True,
)


class Tiles(NamedTuple):
    """Offerings in tiles, tiles in regions. Made by `near` and `wide`."""

    offering: Ints  # (n_tiles * TILE,): -1 where the tile is not full
    traits: Records  # of LISTING, in that order
    reach: Records  # of REACH, in that order
    topics: Rows  # in that order
    first: Longs  # (n_regions + 1,): tiles of a region
    regions: Records  # of REGION
    fresh: Floats  # (n_tiles * TILE,): freshness, 0 where the tile is not full
    help: Array  # uint32 (n_tiles * TILE,): kinds offered
    most: Floats  # (n_tiles, n_topics): largest weights by freshness
    peak: Floats  # (n_tiles, n_topics, LANES): the same of each group


class Index(NamedTuple):
    """Both arrangements of the offerings of active companies."""

    near: Tiles  # for needs that are met on site or within a state
    wide: Tiles  # for needs that are met from anywhere


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
    topics = columns.offerings.topics
    alive = np.flatnonzero(columns.firms.active[columns.offerings.company])
    key = leading_topics(topics)
    with beside(
        lambda: _tiles(columns, _by_place(columns, alive), key, n_topics)
    ) as near:
        wide = _tiles(columns, _by_reach(columns, alive), key, n_topics)
    return Index(near.result(), wide)


def _by_place(columns: Columns, alive: Longs) -> list[Longs]:
    """By place first, then by topic."""
    traits = columns.offerings.traits
    placed = traits.placed[alive]
    return [*halved(traits, alive[placed], NEAR_REGION), alive[~placed]]


def _by_reach(columns: Columns, alive: Longs) -> list[Longs]:
    """What reaches far by topic alone, the rest by state or place first."""
    traits = columns.offerings.traits
    reach, placed = traits.reach[alive], traits.placed[alive]
    onsite, statewide = (reach == ONSITE) & placed, reach == STATE
    regions = halved(traits, alive[onsite], WIDE_REGION)
    for state in np.unique(traits.state[alive[statewide]]):
        regions.append(alive[statewide & (traits.state[alive] == state)])
    return [*regions, alive[~(onsite | statewide)]]


def halved(traits: Records, members: Longs, most: int) -> list[Longs]:
    """Halve offerings along the widest axis until no part has more than `most`."""
    found, waiting = [], [members]
    while waiting:
        part = waiting.pop()
        axes = [traits[axis][part] for axis in ("x", "y", "z")]
        widths = [float(np.ptp(axis)) if len(axis) else 0.0 for axis in axes]
        if len(part) <= max(most, TILE) or not any(widths):
            found.append(part)
            continue
        order = np.argsort(axes[int(np.argmax(widths))], kind="stable")
        # Whole tiles on one side, so that few tiles are not full.
        half = max(len(order) // 2 // TILE, 1) * TILE
        waiting += [part[order[half:]], part[order[:half]]]
    return found


def _tiles(columns: Columns, regions: list[Longs], key: Longs, n_topics: int) -> Tiles:
    offerings = columns.offerings
    regions = [members for members in regions if len(members)]
    order = [by_topic(offerings.topics, members, key, n_topics) for members in regions]
    offering = np.concatenate([np.zeros(0, np.int32), *map(_filled, order)])
    first = np.cumsum([0] + [-(-len(members) // TILE) for members in regions])
    held = np.maximum(offering, 0)
    topics = take_rows(offerings.topics, held.astype(np.int64))
    traits = offerings.traits[held]
    fresh = np.where(offering < 0, 0, traits.fresh / FACTOR).astype(np.float32)
    peak = zeros(len(offering) // TILE, n_topics, LANES)
    if COMPILED:
        _write_peaks(*topics, fresh, peak)
    return Tiles(
        offering,
        traits,
        reaches(traits, columns.rules),
        topics,
        first.astype(np.int64),
        _described(regions, offerings.traits),
        fresh,
        np.ascontiguousarray(traits.help),
        peak.max(axis=2),
        peak,
    )


@njit()
def _write_peaks(
    start: Array, topic: Array, weight: Array, fresh: Floats, peak: Floats
) -> None:
    # Needs come in whole steps, 1 / UNIT of a weight: taken back here.
    step = np.float32(1 / (UNIT * UNIT))
    for slot in range(len(fresh)):
        most, lane = peak[slot // TILE], slot % TILE // LANES
        for p in entries(start, slot):
            value = np.float32(weight[p]) * fresh[slot] * step
            most[topic[p], lane] = max(most[topic[p], lane], value)


def leading_topics(topics: Rows) -> Longs:
    """Return the three heaviest columns of each row as one number."""
    key = np.zeros(len(topics.start) - 1, np.int64)
    _lead(*topics, key)
    return key


@njit()
def _lead(start: Array, column: Array, weight: Array, key: Longs) -> None:
    for i in range(len(key)):
        top = np.zeros(LEADING, np.int64)
        for p in entries(start, i):
            # Of equal weights the first column.
            value = (np.int64(weight[p]) << 16) | (0xFFFF - np.int64(column[p]))
            for at in range(LEADING):
                if value > top[at]:
                    value, top[at] = top[at], value
        for at in range(LEADING):
            named = 0xFFFF - (top[at] & 0xFFFF) + 1 if top[at] else 0
            key[i] = key[i] * 1024 + named


def by_topic(topics: Rows, members: Longs, key: Longs, n_topics: int) -> Longs:
    """Order listings so that neighbours are alike."""
    members = members[np.argsort(key[members], kind="stable")]
    for begin in range(0, len(members), PIECE):
        part = members[begin : begin + PIECE]
        _bisect(topics.start, topics.column, topics.weight, part, n_topics)
    return members


@njit()
def _bisect(
    start: Array, column: Array, weight: Array, members: Longs, n_topics: int
) -> None:
    """Order listings in place: halve by two means, and each half again."""
    ends = np.empty((64, 2), np.int64)
    ends[0, 0], ends[0, 1] = 0, len(members)
    depth = 1
    direction = np.zeros(n_topics, np.float32)
    while depth > 0:
        depth -= 1
        begin, end = ends[depth, 0], ends[depth, 1]
        n = end - begin
        if n <= TILE:
            continue
        part = members[begin:end]
        half = max((n + TILE) // (2 * TILE), 1) * TILE
        side = np.zeros(n, np.float32)
        # The first cut is that of the order given; then each half's mean attracts.
        for _ in range(ROUNDS):
            direction[:] = 0
            for i in range(n):
                sign = np.float32(1 / half if i < half else -1 / (n - half))
                for p in entries(start, part[i]):
                    direction[column[p]] += sign * np.float32(weight[p])
            for i in range(n):
                total = np.float32(0)
                for p in entries(start, part[i]):
                    total += np.float32(weight[p]) * direction[column[p]]
                side[i] = -total
            part[:] = part[np.argsort(side, kind="mergesort")]
        ends[depth, 0], ends[depth, 1] = begin, begin + half
        ends[depth + 1, 0], ends[depth + 1, 1] = begin + half, end
        depth += 2


def _filled(members: Longs) -> Ints:
    slot = np.full(-(-len(members) // TILE) * TILE, -1, np.int32)
    slot[: len(members)] = members
    return slot


def _described(regions: list[Longs], traits: Records) -> Records:
    """Describe regions: where, how wide, which states and reaches."""
    described = np.zeros(len(regions), REGION).view(np.recarray)
    for at, members in enumerate(regions):
        some = traits[members]
        described[at] = _describe(some)
    return described


def _describe(some: Records) -> tuple[float, float, float, int, int, int, bool, bool]:
    points = np.stack([some.x, some.y, some.z], axis=1)
    centre = points.mean(axis=0)
    length = np.sqrt((centre * centre).sum())
    centre = centre / length if length > 0 else centre
    chord = np.sqrt(((points - centre) ** 2).sum(axis=1).max())
    # Two kilometres more, for what rounding to whole kilometres takes away.
    spread = int(arc_km(chord)) + 2
    states = 0
    for state in np.unique(some.state):
        states |= 1 << (int(state) if state >= 0 else 31)
    onsite = bool((some.reach == ONSITE).all())
    radius = int(some.radius.max()) if onsite else -1
    placed, statewide = bool(some.placed.all()), bool((some.reach == STATE).all())
    return (*centre.tolist(), spread, states, radius, placed, statewide)
