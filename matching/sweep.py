"""Needs that are alike, asked together, tile by tile of offerings that are alike.

Three looks come one after the other, each at less than the one before: the largest
weights of a tile, one matrix product for all needs; those of each group in the tiles
that remain; and the offerings of the groups that remain, whose cosines are exact. Only
what can still reach a list is then weighed by region, help and freshness.

References
----------
Mallia, Suel and Tonellotto, "Faster learned sparse retrieval with block-max
pruning", SIGIR 2024. doi:10.1145/3626772.3657906
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.bounds import best_factors, reaches, tile_bounds, too_far
from matching.columns import BITS, COSINE, FACTOR, Columns, Rules, Scene
from matching.instructions import (
    LANES,
    UNROLLED,
    above,
    borrowed,
    combine,
    fitting,
    lowest,
    zeros,
)
from matching.kernels import Array, Record, Records, Whole, entries, njit
from matching.lists import STEP, Lists, empty, finish, forget, insert
from matching.scoring import PAID, may_meet, weight
from matching.sparse_rows import Rows, as_matrix, take_rows
from matching.tiles import TILE, Tiles

SAMPLED = 14  # of the offerings in a sample are better than what is guessed
SAMPLE, OTHERS, ALL = range(3)  # groups of a tile: one, the others, all of them

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


class Asked(NamedTuple):
    """Needs that are asked together."""

    traits: Records  # of LISTING
    reach: Records  # of REACH
    weight: Floats  # (n_topics, n): in steps of 1 / UNIT
    column: Array  # uint16 (n, most): the same, sparse
    value: Floats  # (n, most)
    terms: Longs  # (n,): how many of those count


class View(NamedTuple):
    """What tiles promise the needs that are asked together."""

    bound: Floats  # (n_tiles, n)
    over: Floats  # (n_regions, n): 1 / best region factor
    region: Longs  # (n_tiles,)
    order: Longs  # (n_tiles,): the most promising first


class Work(NamedTuple):
    """Working memory of a search."""

    chosen: Longs  # (n,): needs that a tile can still serve
    waiting: Longs  # (LANES, n): of those, the needs that each group can still serve
    promise: Floats  # (LANES, n): how well at most
    length: Longs  # (LANES,): how many needs wait for each group
    rows: Floats  # (n_topics, LANES): the offerings of a group
    lanes: Floats  # (LANES,)
    worth: Floats  # (LANES,)


def sweep(columns: Columns, tiles: Tiles, needs: Longs, limit: int) -> Lists:
    """Find the best offerings of needs among all tiles.

    Parameters
    ----------
    columns : columns.Columns
    tiles : tiles.Tiles
        The arrangement that suits these needs.
    needs : int64 array of shape (n,)
    limit : int, at least 1
        Length of a list.

    Returns
    -------
    Lists
        Of `n` needs, keys in no order.
    """
    n, n_topics = len(needs), tiles.most.shape[1]
    asked = _asked(columns, n_topics, needs)
    lists, work = empty(n, limit), _work(n, n_topics)
    _search(asked, tiles, columns.scene, limit, lists, work)
    return lists


def _asked(columns: Columns, n_topics: int, needs: Longs) -> Asked:
    rows = take_rows(columns.needs.topics, needs)
    weight = as_matrix(rows, n_topics).toarray().T.astype(np.float32)
    terms = np.diff(rows.start)
    most = int(terms.max()) + UNROLLED
    counts = np.arange(most) < terms[:, None]
    column = np.zeros((len(needs), most), np.uint16)
    value = np.zeros((len(needs), most), np.float32)
    column[counts], value[counts] = rows.column, rows.weight
    # Up to a multiple, with weights of 0.
    terms = -(-terms // UNROLLED) * UNROLLED
    traits = columns.needs.traits[needs]
    return Asked(
        traits,
        reaches(traits, columns.rules),
        np.ascontiguousarray(weight),
        column,
        value,
        terms,
    )


def _work(n: int, n_topics: int) -> Work:
    return Work(
        np.empty(n, np.int64),
        np.empty((LANES, n), np.int64),
        np.empty((LANES, n), np.float32),
        np.zeros(LANES, np.int64),
        zeros(n_topics, LANES),
        zeros(LANES),
        zeros(LANES),
    )


@njit()
def _search(
    asked: Asked,
    tiles: Tiles,
    scene: Scene,
    limit: Whole,
    lists: Lists,
    work: Work,
) -> None:
    """Fill in `lists`: guess what will be good enough, and prove it.

    From one group of each tile one learns about how good the last of a list will be.
    What is better is looked for then in the others; where that turns out to be too
    little, in all of them without a guess.
    """
    asked, tiles, scene, work, lists = borrowed((asked, tiles, scene, work, lists))
    factor = best_factors(asked.traits, tiles.regions, scene.borders, scene.rules)
    bound, region = tile_bounds(asked.weight, tiles.most, tiles.first, factor)
    over = np.float32(FACTOR) / np.maximum(factor, 1).astype(np.float32)
    view = View(bound, over, region, _by_worth(bound))
    everybody = np.ones(len(asked.terms), np.bool_)
    limits = min(SAMPLED, limit), limit
    _sweep(asked, tiles, view, everybody, SAMPLE, scene, limits, lists, work)
    limits = limit, limit
    _sweep(asked, tiles, view, everybody, OTHERS, scene, limits, lists, work)
    short = (lists.above < limit) & (lists.level > 0)
    if short.any():
        forget(lists, short)
        _sweep(asked, tiles, view, short, ALL, scene, limits, lists, work)
    finish(lists, limit)


@njit()
def _by_worth(bound: Floats) -> Longs:
    """Order tiles by what they promise all needs."""
    worth = np.zeros(len(bound), np.float32)
    for tile in range(len(bound)):
        worth[tile] = bound[tile].sum()
    return np.argsort(-worth)


@njit()
def _sweep(
    asked: Asked,
    tiles: Tiles,
    view: View,
    who: Array,
    part: Whole,
    scene: Scene,
    limits: tuple[Whole, Whole],
    lists: Lists,
    work: Work,
) -> None:
    """Take offerings of all tiles into the lists of some needs.

    part : SAMPLE, OTHERS or ALL groups of each tile
    limits : from how many on the level rises, and how many are kept
    """
    chosen, cut = work.chosen, lists.cut
    for tile in view.order:
        n = 0
        bound = view.bound[tile]
        for i in range(len(who)):
            chosen[n] = i
            n += who[i] and bound[i] > cut[i]
        if n > 0:
            over = view.over[view.region[tile]]
            one = np.int64(1) << (tile % LANES)
            some = one if part == SAMPLE else ~one if part == OTHERS else np.int64(-1)
            _open(asked, tiles, tile, some, over, scene, limits, lists, work, n)


@njit()
def _open(
    asked: Asked,
    tiles: Tiles,
    tile: Whole,
    some: Whole,
    over: Floats,
    scene: Scene,
    limits: tuple[Whole, Whole],
    lists: Lists,
    work: Work,
    n: Whole,
) -> None:
    """Take a tile's offerings into the lists of the `n` needs in `work.chosen`.

    some : which of its groups, as bits
    over : 1 / best region factor of the tile, for each need
    """
    waiting, promise, length = work.waiting, work.promise, work.length
    lanes, cut = work.lanes, lists.cut
    column, value, terms = asked.column, asked.value, asked.terms
    peak = tiles.peak[tile]
    length[:] = 0
    for i in work.chosen[:n]:
        combine(column, value, i, terms[i], peak, lanes)
        groups = above(lanes, cut[i] * over[i]) & some
        while groups != 0:
            g = lowest(groups)
            groups &= groups - 1
            waiting[g, length[g]], promise[g, length[g]] = i, lanes[g]
            length[g] += 1
    for g in range(LANES):
        if length[g] > 0:
            slot = tile * TILE + g * LANES
            _spread(tiles.topics, tiles.offering, slot, work.rows)
            needs = waiting[g, : length[g]], promise[g, : length[g]]
            _take(asked, tiles, slot, over, scene, limits, lists, work, needs)
            _clear(tiles.topics, slot, work.rows)


@njit()
def _spread(topics: Rows, offering: Array, slot: Whole, rows: Floats) -> None:
    """Write the topics of a group's offerings into columns of zeros."""
    start, column, weight = topics.start, topics.column, topics.weight
    for lane in range(LANES):
        if offering[slot + lane] >= 0:
            for p in entries(start, slot + lane):
                rows[column[p], lane] = weight[p]


@njit()
def _clear(topics: Rows, slot: Whole, rows: Floats) -> None:
    """Undo `_spread`."""
    start, column = topics.start, topics.column
    for p in range(start[slot], start[slot + LANES]):
        rows[column[p]] = 0


@njit()
def _take(
    asked: Asked,
    tiles: Tiles,
    slot: Whole,
    over: Floats,
    scene: Scene,
    limits: tuple[Whole, Whole],
    lists: Lists,
    work: Work,
    some: tuple[Array, Array],
) -> None:
    """Take what is good enough of a group's offerings for some needs.

    some : the needs, and what the group promises each
    """
    needs, column, value, terms = asked.traits, asked.column, asked.value, asked.terms
    others, offering = tiles.traits, tiles.offering
    fresh, kinds = tiles.fresh, tiles.help
    firms, apart, kept_apart = scene.firms, scene.apart, scene.others
    borders, rules = scene.borders, scene.rules
    key, length, tally, level, above_level, cut = lists
    rows, lanes, worth = work.rows, work.lanes, work.worth
    reach, far = asked.reach, tiles.reach
    # Whole numbers are compared: a little less is none too few.
    low = np.float32(rules.least_topic) - np.float32(1)
    no_kind = np.float32(rules.unknown_help / FACTOR)
    other_kind = np.float32(rules.wrong_help / FACTOR)
    rising, limit = limits
    waiting, promise = some
    for x in range(len(waiting)):
        i = waiting[x]
        enough = cut[i] * over[i]
        if promise[x] <= enough:
            continue
        combine(column, value, i, terms[i], rows, lanes)
        one, least = needs[i], enough * np.float32(COSINE)
        picky = one.help != 0
        unknown = no_kind if picky else np.float32(1)
        wrong = other_kind if picky else np.float32(1)
        found = above(lanes, low)
        found &= fitting(
            lanes, fresh, kinds, slot, one.help, unknown, wrong, least, worth
        )
        while found != 0:
            lane = lowest(found)
            found &= found - 1
            at = slot + lane
            other = others[at]
            loss = np.float32(1) - cut[i] * np.float32(COSINE) / worth[lane]
            if too_far(one, other, reach[i], far[at], loss):
                continue
            product = _product(lanes[lane], one, other, borders, rules)
            if product < level[i] * STEP or product == 0:
                continue
            if firms[one.company].no_paid and other.paid == PAID:
                continue
            if may_meet(firms, apart, kept_apart, one.company, other.company):
                insert(
                    key,
                    length,
                    tally,
                    level,
                    above_level,
                    cut,
                    i,
                    product,
                    offering[at],
                    rising,
                    limit,
                )


@njit(inline="always")
def _product(
    cosine: Whole, one: Record, other: Record, borders: Array, rules: Rules
) -> Whole:
    """Return topic cosine * weight."""
    # Of length 1 but for rounding.
    topic = min(np.int64(cosine), np.int64(COSINE))
    return topic * weight(one, other, borders, rules) >> BITS
