"""Candidates -> scored pairs of companies, in both directions.

First, for every company the best that its needs find (texts compared, best kept per
giver). A pair is known in that direction only; the other is then computed for just
those pairs where it is missing. No sorting of pairs anywhere: companies are visited
in order, and the transpose of a sparse matrix is a counting sort.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.candidates import LAST, Index, Scratch, scratch, search
from matching.columns import BITS, Array, Columns, Whole
from matching.kernels import njit
from matching.scoring import (
    clear,
    content,
    dot,
    may_match,
    spread_out,
    weight,
)
from matching.settings import Settings

Ints = npt.NDArray[np.int32]


class Edges(NamedTuple):
    """The best match per taker and giver; of taker i at start[i] to start[i + 1]."""

    start: Array  # int64 (n_companies + 1,)
    giver: Ints  # rising within a taker
    score: Ints  # in steps of 1 / COSINE
    need: Ints
    offering: Ints


class Pairs(NamedTuple):
    """Pairs a < b in order of (a, b); side 0: b helps a, side 1: a helps b."""

    a: Ints
    b: Ints
    score: Array  # int32 (m, 2); 0 where there is no match
    need: Array  # int32 (m, 2); -1 where there is no match
    offering: Array  # int32 (m, 2)


class Shared(NamedTuple):
    """What every block of companies reads."""

    columns: Columns
    register: Index
    n_words: int
    looked_at: int
    per_need: int

    @classmethod
    def of(
        cls, columns: Columns, index: Index, n_words: int, settings: Settings
    ) -> "Shared":
        """Take the limits from the settings."""
        return cls(columns, index, n_words, settings.looked_at, settings.per_need)


class Taken(NamedTuple):
    """What the needs of some companies found."""

    met: Array  # bool, per need: whether any offering reaches the floor
    edges: Edges  # `start` counts from 0 within the block


def takers(block: tuple[int, int], shared: Shared) -> Taken:
    """Find the best matches of the companies in a range.

    Parameters
    ----------
    block : (first, end)
        Companies.
    shared : Shared

    """
    columns, per_need = shared.columns, shared.per_need
    needs = columns.needs.first[block[0]], columns.needs.first[block[1]]
    room = int(needs[1] - needs[0]) * per_need
    edges = Edges(
        np.zeros(block[1] - block[0] + 1, np.int64),
        *(np.empty(room, np.int32) for _ in range(4)),
    )
    met = np.zeros(int(needs[1] - needs[0]), np.bool_)
    n = _takers(
        columns,
        shared.register,
        block[0],
        block[1],
        shared.looked_at,
        per_need,
        scratch(shared.register, shared.looked_at),
        np.zeros(shared.n_words, np.int16),
        met,
        edges,
    )
    return Taken(met, Edges(edges.start, *(c[:n].copy() for c in edges[1:])))


@njit()
def _takers(
    columns: Columns,
    index: Index,
    begin: Whole,
    end: Whole,
    looked_at: Whole,
    per_need: Whole,
    mem: Scratch,
    words: Array,
    met: Array,
    edges: Edges,
) -> Whole:
    """Fill `edges` and `met`; return how many edges there are."""
    needs = columns.needs
    at = np.full(len(columns.firms.active), -1, np.int32)
    keys = np.zeros(looked_at, np.int64)
    n = 0
    for taker in range(begin, end):
        edges.start[taker - begin] = n
        old = n
        for need in range(needs.first[taker], needs.first[taker + 1]):
            found = 0
            if columns.firms.active[taker]:
                found = search(columns, index, need, looked_at, mem)
            found = _compare(columns, need, found, mem.key, words, keys)
            found = min(found, per_need)
            met[need - needs.first[begin]] = found > 0
            for x in range(found):
                offering = np.int32(LAST - (keys[x] & LAST))
                score = np.int32(keys[x] >> np.int64(32))
                giver = columns.offerings.company[offering]
                if at[giver] < 0:
                    at[giver] = n
                    edges.giver[n] = giver
                    edges.score[n] = 0
                    n += 1
                e = at[giver]
                # Equal scores: the earlier need, then the earlier offering.
                if score > edges.score[e]:
                    edges.score[e] = score
                    edges.need[e] = need
                    edges.offering[e] = offering
        for e in range(old, n):
            at[edges.giver[e]] = -1
        order = np.argsort(edges.giver[old:n])
        for column in (edges.giver, edges.score, edges.need, edges.offering):
            column[old:n] = column[old:n][order]
    edges.start[end - begin] = n
    return n


@njit()
def _compare(
    columns: Columns,
    need: Whole,
    found: Whole,
    candidate: Array,
    words: Array,
    keys: Array,
) -> Whole:
    """Score candidates with their texts; keep those above the floor, best first."""
    rules, offerings = columns.rules, columns.offerings
    spread_out(columns.needs.words, need, words)
    n = 0
    for x in range(found):
        offering = LAST - (candidate[x] & LAST)
        times = weight(columns.needs, need, offerings, offering, columns.borders, rules)
        product = candidate[x] >> np.int64(32)
        topic = _topic(columns, need, offering)
        if topic < rules.least_topic or product == 0:
            continue
        text = dot(offerings.words, offering, words)
        score = content(topic, text, rules) * times >> BITS
        if score >= rules.floor and score > 0:
            keys[n] = (score << np.int64(32)) | (LAST - offering)
            n += 1
    clear(columns.needs.words, need, words)
    keys[:n] = -np.sort(-keys[:n])
    return n


def best_offerings(shared: Shared, need: int) -> Ints:
    """Return the best offerings of one need, as many as `per_need`, best first."""
    columns = shared.columns
    mem = scratch(shared.register, shared.looked_at)
    keys = np.zeros(shared.looked_at, np.int64)
    found = search(columns, shared.register, need, shared.looked_at, mem)
    words = np.zeros(shared.n_words, np.int16)
    n = min(_compare(columns, need, found, mem.key, words, keys), shared.per_need)
    return (LAST - (keys[:n] & LAST)).astype(np.int32)


@njit()
def _topic(columns: Columns, need: Whole, offering: Whole) -> Whole:
    """Return the topic cosine of two sparse rows."""
    a, b = columns.needs.topics, columns.offerings.topics
    p, q = a.start[need], b.start[offering]
    p_end, q_end = a.start[need + 1], b.start[offering + 1]
    total = np.int64(0)
    while p < p_end and q < q_end:
        if a.column[p] == b.column[q]:
            total += np.int64(a.weight[p]) * np.int64(b.weight[q])
            p += 1
            q += 1
        elif a.column[p] < b.column[q]:
            p += 1
        else:
            q += 1
    return min(total, np.int64(1 << 24))


def join(blocks: Sequence[Edges]) -> Edges:
    """Put the edges of consecutive blocks of takers in a row."""
    sizes = np.concatenate(
        [np.diff(block.start) for block in blocks] or [np.zeros(0, np.int64)]
    )
    start = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=start[1:])
    return Edges(start, *(np.concatenate([b[i] for b in blocks]) for i in range(1, 5)))


class ByGiver(NamedTuple):
    """The transpose of `Edges`; of giver i at start[i] to start[i + 1]."""

    start: Array  # int64 (n_companies + 1,)
    taker: Ints  # rising within a giver
    edge: Ints  # number among `Edges`
    slot: Ints  # place of each of the `Edges` here: the inverse of `edge`


def by_giver(edges: Edges) -> ByGiver:
    """Return the edges by giver."""
    n = len(edges.start) - 1
    start = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(edges.giver, minlength=n), out=start[1:])
    back = ByGiver(start, *(np.empty(len(edges.giver), np.int32) for _ in range(3)))
    _transpose(edges, back, start[:-1].copy())
    return back


@njit()
def _transpose(edges: Edges, back: ByGiver, free: Array) -> None:
    for i in range(len(edges.start) - 1):
        for e in range(edges.start[i], edges.start[i + 1]):
            at = free[edges.giver[e]]
            free[edges.giver[e]] = at + 1
            back.taker[at] = i
            back.edge[at] = e
            back.slot[e] = at


class Back(NamedTuple):
    """What computing the missing directions reads."""

    columns: Columns
    edges: Edges
    by_giver: ByGiver
    widths: tuple[int, int]  # number of columns of topics and of words


def backwards(block: tuple[int, int], shared: Back) -> tuple[Ints, Ints, Ints]:
    """For companies in a range: their best match with each company they give to.

    Only where it is unknown: a company that is no giver of theirs yet.

    Returns
    -------
    score, need, offering : int32 arrays
        One entry per edge of `by_giver` that belongs to these companies; score 0
        where there is no match or where the direction was known.
    """
    start = shared.by_giver.start
    n = int(start[block[1]] - start[block[0]])
    score, need, offering = (np.zeros(n, np.int32) for _ in range(3))
    _backwards(
        shared.columns,
        shared.edges,
        shared.by_giver,
        block[0],
        block[1],
        np.zeros(shared.widths[0], np.int16),
        np.zeros(shared.widths[1], np.int16),
        score,
        need,
        offering,
    )
    return score, need, offering


@njit()
def _backwards(
    columns: Columns,
    edges: Edges,
    back: ByGiver,
    begin: Whole,
    end: Whole,
    topics: Array,
    words: Array,
    score: Array,
    need: Array,
    offering: Array,
) -> None:
    needs = columns.needs
    offset = back.start[begin]
    for i in range(begin, end):
        for mine in range(needs.first[i], needs.first[i + 1]):
            spread_out(needs.topics, mine, topics)
            spread_out(needs.words, mine, words)
            known = edges.start[i]
            for e in range(back.start[i], back.start[i + 1]):
                other = back.taker[e]
                while known < edges.start[i + 1] and edges.giver[known] < other:
                    known += 1
                if known < edges.start[i + 1] and edges.giver[known] == other:
                    continue
                found, theirs = _best(columns, mine, other, topics, words)
                if found > score[e - offset]:
                    score[e - offset] = found
                    need[e - offset] = mine
                    offering[e - offset] = theirs
            clear(needs.topics, mine, topics)
            clear(needs.words, mine, words)


@njit()
def _best(
    columns: Columns, need: Whole, giver: Whole, topics: Array, words: Array
) -> tuple[Whole, Whole]:
    """Return score and number of a company's best offering for a need; 0 for none.

    `topics` and `words` hold the need's vector, spread out.
    """
    offerings, rules = columns.offerings, columns.rules
    best, which = np.int64(0), -1
    for offering in range(offerings.first[giver], offerings.first[giver + 1]):
        topic = dot(offerings.topics, offering, topics)
        if topic < rules.least_topic:
            continue
        times = weight(columns.needs, need, offerings, offering, columns.borders, rules)
        if times == 0 or not may_match(columns, need, offering):
            continue
        text = dot(offerings.words, offering, words)
        score = content(topic, text, rules) * times >> BITS
        if score >= rules.floor and score > best:
            best, which = score, offering
    return best, which


def score_between(columns: Columns, a: Ints, b: Ints, widths: tuple[int, int]) -> Pairs:
    """Score some pairs of companies in both directions, by all their listings.

    Parameters
    ----------
    a, b : int32 arrays of shape (m,), a < b
    widths : number of columns of topics and of words
    """
    m = len(a)
    scores = np.zeros((m, 2), np.int32)
    needs, offerings = np.full((m, 2), -1, np.int32), np.full((m, 2), -1, np.int32)
    pairs = Pairs(a, b, scores, needs, offerings)
    dense = np.zeros(widths[0], np.int16), np.zeros(widths[1], np.int16)
    _score_between(columns, *dense, pairs)
    return pairs


@njit()
def _score_between(columns: Columns, topics: Array, words: Array, pairs: Pairs) -> None:
    needs = columns.needs
    for i in range(len(pairs.a)):
        for side in range(2):
            taker = pairs.b[i] if side else pairs.a[i]
            giver = pairs.a[i] if side else pairs.b[i]
            for need in range(needs.first[taker], needs.first[taker + 1]):
                spread_out(needs.topics, need, topics)
                spread_out(needs.words, need, words)
                score, offering = _best(columns, need, giver, topics, words)
                clear(needs.topics, need, topics)
                clear(needs.words, need, words)
                if score > pairs.score[i, side]:
                    pairs.score[i, side] = score
                    pairs.need[i, side] = need
                    pairs.offering[i, side] = offering


def merge(
    edges: Edges, back: ByGiver, missing: Sequence[tuple[Ints, Ints, Ints]]
) -> Pairs:
    """Join both directions of every pair.

    Parameters
    ----------
    edges : Edges
    back : ByGiver
        Of the same edges.
    missing : sequence
        Results of `backwards` for consecutive blocks of all companies.
    """
    found = Found(*(np.concatenate([part[i] for part in missing]) for i in range(3)))
    room = len(edges.giver)
    pairs = Pairs(
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.zeros((room, 2), np.int32),
        np.full((room, 2), -1, np.int32),
        np.full((room, 2), -1, np.int32),
    )
    n = _merge(edges, back, found, pairs)
    return Pairs(*(column[:n] for column in pairs))


class Found(NamedTuple):
    """The missing directions, one per slot of `ByGiver`."""

    score: Ints
    need: Ints
    offering: Ints


@njit()
def _merge(edges: Edges, back: ByGiver, found: Found, pairs: Pairs) -> Whole:
    n = 0
    beyond = np.int32(2147483647)
    for i in range(len(back.start) - 1):
        p, q = edges.start[i], back.start[i]
        p_end, q_end = edges.start[i + 1], back.start[i + 1]
        while p < p_end or q < q_end:
            giver = edges.giver[p] if p < p_end else beyond
            taker = back.taker[q] if q < q_end else beyond
            other = min(giver, taker)
            if other > i:
                pairs.a[n], pairs.b[n] = i, other
                if giver == other:
                    _put(pairs, n, 0, edges, p)
                else:
                    _put(pairs, n, 0, found, q)
                if taker == other:
                    _put(pairs, n, 1, edges, back.edge[q])
                else:
                    _put(pairs, n, 1, found, back.slot[p])
                n += 1
            p += giver == other
            q += taker == other
    return n


@njit()
def _put(pairs: Pairs, n: Whole, side: Whole, source: Edges | Found, at: Whole) -> None:
    if source.score[at] > 0:
        pairs.score[n, side] = source.score[at]
        pairs.need[n, side] = source.need[at]
        pairs.offering[n, side] = source.offering[at]
