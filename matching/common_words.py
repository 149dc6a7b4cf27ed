"""Words that a need and an offering can have in common, numbered anew.

A word that only needs have, or only offerings, multiplies with nothing. Without those a
row is shorter, numbers are small enough for two bytes in most registers, and the dense
row of a need stays close to the processor.
"""

import numpy as np
import numpy.typing as npt

from matching.kernels import COMPILED, Array, entries, njit
from matching.sparse_rows import Rows, only
from matching.stages import beside

Ints = npt.NDArray[np.int32]


def in_common(
    needs: Rows, offerings: Rows, n_words: int, most: int | None = None
) -> tuple[Rows, Rows]:
    """Drop the words that only one side has.

    Parameters
    ----------
    needs, offerings : Rows
        Of the same columns.
    n_words : int
        How many columns there are.
    most : int, optional
        Of more words than that, those in the fewest texts are dropped as well (of
        equal ones the last).

    Returns
    -------
    needs, offerings : Rows
        Products between the two sides are as before, but for words beyond `most`;
        columns rise within a row, are of type uint16 where that is enough, and fewer
        than `n_words`.
    """
    with beside(lambda: _texts(needs.column, n_words)) as asking:
        giving = _texts(offerings.column, n_words)
    both = (asking.result() > 0) & (giving > 0)
    if most is not None and both.sum() > most:
        texts = (asking.result() + giving) * both
        commonest = np.argsort(-texts, kind="stable")[:most]
        both = np.zeros(n_words, np.bool_)
        both[commonest] = True
    number = np.where(both, np.cumsum(both) - 1, -1).astype(np.int32)
    dtype = np.uint16 if both.sum() <= np.iinfo(np.uint16).max + 1 else np.int32
    with beside(lambda: _renumbered(needs, number, dtype)) as asked:
        given = _renumbered(offerings, number, dtype)
    return asked.result(), given


def _texts(column: Array, n_words: int) -> Array:
    """Return in how many texts each word is."""
    if not COMPILED:
        return np.bincount(column, minlength=n_words)
    texts = np.zeros(n_words, np.int64)
    _tally(column, texts)
    return texts


@njit()
def _tally(column: Array, texts: Array) -> None:
    for one in column:
        texts[one] += 1


def _renumbered(rows: Rows, number: Ints, dtype: type) -> Rows:
    if not COMPILED:
        column = number[rows.column]
        fewer = only(rows._replace(column=column), column >= 0)
        return fewer._replace(column=fewer.column.astype(dtype))
    start = np.zeros(len(rows.start), np.int64)
    _count(rows.start, rows.column, number, start)
    fewer = Rows(start, np.empty(start[-1], dtype), np.empty(start[-1], np.int16))
    _renumber(*rows, number, *fewer)
    return fewer


@njit()
def _count(start: Array, column: Array, number: Ints, ends: Array) -> None:
    n = 0
    for i in range(len(start) - 1):
        for p in entries(start, i):
            n += number[column[p]] >= 0
        ends[i + 1] = n


@njit()
def _renumber(
    start: Array,
    column: Array,
    weight: Array,
    number: Ints,
    to_start: Array,
    to_column: Array,
    to_weight: Array,
) -> None:
    for i in range(len(start) - 1):
        at = to_start[i]
        for p in entries(start, i):
            here = number[column[p]]
            if here >= 0:
                to_column[at], to_weight[at] = here, weight[p]
                at += 1
