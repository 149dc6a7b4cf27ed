"""The best offerings of needs -> scored pairs of companies, in both directions.

First, for every company the best that its needs found, one per giver. A pair is known
in that direction only; the other is then computed for just those pairs where it is
missing. No sorting of pairs anywhere: companies are visited in order, and the
transpose of a sparse matrix is a counting sort.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.best_offerings import Kept
from matching.columns import BITS, Array, Columns, Scene, Side, Whole
from matching.kernels import njit
from matching.lists import LAST
from matching.scoring import (
    PAID,
    blank_rows,
    clear,
    content,
    dot,
    fetch,
    may_meet,
    spread_out,
    weight,
)

Ints = npt.NDArray[np.int32]
AHEAD = 2  # companies asked for before they are looked at


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
                if value > score[e]:
                    score[e], need_of[e], offering_of[e] = value, need, offering
        for e in range(old, n):
            place[giver[e]] = -1
        order = np.argsort(giver[old:n])
        for column in (giver, score, need_of, offering_of):
            column[old:n] = column[old:n][order]
    start[n_companies] = n
    return n


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
    _transpose(edges.start, edges.giver, back, start[:-1].copy())
    return back


@njit()
def _transpose(start: Array, giver: Ints, back: ByGiver, free: Array) -> None:
    taker, edge, slot = back.taker, back.edge, back.slot
    for i in range(len(start) - 1):
        for e in range(start[i], start[i + 1]):
            at = free[giver[e]]
            free[giver[e]] = at + 1
            taker[at], edge[at], slot[e] = i, e, at


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
    columns, back, edges = shared.columns, shared.by_giver, shared.edges
    _backwards(
        columns.needs,
        columns.offerings,
        columns.scene,
        (edges.start, edges.giver),
        (back.start, back.taker),
        block,
        *blank_rows(shared.widths),
        (score, need, offering),
    )
    return score, need, offering


@njit()
def _backwards(
    needs: Side,
    offerings: Side,
    scene: Scene,
    forth: tuple[Array, Array],
    back: tuple[Array, Array],
    block: tuple[int, int],
    topics: Array,
    words: Array,
    found: tuple[Ints, Ints, Ints],
) -> None:
    start, giver = forth
    back_start, taker = back
    score, which_need, which_offering = found
    first, offered = needs.first, offerings.first
    traits, offers = needs.traits, offerings.traits
    own_topics, own_words = needs.topics, needs.words
    t, w = offerings.topics, offerings.words
    t_start, t_column, t_weight = t.start, t.column, t.weight
    w_start, w_column, w_weight = w.start, w.column, w.weight
    firms, borders, rules = scene.firms, scene.borders, scene.rules
    offset = back_start[block[0]]
    for i in range(block[0], block[1]):
        for mine in range(first[i], first[i + 1]):
            spread_out(own_topics, mine, topics)
            spread_out(own_words, mine, words)
            one, no_paid = traits[mine], firms[i].no_paid
            known, end = start[i], start[i + 1]
            for e in range(back_start[i], back_start[i + 1]):
                other = taker[e]
                following = taker[min(e + AHEAD, len(taker) - 1)]
                for theirs in range(offered[following], offered[following + 1]):
                    fetch(t_start, t_column, t_weight, theirs)
                    fetch(w_start, w_column, w_weight, theirs)
                while known < end and giver[known] < other:
                    known += 1
                if known < end and giver[known] == other:
                    continue
                best = score[e - offset]
                for theirs in range(offered[other], offered[other + 1]):
                    topic = dot(t_start, t_column, t_weight, theirs, topics)
                    if topic < rules.least_topic:
                        continue
                    its = offers[theirs]
                    times = weight(one, its, borders, rules)
                    if times == 0 or (no_paid and its.paid == PAID):
                        continue
                    text = dot(w_start, w_column, w_weight, theirs, words)
                    value = content(topic, text, rules) * times >> BITS
                    if value >= rules.floor and value > best:
                        best = np.int32(value)
                        score[e - offset] = best
                        which_need[e - offset] = mine
                        which_offering[e - offset] = theirs
            clear(own_topics, mine, topics)
            clear(own_words, mine, words)


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
    _score_between(
        columns.needs, columns.offerings, columns.scene, *blank_rows(widths), pairs
    )
    return pairs


@njit()
def _score_between(
    needs: Side,
    offerings: Side,
    scene: Scene,
    topics: Array,
    words: Array,
    pairs: Pairs,
) -> None:
    rules, firms = scene.rules, scene.firms
    t, w = offerings.topics, offerings.words
    for i in range(len(pairs.a)):
        if not may_meet(firms, scene.apart, scene.others, pairs.a[i], pairs.b[i]):
            continue
        for side in range(2):
            taker = pairs.b[i] if side else pairs.a[i]
            giver = pairs.a[i] if side else pairs.b[i]
            for need in range(needs.first[taker], needs.first[taker + 1]):
                spread_out(needs.topics, need, topics)
                spread_out(needs.words, need, words)
                for theirs in range(offerings.first[giver], offerings.first[giver + 1]):
                    its = offerings.traits[theirs]
                    topic = dot(t.start, t.column, t.weight, theirs, topics)
                    times = weight(needs.traits[need], its, scene.borders, rules)
                    if topic < rules.least_topic or times == 0:
                        continue
                    if firms[taker].no_paid and its.paid == PAID:
                        continue
                    text = dot(w.start, w.column, w.weight, theirs, words)
                    score = content(topic, text, rules) * times >> BITS
                    if score >= rules.floor and score > pairs.score[i, side]:
                        pairs.score[i, side] = score
                        pairs.need[i, side] = need
                        pairs.offering[i, side] = theirs
                clear(needs.topics, need, topics)
                clear(needs.words, need, words)


class Found(NamedTuple):
    """The missing directions, one per slot of `ByGiver`."""

    score: Ints
    need: Ints
    offering: Ints


def joined(missing: Sequence[tuple[Ints, Ints, Ints]]) -> Found:
    """Put results of `backwards` for consecutive blocks of all companies together."""
    return Found(*(np.concatenate([part[i] for part in missing]) for i in range(3)))


def merge(edges: Edges, back: ByGiver, found: Found) -> Pairs:
    """Join both directions of every pair.

    Parameters
    ----------
    edges : Edges
    back : ByGiver
        Of the same edges.
    found : Found
        Likewise.
    """
    room = len(edges.giver)
    pairs = Pairs(
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        *(np.empty((room, 2), np.int32) for _ in range(3)),
    )
    n = _merge(edges, back, found, pairs)
    return Pairs(*(column[:n] for column in pairs))


@njit()
def _merge(edges: Edges, back: ByGiver, found: Found, pairs: Pairs) -> Whole:
    n = 0
    beyond = np.int32(2147483647)
    start, giver, back_start, taker = edges.start, edges.giver, back.start, back.taker
    edge, slot, ends_a, ends_b = back.edge, back.slot, pairs.a, pairs.b
    forth = (edges.score, edges.need, edges.offering)
    missing = (found.score, found.need, found.offering)
    out = (pairs.score, pairs.need, pairs.offering)
    for i in range(len(back_start) - 1):
        p, q = start[i], back_start[i]
        p_end, q_end = start[i + 1], back_start[i + 1]
        while p < p_end or q < q_end:
            gives = giver[p] if p < p_end else beyond
            takes = taker[q] if q < q_end else beyond
            other = min(gives, takes)
            if other > i:
                ends_a[n], ends_b[n] = i, other
                if gives == other:
                    _put(out, n, 0, forth, p)
                else:
                    _put(out, n, 0, missing, q)
                if takes == other:
                    _put(out, n, 1, forth, edge[q])
                else:
                    _put(out, n, 1, missing, slot[p])
                n += 1
            p += gives == other
            q += takes == other
    return n


@njit()
def _put(
    out: tuple[Array, ...], n: Whole, side: Whole, source: tuple[Ints, ...], at: Whole
) -> None:
    found = source[0][at] > 0
    out[0][n, side] = source[0][at] if found else 0
    out[1][n, side] = source[1][at] if found else -1
    out[2][n, side] = source[2][at] if found else -1
