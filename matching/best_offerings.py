"""Candidates -> the best offerings of each need, their texts compared."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.candidates import Index, search
from matching.columns import BITS, Columns, Scene, Side
from matching.instructions import borrowed
from matching.kernels import Array, Whole, entries, keep_best, njit
from matching.lists import LAST
from matching.scoring import blank_rows, content, dot, fetch, weight
from matching.settings import Settings

AHEAD = 2  # offerings asked for before they are compared


class Shared(NamedTuple):
    """What every block of needs reads."""

    columns: Columns
    register: Index
    widths: tuple[int, int]  # number of columns of topics and of words
    looked_at: int
    per_need: int

    @classmethod
    def of(
        cls,
        columns: Columns,
        index: Index,
        widths: tuple[int, int],
        settings: Settings,
    ) -> "Shared":
        """Take the limits from the settings."""
        return cls(columns, index, widths, settings.looked_at, settings.per_need)


class Kept(NamedTuple):
    """The best offerings of some needs: keys as in `lists.Lists`, by score."""

    need: Array  # int64 (n,)
    number: Array  # int64 (n,): how many each has
    key: Array  # int64, for each need in turn, in no order


def best_offerings(needs: Array, shared: Shared) -> Kept:
    """Find the best offerings of some needs, their texts compared.

    Parameters
    ----------
    needs : int64 array
        All near-by or all wide, see `candidates.search`.
    shared : Shared
    """
    columns = shared.columns
    found = search(columns, shared.register, needs, shared.looked_at)
    count = np.array([len(keys) for keys in found], np.int64)
    key = np.concatenate([np.zeros(0, np.int64), *found])
    n = _compare(
        columns.needs,
        columns.offerings,
        columns.scene,
        needs,
        shared.per_need,
        *blank_rows(shared.widths),
        count,
        key,
    )
    return Kept(needs, count, key[:n].copy())


def met_by(kept: Sequence[Kept], n_needs: int) -> npt.NDArray[np.bool_]:
    """Return which of all needs have at least one offering."""
    met = np.zeros(n_needs, np.bool_)
    for one in kept:
        met[one.need] = one.number > 0
    return met


@njit()
def _compare(
    asked: Side,
    offerings: Side,
    scene: Scene,
    needs: Array,
    most: Whole,
    topics: Array,
    words: Array,
    count: Array,
    key: Array,
) -> Whole:
    """Replace keys by product with those by score, the best `most` of each need.

    Returns how many keys there are then; they stand at the front.
    """
    asked, offerings, scene = borrowed((asked, offerings, scene))
    topics, words, key = borrowed((topics, words, key))
    borders, rules = scene.borders, scene.rules
    traits, offers = asked.traits, offerings.traits
    a, b = asked.words, offerings.words
    a_start, a_column, a_weight = a.start, a.column, a.weight
    b_start, b_column, b_weight = b.start, b.column, b.weight
    c, d = asked.topics, offerings.topics
    c_start, c_column, c_weight = c.start, c.column, c.weight
    d_start, d_column, d_weight = d.start, d.column, d.weight
    at = n = 0
    for one in range(len(needs)):
        need = needs[one]
        for p in entries(a_start, need):
            words[a_column[p]] = a_weight[p]
        for p in entries(c_start, need):
            topics[c_column[p]] = c_weight[p]
        begin = n
        for x in range(at, at + count[one]):
            following = LAST - (key[min(x + AHEAD, len(key) - 1)] & LAST)
            fetch(b_start, b_column, b_weight, following)
            fetch(d_start, d_column, d_weight, following)
            offering = LAST - (key[x] & LAST)
            times = weight(traits[need], offers[offering], borders, rules)
            text = dot(b_start, b_column, b_weight, offering, words)
            topic = dot(d_start, d_column, d_weight, offering, topics)
            score = content(topic, text, rules) * times >> BITS
            if score >= rules.floor and score > 0:
                key[n] = (score << np.int64(32)) | (LAST - offering)
                n += 1
        at += count[one]
        for p in entries(a_start, need):
            words[a_column[p]] = 0
        for p in entries(c_start, need):
            topics[c_column[p]] = 0
        if n > begin + most:
            keep_best(key[begin:n], n - begin, most)
            n = begin + most
        count[one] = n - begin
    return n
