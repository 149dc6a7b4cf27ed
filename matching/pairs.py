"""Directions between companies -> scored pairs."""

from typing import NamedTuple

import numpy as np

from matching.columns import BITS, Columns, Scene, Side
from matching.directions import Edges, Found, Ints, Links
from matching.kernels import Array, Whole, njit
from matching.scoring import (
    PAID,
    blank_rows,
    clear,
    content,
    dot,
    may_meet,
    spread_out,
    weight,
)


class Pairs(NamedTuple):
    """Pairs a < b in order of (a, b); side 0: b helps a, side 1: a helps b."""

    a: Ints
    b: Ints
    score: Array  # int32 (m, 2); 0 where there is no match
    need: Array  # int32 (m, 2); -1 where there is no match
    offering: Array  # int32 (m, 2)


def merge(edges: Edges, back: Links, found: Found) -> Pairs:
    """Join both directions of every pair.

    Parameters
    ----------
    edges : Edges
    back : Links
        `by_giver` of the same edges.
    found : Found
        What was missing there.
    """
    room = len(edges.giver)
    pairs = Pairs(
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        *(np.empty((room, 2), np.int32) for _ in range(3)),
    )
    first = np.zeros(len(edges.start), np.int64)
    n = _merge(edges, back.start, back.other, edges.start[:-1].copy(), pairs, first)
    pairs = Pairs(*(column[:n] for column in pairs))
    _complete(found, pairs, first)
    return pairs


@njit()
def _merge(
    edges: Edges,
    back_start: Array,
    taker: Ints,
    edge: Array,
    pairs: Pairs,
    first: Array,
) -> Whole:
    """Fill in what `edges` know; of company i as `a` at first[i] to first[i + 1].

    `edge` has the next edge of each taker: givers come in rising order here, too.
    """
    n = 0
    beyond = np.int32(2147483647)
    start, giver, ends_a, ends_b = edges.start, edges.giver, pairs.a, pairs.b
    known = (edges.score, edges.need, edges.offering)
    out = (pairs.score, pairs.need, pairs.offering)
    for i in range(len(back_start) - 1):
        p, q = start[i], back_start[i]
        p_end, q_end = start[i + 1], back_start[i + 1]
        first[i] = n
        while p < p_end or q < q_end:
            gives = giver[p] if p < p_end else beyond
            takes = taker[q] if q < q_end else beyond
            other = min(gives, takes)
            if other > i:
                ends_a[n], ends_b[n] = i, other
                _put(out, n, 0, known, p if gives == other else np.int64(-1))
                _put(out, n, 1, known, edge[other] if takes == other else np.int64(-1))
                n += 1
            if takes == other:
                edge[other] += 1
            p += gives == other
            q += takes == other
    first[len(back_start) - 1] = n
    return n


@njit()
def _put(
    out: tuple[Array, ...], n: Whole, side: Whole, known: tuple[Ints, ...], at: Whole
) -> None:
    """Write a direction of a pair; at -1 there is none yet."""
    out[0][n, side] = known[0][at] if at >= 0 else 0
    out[1][n, side] = known[1][at] if at >= 0 else -1
    out[2][n, side] = known[2][at] if at >= 0 else -1


@njit()
def _complete(found: Found, pairs: Pairs, first: Array) -> None:
    """Write the directions that were missing."""
    for x in range(len(found.score)):
        one, other = found.taker[x], found.giver[x]
        a, b, side = min(one, other), max(one, other), 0 if one < other else 1
        n = first[a] + np.searchsorted(pairs.b[first[a] : first[a + 1]], b)
        pairs.score[n, side] = found.score[x]
        pairs.need[n, side] = found.need[x]
        pairs.offering[n, side] = found.offering[x]


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
