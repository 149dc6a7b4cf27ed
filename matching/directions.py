"""The best offerings of needs -> who gives to whom, and what was missing.

For every company the best that its needs found, one per giver. A pair is known in
that direction only; the other is then computed for just those pairs where it is
missing. No sorting of pairs anywhere: companies are visited in order, and the
transpose of a sparse matrix is a counting sort.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.best_offerings import Kept
from matching.columns import BITS, COSINE, Columns, Rules, Scene, Side
from matching.kernels import Array, Whole, entries, njit
from matching.lists import LAST
from matching.scoring import (
    PAID,
    clear,
    content,
    dot,
    fetch,
    spread_out,
    weight,
)
from matching.sparse_rows import Rows

Ints = npt.NDArray[np.int32]
AHEAD = 2  # companies asked for before they are looked at
ASIDE = 4  # needs of a company that are compared with an offering at once
TOGETHER = 512  # matches whose words are compared one after the other
ALIKE = ("edge", "need", "offering", "topic", "weight")


class Edges(NamedTuple):
    """The best match per taker and giver; of taker i at start[i] to start[i + 1]."""

    start: Array  # int64 (n_companies + 1,)
    giver: Ints  # rising within a taker
    score: Ints  # in steps of 1 / COSINE
    need: Ints
    offering: Ints


def takers(columns: Columns, kept: Sequence[Kept]) -> Edges:
    """Return the best match of every taker with every giver that its needs found.

    Parameters
    ----------
    columns : Columns
    kept : sequence of Kept
        Of all needs that were asked, in any order.

    Notes
    -----
    Equal scores: the earlier need, then the earlier offering.
    """
    n_needs = len(columns.needs.traits)
    first = np.zeros(n_needs, np.int64)
    count = np.zeros(n_needs, np.int64)
    at = 0
    for one in kept:
        first[one.need] = at + np.cumsum(one.number) - one.number
        count[one.need] = one.number
        at += len(one.key)
    key = np.concatenate([np.zeros(0, np.int64), *(one.key for one in kept)])
    n_companies = len(columns.firms.traits)
    edges = Edges(
        np.zeros(n_companies + 1, np.int64),
        *(np.empty(len(key), np.int32) for _ in range(4)),
    )
    giver = np.ascontiguousarray(columns.offerings.company)
    n = _takers(columns.needs.first, giver, first, count, key, edges)
    return Edges(edges.start, *(column[:n] for column in edges[1:]))


@njit()
def _takers(
    needs: Array, company: Array, first: Array, count: Array, key: Array, edges: Edges
) -> Whole:
    """Fill in `edges`; return how many there are."""
    start, giver, score = edges.start, edges.giver, edges.score
    need_of, offering_of = edges.need, edges.offering
    n_companies = len(start) - 1
    place = np.full(n_companies, -1, np.int64)
    n = 0
    for taker in range(n_companies):
        start[taker] = old = n
        for need in range(needs[taker], needs[taker + 1]):
            for x in range(first[need], first[need] + count[need]):
                offering = np.int32(LAST - (key[x] & LAST))
                value = np.int32(key[x] >> np.int64(32))
                other = company[offering]
                e = place[other]
                if e < 0:
                    e = place[other] = n
                    giver[e], score[e] = other, 0
                    n += 1
                tied = value == score[e] and need_of[e] == need
                if value > score[e] or (tied and offering < offering_of[e]):
                    score[e], need_of[e], offering_of[e] = value, need, offering
        for e in range(old, n):
            place[giver[e]] = -1
        order = np.argsort(giver[old:n])
        for column in (giver, score, need_of, offering_of):
            column[old:n] = column[old:n][order]
    start[n_companies] = n
    return n


class Links(NamedTuple):
    """Who gives to whom; those of company i at start[i] to start[i + 1], rising."""

    start: Array  # int64 (n_companies + 1,)
    other: Ints


def by_giver(edges: Edges) -> Links:
    """Return the takers of each giver: the transpose of `edges`."""
    n = len(edges.start) - 1
    start = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(edges.giver, minlength=n), out=start[1:])
    back = Links(start, np.empty(len(edges.giver), np.int32))
    _transpose(edges.start, edges.giver, back.other, start[:-1].copy())
    return back


@njit()
def _transpose(start: Array, giver: Ints, taker: Ints, free: Array) -> None:
    for i in range(len(start) - 1):
        for e in range(start[i], start[i + 1]):
            at = free[giver[e]]
            free[giver[e]] = at + 1
            taker[at] = i


def unknown(edges: Edges, back: Links) -> Links:
    """Return whom each company gives to without being given to, as far as known.

    Parameters
    ----------
    edges : Edges
    back : Links
        `by_giver` of the same edges.
    """
    start = np.zeros_like(back.start)
    other = np.empty_like(back.other)
    n = _unknown(edges.start, edges.giver, back.start, back.other, start, other)
    return Links(start, other[:n])


@njit()
def _unknown(
    start: Array,
    giver: Ints,
    back_start: Array,
    taker: Ints,
    to_start: Array,
    to_other: Ints,
) -> Whole:
    """Fill in the links; return how many there are."""
    n = 0
    for i in range(len(start) - 1):
        to_start[i] = n
        known, last = start[i], start[i + 1]
        for e in range(back_start[i], back_start[i + 1]):
            while known < last and giver[known] < taker[e]:
                known += 1
            to_other[n] = taker[e]
            n += known == last or giver[known] != taker[e]
    to_start[len(start) - 1] = n
    return n


class Back(NamedTuple):
    """What computing the missing directions reads."""

    columns: Columns
    missing: Links  # those whom each company gives to and may not take from yet
    widths: tuple[int, int]  # number of columns of topics and of words


class Found(NamedTuple):
    """Matches in the missing directions, in order of (taker, giver)."""

    taker: Ints
    giver: Ints
    score: Ints
    need: Ints
    offering: Ints


def backwards(block: tuple[int, int], shared: Back) -> Found:
    """For companies in a range: their best match with each that it is missing with."""
    start, other = shared.missing
    own = slice(int(start[block[0]]), int(start[block[1]]))
    score, need, offering = (np.zeros(own.stop - own.start, np.int32) for _ in range(3))
    columns, (n_topics, n_words) = shared.columns, shared.widths
    _backwards(
        columns.needs,
        columns.offerings,
        columns.scene,
        (start, other),
        block,
        np.zeros(n_topics * ASIDE, np.int32),
        np.zeros((ASIDE, n_words), np.int16),
        np.empty((TOGETHER, len(ALIKE)), np.int64),
        (score, need, offering),
    )
    hit = np.flatnonzero(score)
    degree = np.diff(start[block[0] : block[1] + 1])
    taker = np.repeat(np.arange(*block, dtype=np.int32), degree)
    return Found(taker[hit], other[own][hit], score[hit], need[hit], offering[hit])


@njit()
def _backwards(
    needs: Side,
    offerings: Side,
    scene: Scene,
    missing: tuple[Array, Ints],
    block: tuple[int, int],
    topics: Array,
    words: Array,
    alike: Array,
    found: tuple[Ints, Ints, Ints],
) -> None:
    """Compare the needs of each company with those it may take from, some at once."""
    first, own_topics, own_words = needs.first, needs.topics, needs.words
    for i in range(block[0], block[1]):
        for begin in range(first[i], first[i + 1], ASIDE):
            end = min(begin + ASIDE, first[i + 1])
            for need in range(begin, end):
                spread_out(own_topics, need, topics[need - begin :: ASIDE])
                spread_out(own_words, need, words[need - begin])
            some = i, begin, end, missing[0][block[0]]
            _look_back(
                needs, offerings, scene, missing, some, topics, words, alike, found
            )
            for need in range(begin, end):
                clear(own_topics, need, topics[need - begin :: ASIDE])
                clear(own_words, need, words[need - begin])


@njit()
def _look_back(
    needs: Side,
    offerings: Side,
    scene: Scene,
    missing: tuple[Array, Ints],
    some: tuple[Whole, Whole, Whole, Whole],
    topics: Array,
    words: Array,
    alike: Array,
    found: tuple[Ints, Ints, Ints],
) -> None:
    """Compare needs begin to end of company i with those it may take from.

    some : i, begin, end, and the edge at which `found` begins
    topics, words : the needs, densely; topics side by side
    alike : room for rows of ALIKE, what has yet to be compared word by word
    """
    start, giver = missing
    i, begin, end, offset = some
    traits, offers, offered = needs.traits, offerings.traits, offerings.first
    column, weights = offerings.topics.column, offerings.topics.weight
    rows = offerings.topics.start
    firms, borders, rules = scene.firms, scene.borders, scene.rules
    no_paid = firms[i].no_paid
    cosine, n = np.zeros(ASIDE, np.int64), 0
    for e in range(start[i], start[i + 1]):
        other = giver[e]
        following = giver[min(e + AHEAD, len(giver) - 1)]
        for theirs in range(offered[following], offered[following + 1]):
            fetch(rows, column, weights, theirs)
        for theirs in range(offered[other], offered[other + 1]):
            _products(rows, theirs, column, weights, topics, cosine)
            its = offers[theirs]
            for need in range(begin, end):
                topic = min(cosine[need - begin], np.int64(COSINE))
                if topic < rules.least_topic or (no_paid and its.paid == PAID):
                    continue
                times = weight(traits[need], its, borders, rules)
                if times > 0:
                    alike[n, 0], alike[n, 1], alike[n, 2] = e - offset, need, theirs
                    alike[n, 3], alike[n, 4] = topic, times
                    n += 1
            if n > TOGETHER - ASIDE:
                _note_best(offerings.words, rules, begin, words, alike[:n], found)
                n = 0
    _note_best(offerings.words, rules, begin, words, alike[:n], found)


@njit(inline="always")
def _products(
    start: Array, i: Whole, column: Array, weight: Array, dense: Array, out: Array
) -> None:
    """Write the products of a sparse row and ASIDE dense ones, interleaved."""
    a = b = c = d = np.int32(0)
    for p in entries(start, i):
        at, value = np.uint64(column[p]) * np.uint64(ASIDE), np.int32(weight[p])
        a += value * dense[at]
        b += value * dense[at + np.uint64(1)]
        c += value * dense[at + np.uint64(2)]
        d += value * dense[at + np.uint64(3)]
    out[0], out[1], out[2], out[3] = a, b, c, d


@njit()
def _note_best(
    texts: Rows,
    rules: Rules,
    begin: Whole,
    words: Array,
    alike: Array,
    found: tuple[Ints, Ints, Ints],
) -> None:
    """Compare word by word, and note the best match of each edge.

    Equal scores: the earlier need, then the earlier offering.
    """
    start, column, weights = texts
    score, which_need, which_offering = found
    for x in range(len(alike)):
        following = alike[min(x + 2 * AHEAD, len(alike) - 1), 2]
        fetch(start, column, weights, following)
        e, need, theirs = alike[x, 0], alike[x, 1], alike[x, 2]
        text = dot(start, column, weights, theirs, words[need - begin])
        value = content(alike[x, 3], text, rules) * alike[x, 4] >> BITS
        if value < rules.floor or value <= 0:
            continue
        tied = value == score[e] and need < which_need[e]
        if value > score[e] or tied:
            score[e], which_need[e], which_offering[e] = value, need, theirs


def joined(parts: Sequence[Found]) -> Found:
    """Put results of `backwards` for consecutive blocks of all companies together."""
    return Found(*map(np.concatenate, zip(*parts, strict=True)))
