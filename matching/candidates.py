"""Needs and offerings -> the best offerings of each need, region inside retrieval.

The order is topic cosine * weight (region, help, freshness): a first stage that finds
exactly the best by that product, among those that may meet at all. Sorting by topic
and filtering by region afterwards would lose most of them in a large register.

Needs that are alike are asked together, tile by tile of offerings that are alike. Two
bounds come before the exact product: a tile's largest weights bound all its
offerings, and sketches bound each single one; both are matrix products. Only what can
still reach the list is computed in whole numbers.

References
----------
Mallia, Suel and Tonellotto, "Faster learned sparse retrieval with block-max
pruning", SIGIR 2024. doi:10.1145/3626772.3657906
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.bounds import (
    PART,
    TOO_LITTLE,
    above,
    best_factors,
    tile_bounds,
    write_sketches,
)
from matching.columns import (
    BITS,
    COSINE,
    FACTOR,
    ONSITE,
    STATE,
    Array,
    Columns,
    Record,
    Records,
    Rules,
    Scene,
    Whole,
    as_matrix,
    take_rows,
)
from matching.kernels import COMPILED, keep_best, njit
from matching.region import region_factor
from matching.scoring import (
    PAID,
    Longs,
    help_factor,
    matchable,
    may_meet,
    weights,
)
from matching.tiles import (
    GROUPS,
    TILE,
    Index,
    Tiles,
    build,
    by_topic,
    halved,
    leading_topics,
)

__all__ = ["LAST", "Index", "batches", "build", "search", "search_plainly"]

LAST = np.int64(0xFFFFFFFF)
SHIFT = np.int64(32)
BATCH = 256  # needs asked together
BLOCK = 4 * BATCH  # needs in a block of an engine
CHUNK = 96  # of them, whose bounds are one small matrix product
EARLY = 3  # tiles, the best of each need, are opened first

Floats = npt.NDArray[np.float32]


class Asked(NamedTuple):
    """Needs that are asked together."""

    traits: Records  # of LISTING
    whole: Array  # int16 (n, PADDED): weights in steps of 1 / UNIT
    weight: Floats  # (n_topics, n): the same, the other way round
    square: Floats  # (GROUPS, n): sums of squares of weights, group by group


class Best(NamedTuple):
    """The best offerings of needs so far, as keys.

    A key is the product in steps of 1 / COSINE above, and below it what is left of
    LAST after the offering's number, so that ties go to the first.
    """

    key: Array  # int64 (n, room)
    n: Array  # int64 (n,): how many there are
    least: Array  # int64 (n,): the key to beat
    cut: Array  # float64 (n,): the product to beat, a little less


class Work(NamedTuple):
    """Working memory of a search."""

    chosen: Longs  # (BATCH,): needs that a tile can still serve
    whole: Floats  # (width, BATCH): sketches of all
    sketch: Floats  # (CHUNK, width): of some
    bounds: Floats  # (CHUNK, TILE)
    hits: Longs  # (TILE,): where bounds reach the list
    rows: Array  # int16 (TILE, padded): offerings of a tile, where they were needed
    filled: Longs  # (TILE,): of which tile each of the rows is


def search(columns: Columns, index: Index, needs: Longs, limit: int) -> list[Longs]:
    """Find the best offerings of needs that are all near-by or all wide.

    Parameters
    ----------
    columns : columns.Columns
    index : tiles.Index
        Of the same market.
    needs : int64 array
        Their numbers; the more alike they are, the quicker.
    limit : int, at least 1

    Returns
    -------
    list of int64 array
        Per need the keys (see `Best`) of at most `limit` offerings, from high to
        low. Offerings below `rules.least_topic` are not among them.
    """
    if not COMPILED:
        return search_plainly(columns, needs, limit, len(index.group))
    found: list[Longs] = []
    for begin in range(0, len(needs), BATCH):
        asked = _asked(columns, index.group, needs[begin : begin + BATCH])
        tiles = index.near if is_near(asked.traits[:1])[0] else index.wide
        best = _best(len(asked.traits), limit)
        _search(
            asked,
            tiles,
            index.group,
            columns.scene,
            limit,
            best,
            _work(len(best.n), tiles),
        )
        found += [key[:n] for key, n in zip(best.key, best.n, strict=True)]
    return found


def batches(columns: Columns, n_topics: int) -> list[Longs]:
    """Split the needs of active companies into blocks of needs that are alike.

    The blocks depend on the market alone, so that every engine computes the same.
    """
    traits, topics = columns.needs.traits, columns.needs.topics
    asks = columns.firms.active[columns.needs.company]
    key = leading_topics(topics)
    near = is_near(traits)
    onsite = np.flatnonzero(asks & (traits.reach == ONSITE))
    parts = halved(traits, onsite, 4 * BATCH)
    for state in np.unique(traits.state):
        here = (traits.reach == STATE) & (traits.state == state)
        parts.append(np.flatnonzero(asks & here))
    sorted_ = [by_topic(topics, part, key, n_topics) for part in parts if len(part)]
    sorted_ = [np.concatenate([np.zeros(0, np.int64), *sorted_])]
    sorted_.append(by_topic(topics, np.flatnonzero(asks & ~near), key, n_topics))
    return [
        some[begin : begin + BLOCK]
        for some in sorted_
        for begin in range(0, len(some), BLOCK)
    ]


def is_near(traits: Records) -> npt.NDArray[np.bool_]:
    """Return which needs are met on site or within a state."""
    near: npt.NDArray[np.bool_] = np.isin(traits.reach, (ONSITE, STATE))
    return near


def _asked(columns: Columns, group: Longs, needs: Longs) -> Asked:
    rows = as_matrix(take_rows(columns.needs.topics, needs), len(group))
    weight = np.ascontiguousarray(rows.toarray().T.astype(np.float32))
    whole = np.zeros((len(needs), _padded(len(group))), np.int16)
    whole[:, : len(group)] = weight.T
    square = np.zeros((GROUPS, len(needs)), np.float32)
    np.add.at(square, group, weight * weight)
    return Asked(columns.needs.traits[needs], whole, weight, square)


def _padded(n_topics: int) -> int:
    """Return a width that vector instructions divide."""
    return -(-n_topics // 64) * 64


def _best(n: int, limit: int) -> Best:
    return Best(
        np.zeros((n, 2 * limit + PART), np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.float64),
    )


def _work(n: int, tiles: Tiles) -> Work:
    width = tiles.sketch.shape[1]
    return Work(
        np.empty(n, np.int64),
        np.empty((width, n), np.float32),
        np.empty((CHUNK, width), np.float32),
        np.empty((CHUNK, TILE), np.float32),
        np.empty(TILE, np.int64),
        np.zeros((TILE, _padded(tiles.most.shape[1])), np.int16),
        np.full(TILE, -1, np.int64),
    )


@njit()
def _search(
    asked: Asked,
    tiles: Tiles,
    group: Longs,
    scene: Scene,
    limit: Whole,
    best: Best,
    work: Work,
) -> None:
    """Fill in `best`: first each need's best tiles, then all that promise more."""
    factor = best_factors(asked.traits, tiles.regions, scene.borders, scene.rules)
    bound, region = tile_bounds(asked.weight, tiles.most, tiles.first, factor)
    order, first = _order(bound)
    for early in (True, False):
        for tile in order:
            n = 0
            for i in range(len(best.n)):
                if bound[tile, i] > best.cut[i] and (first[tile, i] or not early):
                    work.chosen[n] = i
                    n += 1
                    bound[tile, i] = 0  # not again
            if n > 0:
                share = factor[region[tile]]
                _open(asked, tiles, tile, group, share, scene, limit, best, work, n)
    for i in range(len(best.n)):
        _shrink(best, i, limit)
        found = best.key[i, : best.n[i]]
        found[:] = -np.sort(-found)


@njit()
def _order(bound: Array) -> tuple[Array, Array]:
    """Order tiles by what they promise all needs; mark the EARLY best of each."""
    worth = np.zeros(len(bound), np.float64)
    first = np.zeros(bound.shape, np.bool_)
    top = np.zeros((bound.shape[1], EARLY), np.float32)
    tops = np.full((bound.shape[1], EARLY), -1, np.int64)
    for tile in range(len(bound)):
        for i in range(bound.shape[1]):
            value = bound[tile, i]
            worth[tile] += np.float64(value)
            if value > top[i, EARLY - 1]:
                at = EARLY - 1
                while at > 0 and value > top[i, at - 1]:
                    top[i, at], tops[i, at] = top[i, at - 1], tops[i, at - 1]
                    at -= 1
                top[i, at], tops[i, at] = value, tile
    for i in range(len(tops)):
        for tile in tops[i]:
            if tile >= 0:
                first[tile, i] = True
    return np.argsort(-worth), first


@njit()
def _open(
    asked: Asked,
    tiles: Tiles,
    tile: Whole,
    group: Longs,
    share: Array,
    scene: Scene,
    limit: Whole,
    best: Best,
    work: Work,
    n: Whole,
) -> None:
    """Take a tile's offerings into the lists of the `n` needs in `work.chosen`.

    share : best region factor of the tile for each need, in steps of 1 / FACTOR
    """
    write_sketches(asked.weight, asked.square, tiles.column[tile], group, work.whole)
    for begin in range(0, n, CHUNK):
        chosen = work.chosen[begin : min(begin + CHUNK, n)]
        for j in range(len(chosen)):
            for k in range(len(work.whole)):
                work.sketch[j, k] = work.whole[k, chosen[j]]
        bounds = work.bounds[: len(chosen)]
        np.dot(work.sketch[: len(chosen)], tiles.sketch[tile], bounds)
        _take(asked, tiles, tile, share, scene, limit, best, work, chosen)


@njit()
def _take(
    asked: Asked,
    tiles: Tiles,
    tile: Whole,
    share: Array,
    scene: Scene,
    limit: Whole,
    best: Best,
    work: Work,
    chosen: Longs,
) -> None:
    """Compute in whole numbers what the bounds of chosen needs still allow."""
    needs, offers, offered = asked.traits, tiles.traits, tiles.offering
    firms, apart, others = scene.firms, scene.apart, scene.others
    borders, rules = scene.borders, scene.rules
    bounds, hits, rows, whole = work.bounds, work.hits, work.rows, asked.whole
    least, cut, filled = best.least, best.cut, work.filled
    start, column, weight = tiles.topics
    # Below that, the topic cosine is too small whatever the region.
    low = rules.least_topic / COSINE * (rules.stale / FACTOR) - TOO_LITTLE
    for j in range(len(chosen)):
        i = chosen[j]
        one, at_most = needs[i], np.float64(share[i])
        enough = np.float32(max(cut[i] * FACTOR / at_most, low))
        for h in range(above(bounds[j], enough, hits)):
            x = hits[h]
            slot = tile * TILE + x
            other = offers[slot]
            value = np.float64(bounds[j, x])
            times = _times(one, other, borders, rules, value, at_most, cut[i])
            if times == 0 or offered[slot] < 0:
                continue
            if filled[x] != tile:
                filled[x] = tile
                _fill(start, column, weight, slot, rows[x])
            topic = min(_product(whole[i], rows[x]), np.int64(COSINE))
            left = LAST - np.int64(offered[slot])
            new = (((topic * times) >> BITS) << SHIFT) | left
            if topic < rules.least_topic or new <= max(least[i], LAST):
                continue
            taker = one.company
            if firms[taker].no_paid and other.paid == PAID:
                continue
            if may_meet(firms, apart, others, taker, other.company):
                best.key[i, best.n[i]] = new
                best.n[i] += 1
                if best.n[i] == best.key.shape[1]:
                    _shrink(best, i, limit)
        if best.n[i] >= limit + PART:
            _shrink(best, i, limit)


@njit()
def _times(
    one: Record,
    other: Record,
    borders: Array,
    rules: Rules,
    bound: Whole,
    share: Whole,
    cut: Whole,
) -> Whole:
    """Return the weight of two listings, 0 once it is clear that it is too small.

    bound : of their topic cosine times freshness
    share : the most their region factor can be, in steps of 1 / FACTOR
    """
    helps = help_factor(one.help, other.help, rules)
    enough = cut * (FACTOR * FACTOR)
    if bound * share * helps <= enough:
        return np.int64(0)
    region = region_factor(one, other, borders, rules)
    if bound * region * helps <= enough:
        return np.int64(0)
    fresh = np.int64(min(one.fresh, other.fresh))
    return (((region * helps) >> BITS) * fresh) >> BITS


@njit()
def _fill(start: Array, column: Array, weight: Array, slot: Whole, row: Array) -> None:
    row[:] = 0
    for p in range(start[slot], start[slot + 1]):
        row[column[p]] = weight[p]


@njit()
def _product(a: Array, b: Array) -> Whole:
    """Return the product of two dense rows of length 1: it fits 32 bits."""
    total = np.int32(0)
    for x in range(len(a)):
        total = np.int32(total + np.int32(a[x]) * np.int32(b[x]))
    return np.int64(total)


@njit()
def _shrink(best: Best, i: Whole, limit: Whole) -> None:
    """Keep a need's best `limit` keys, and note what beats them."""
    if best.n[i] < limit:
        return
    keep_best(best.key[i], best.n[i], limit)
    best.n[i] = limit
    best.least[i] = best.key[i, :limit].min()
    best.cut[i] = max((best.least[i] >> SHIFT) / COSINE - TOO_LITTLE, 0.0)


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
        may = (product > 0) & (cosine[offering] >= columns.rules.least_topic)
        may &= matchable(columns, int(need), offering)
        key = (product[may] << 32) | (LAST - offering[may])
        best: Longs = -np.sort(-key)[:limit]
        found.append(best)
    return found
