"""Sparse rows of whole weights: what texts become, for kernels and exact products.

A weight is whole, in steps of 1 / UNIT. Sums of whole numbers do not depend on their
order, so that a compiled loop, a sparse matrix product and a cluster give the same
bytes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.kernels import COMPILED, Array, Whole, entries, keep_best, njit

UNIT = 1 << 12  # a weight of 1 in a vector of length 1
_STEP = np.uint64(16)  # of weights, between two levels
_LEVELS = UNIT // int(_STEP) + 2  # and a little more than 1, by rounding


class Rows(NamedTuple):
    """Sparse rows: columns and weights of row i stand at start[i] to start[i + 1]."""

    start: Array  # int64 (n + 1,)
    column: Array  # uint16 or int32, rising within a row
    weight: Array  # int16, in steps of 1 / UNIT


def whole_rows(matrix: sp.csr_array, dtype: type) -> Rows:
    """Round the weights of sparse rows to whole steps; what becomes 0 goes.

    Parameters
    ----------
    matrix : csr_array with rows of length 1 (or empty), non-negative, columns rising
    dtype : type of the columns
    """
    weight = np.rint(matrix.data * np.float32(UNIT)).astype(np.int16)
    return only(Rows(matrix.indptr, matrix.indices.astype(dtype), weight), weight > 0)


def take_rows(rows: Rows, order: npt.NDArray[np.int64]) -> Rows:
    """Return the rows of these numbers, in this order."""
    start = np.zeros(len(order) + 1, np.int64)
    np.cumsum(rows.start[order + 1] - rows.start[order], out=start[1:])
    taken = Rows(
        start,
        np.empty(start[-1], rows.column.dtype),
        np.empty(start[-1], rows.weight.dtype),
    )
    if COMPILED:
        _take(*rows, order, *taken)
        return taken
    at = np.repeat(rows.start[order] - start[:-1], np.diff(start))
    at += np.arange(start[-1])
    taken.column[:], taken.weight[:] = rows.column[at], rows.weight[at]
    return taken


def between(rows: Rows, begin: int, end: int) -> Rows:
    """Return the rows from `begin` to `end`, without copying what they hold."""
    start = rows.start[begin : end + 1]
    first, last = int(start[0]), int(start[-1])
    return Rows(start - first, rows.column[first:last], rows.weight[first:last])


@njit()
def _take(
    start: Array,
    column: Array,
    weight: Array,
    order: Array,
    to_start: Array,
    to_column: Array,
    to_weight: Array,
) -> None:
    for i in range(len(order)):
        at = to_start[i]
        for p in entries(start, order[i]):
            to_column[at], to_weight[at] = column[p], weight[p]
            at += 1


def heaviest(rows: Rows, limit: int) -> Rows:
    """Keep the `limit` heaviest weights of each row, and its length.

    Equal weights: the first columns.
    """
    if COMPILED:
        start = np.zeros(len(rows.start), np.int64)
        np.cumsum(np.minimum(np.diff(rows.start), limit), out=start[1:])
        room = start[-1] + 1  # where what is not kept of the last row is written
        column, weight = np.empty(room, rows.column.dtype), np.empty(room, np.int16)
        _keep_heaviest(*rows, limit, start, column, weight)
        return Rows(start, column[:-1], weight[:-1])
    counts = np.diff(rows.start)
    owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    order = np.lexsort((-rows.weight, owner))
    rank = np.arange(len(order)) - np.repeat(rows.start[:-1], counts)
    kept = np.zeros(len(order), np.bool_)
    kept[order[rank < limit]] = True
    squares = rows.weight.astype(np.int64) ** 2
    whole = np.bincount(owner, squares, len(counts))
    left = np.bincount(owner, squares * kept, len(counts))
    # At least 1; an empty row stays empty.
    grown = np.sqrt(whole / np.maximum(left, 1))
    weight = np.floor(rows.weight * grown[owner]).astype(np.int16)
    return only(Rows(rows.start, rows.column, weight), kept)


@njit()
def _keep_heaviest(
    start: Array,
    column: Array,
    weight: Array,
    limit: Whole,
    to_start: Array,
    to_column: Array,
    to_weight: Array,
) -> None:
    """Copy the heaviest weights of each row and let them grow to its length."""
    key = np.empty(np.diff(start).max() if len(start) > 1 else 0, np.int64)
    tally = np.empty(_LEVELS, np.int64)
    for i in range(len(start) - 1):
        begin, n = start[i], start[i + 1] - start[i]
        row, columns = weight[begin : begin + n], column[begin : begin + n]
        least = _least(row, limit, tally, key) if n > limit else np.int64(0)
        whole, left = np.int64(0), np.int64(0)
        at = first = to_start[i]
        # Everything is written, and written over unless kept: no branch to guess.
        for x in range(n):
            to_column[at], to_weight[at] = columns[x], row[x]
            square = np.int64(row[x]) * np.int64(row[x])
            kept = _key(row[x], x, n) >= least
            whole += square
            left += square * kept
            at += kept
        grown = np.sqrt(np.float64(whole) / np.float64(max(left, np.int64(1))))
        for p in range(first, at):
            to_weight[p] = np.int16(np.floor(np.int64(to_weight[p]) * grown))


@njit(inline="always")
def _key(value: Whole, x: Whole, n: Whole) -> Whole:
    """Return a number that is larger for larger weights, of equal ones the first."""
    return (np.int64(value) << 32) | np.int64(n - x)


@njit()
def _least(row: Array, limit: Whole, tally: Array, key: Array) -> Whole:
    """Return the key of the last of the `limit` heaviest weights of a row.

    Only weights of one level need comparing: those above are in, those below out.
    """
    tally[:] = 0
    for value in row:
        tally[np.uint64(value) // _STEP] += 1
    level, above = np.uint64(_LEVELS - 1), np.int64(0)
    while above + tally[level] < limit:
        above += tally[level]
        level -= np.uint64(1)
    n = 0
    for x in range(len(row)):
        if np.uint64(row[x]) // _STEP == level:
            key[n] = _key(row[x], x, len(row))
            n += 1
    keep_best(key, n, limit - above)
    return key[: limit - above].min()


def only(rows: Rows, kept: npt.NDArray[np.bool_]) -> Rows:
    """Return the rows with those of their entries that are kept."""
    ends = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(kept, out=ends[1:])
    return Rows(ends[rows.start], rows.column[kept], rows.weight[kept])


def rescaled(
    rows: Rows, factors: npt.NDArray[np.float64], first: Array, share: float
) -> Rows:
    """Multiply weights by column, and bring both kinds of columns to their shares.

    Parameters
    ----------
    rows : Rows
    factors : float64 array of shape (n_columns,)
    first : bool array of shape (n_columns,)
        Which columns are of the first kind.
    share : float in (0, 1)
        Of the squared length of a row that has both kinds, for the first kind.

    Returns
    -------
    Rows
        Of length 1 (or empty); no weight becomes 0.
    """
    weight = np.empty(len(rows.weight), np.int16)
    if COMPILED:
        _rescale(*rows, factors, first, share, weight)
        return rows._replace(weight=weight)
    n = len(rows.start) - 1
    row = np.repeat(np.arange(n), np.diff(rows.start))
    value = rows.weight * factors[rows.column]
    kind = first[rows.column]
    total, scale = np.zeros(n), np.zeros(len(value))
    for block, part in ((kind, share), (~kind, 1 - share)):
        squares = np.bincount(row[block], value[block] ** 2, n)
        total += np.where(squares > 0, part, 0)
        scale[block] = np.sqrt(part / np.where(squares > 0, squares, 1))[row[block]]
    steps = np.rint(value * scale / np.sqrt(total)[row] * UNIT)
    weight[:] = np.maximum(steps, 1)
    return rows._replace(weight=weight)


@njit()
def _rescale(
    start: Array,
    column: Array,
    weight: Array,
    factors: Array,
    first: Array,
    share: Whole,
    out: Array,
) -> None:
    for i in range(len(start) - 1):
        ours, theirs = 0.0, 0.0
        for p in entries(start, i):
            value = weight[p] * factors[column[p]]
            if first[column[p]]:
                ours += value * value
            else:
                theirs += value * value
        total = (share if ours > 0 else 0.0) + ((1 - share) if theirs > 0 else 0.0)
        scale = np.sqrt(share / ours) if ours > 0 else 0.0
        other = np.sqrt((1 - share) / theirs) if theirs > 0 else 0.0
        for p in entries(start, i):
            times = scale if first[column[p]] else other
            value = weight[p] * factors[column[p]] * times / np.sqrt(total) * UNIT
            out[p] = max(np.rint(value), 1.0)


def as_matrix(
    rows: Rows, n_columns: int, dtype: "type[np.int32 | np.int64]" = np.int64
) -> sp.csr_array:
    """Return whole rows as a sparse matrix, for exact products.

    Parameters
    ----------
    dtype : type
        Of the weights. Products of two rows of length 1 fit in 32 bits.
    """
    return sp.csr_array(
        (rows.weight.astype(dtype), rows.column.astype(np.int32), rows.start),
        shape=(len(rows.start) - 1, n_columns),
    )
