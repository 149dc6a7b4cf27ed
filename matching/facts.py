"""What the score of a match is made of, and what it would be without each part."""

from typing import Any, NamedTuple

import numpy as np

from matching.columns import BITS, FAR_KM, ONSITE, REMOTE, Columns, Rules
from matching.kernels import Array, Record, Whole, njit
from matching.region import OTHER, SAME, UNKNOWN, distance, own_factor, related
from matching.scoring import clear, content, dot, help_factor, spread_out
from matching.sparse_rows import Rows

NOTED = 6  # topics per match
TENTH = 10  # a topic is named if it has a tenth of the topic cosine


class Facts(NamedTuple):
    """Arrays with one entry per match, or the whole numbers of one match."""

    shared: Any  # int32 (n, NOTED): topics by falling share; -1 none
    score: Any  # int64, in steps of 1 / COSINE
    topic: Any
    text: Any
    region: Any  # int64, in steps of 1 / FACTOR
    help: Any
    fresh: Any
    km: Any  # -1 when unknown
    relation: Any  # of the states: same, bordering, other; UNKNOWN
    if_far: Any  # the region factor, were they 600 km apart
    if_elsewhere: Any  # … were their states not neighbours
    if_onsite: Any  # … were the remote side on site only
    if_near: Any  # … were they in one place
    if_same: Any  # … and were they in one state


def facts(
    columns: Columns,
    need: Array,
    offering: Array,
    *,
    n_topics: int,
    widths: tuple[int, int],
) -> Facts:
    """Take matches apart.

    Parameters
    ----------
    columns : Columns
    need, offering : int arrays of shape (n,)
    n_topics : int
        How many columns are topics; the others are use cases.
    widths : tuple
        Number of columns of topics (with use cases) and of words.
    """
    n = len(need)
    found = Facts(
        np.full((n, NOTED), -1, np.int32),
        *(np.zeros(n, np.int64) for _ in range(13)),
    )
    dense = np.zeros(widths[0], np.int16), np.zeros(widths[1], np.int16)
    _take_apart(columns, need, offering, n_topics, *dense, found)
    return found


@njit()
def _take_apart(
    columns: Columns,
    need: Array,
    offering: Array,
    n_topics: Whole,
    topics: Array,
    words: Array,
    out: Facts,
) -> None:
    needs, offerings = columns.needs, columns.offerings
    t, w = offerings.topics, offerings.words
    for i in range(len(need)):
        d, o = need[i], offering[i]
        spread_out(needs.topics, d, topics)
        spread_out(needs.words, d, words)
        out.topic[i] = dot(t.start, t.column, t.weight, o, topics)
        out.text[i] = dot(w.start, w.column, w.weight, o, words)
        _name_topics(offerings.topics, o, topics, n_topics, out.topic[i], out.shared[i])
        clear(needs.topics, d, topics)
        clear(needs.words, d, words)
        one, other = needs.traits[d], offerings.traits[o]
        _places(one, other, columns.borders, columns.rules, i, out)
        out.help[i] = help_factor(one.help, other.help, columns.rules)
        out.fresh[i] = min(one.fresh, other.fresh)
        times = (((out.region[i] * out.help[i]) >> BITS) * out.fresh[i]) >> BITS
        inside = content(out.topic[i], out.text[i], columns.rules)
        out.score[i] = (inside * times) >> BITS


@njit()
def _places(
    one: Record, other: Record, borders: Array, rules: Rules, i: Whole, out: Facts
) -> None:
    """Note distance, states, and what the region factor would be otherwise."""
    km = distance(one, other)
    relation = related(one.state, other.state, borders)
    out.km[i], out.relation[i] = km, relation
    far = km if km < 0 else max(km, np.int64(FAR_KM))
    near = km if km < 0 else np.int64(0)
    elsewhere = relation if relation == UNKNOWN else np.int64(OTHER)
    same = relation if relation == UNKNOWN else np.int64(SAME)
    out.region[i] = _factor(one, other, km, relation, REMOTE, rules)
    out.if_far[i] = _factor(one, other, far, relation, REMOTE, rules)
    out.if_elsewhere[i] = _factor(one, other, km, elsewhere, REMOTE, rules)
    out.if_onsite[i] = _factor(one, other, km, relation, ONSITE, rules)
    out.if_near[i] = _factor(one, other, near, relation, REMOTE, rules)
    out.if_same[i] = _factor(one, other, km, same, REMOTE, rules)


@njit()
def _factor(
    one: Record, other: Record, km: Whole, relation: Whole, remote: Whole, rules: Rules
) -> Whole:
    """Return the region factor in other circumstances; `remote` replaces REMOTE."""
    ours, theirs = np.int64(one.reach), np.int64(other.reach)
    ours = np.int64(remote) if ours == REMOTE else ours
    theirs = np.int64(remote) if theirs == REMOTE else theirs
    first = own_factor(ours, np.int64(one.radius), km, relation, rules)
    return min(first, own_factor(theirs, np.int64(other.radius), km, relation, rules))


@njit()
def _name_topics(
    rows: Rows, i: Whole, dense: Array, n_topics: Whole, whole: Whole, named: Array
) -> None:
    """Note the topics that contribute most to a cosine, if they contribute enough."""
    worth = np.zeros(len(named), np.int64)
    for p in range(rows.start[i], rows.start[i + 1]):
        topic = rows.column[p]
        if topic >= n_topics:
            break
        part = np.int64(rows.weight[p]) * np.int64(dense[topic])
        if part == 0 or part * TENTH < whole:
            continue
        at = len(worth)
        while at > 0 and part > worth[at - 1]:
            at -= 1
        for q in range(len(worth) - 1, at, -1):
            worth[q], named[q] = worth[q - 1], named[q - 1]
        if at < len(worth):
            worth[at], named[at] = part, topic
