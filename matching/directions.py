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


class Back(NamedTuple):
    """What computing the missing directions reads."""

    columns: Columns
    forth: Links  # the givers of each taker
    back: Links  # the takers of each giver
    widths: tuple[int, int]  # number of columns of topics and of words


class Found(NamedTuple):
    """Matches in the missing directions, in order of (taker, giver)."""

    taker: Ints
    giver: Ints
    score: Ints
    need: Ints
    offering: Ints


def backwards(block: tuple[int, int], shared: Back) -> Found:
    """For companies in a range: their best match with each company they give to.

    Only where it is unknown: a company that is no giver of theirs yet.
    """
    start, other = shared.back
    own = slice(int(start[block[0]]), int(start[block[1]]))
    score, need, offering = (np.zeros(own.stop - own.start, np.int32) for _ in range(3))
    columns = shared.columns
    _backwards(
        columns.needs,
        columns.offerings,
        columns.scene,
        (*shared.forth, *shared.back),
        block,
        *blank_rows(shared.widths),
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
    links: tuple[Array, Ints, Array, Ints],
    block: tuple[int, int],
    topics: Array,
    words: Array,
    found: tuple[Ints, Ints, Ints],
) -> None:
    start, giver, back_start, taker = links
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


def joined(parts: Sequence[Found]) -> Found:
    """Put results of `backwards` for consecutive blocks of all companies together."""
    return Found(*map(np.concatenate, zip(*parts, strict=True)))
