"""Decisions of many texts at once: a product of sparse matrices, made for its shape.

Few features stand in most classes, and texts are full of these: their weights are kept
as dense rows, which are added eight at a time. The others are added one by one. The
sums are made in the same order as scipy makes them, so that one text by scipy and many
from here get the same bytes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.kernels import njit

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

DENSE_FROM = 20  # entries of a row


class Factor(NamedTuple):
    """The right side of a product: sparse rows, the full ones densely as well."""

    start: Ints
    column: Ints
    value: Floats
    full_at: Ints  # (n_rows,): where a row stands in `full`, or -1
    full: Floats  # (n_full, n_columns)

    @classmethod
    def of(cls, matrix: sp.csr_array) -> "Factor":
        """Prepare a matrix of float32."""
        rows = np.flatnonzero(np.diff(matrix.indptr) >= DENSE_FROM)
        full_at = np.full(matrix.shape[0], -1, np.int32)
        full_at[rows] = np.arange(len(rows), dtype=np.int32)
        full = np.ascontiguousarray(matrix[rows].toarray())
        return cls(matrix.indptr, matrix.indices, matrix.data, full_at, full)


def product(left: sp.csr_array, right: Factor) -> Floats:
    """Return left @ right as a dense array.

    Columns of `left` beyond the rows of `right` count for nothing.
    """
    result = np.zeros((left.shape[0], right.full.shape[1]), np.float32)
    _multiply(left.indptr, left.indices, left.data, *right, result)
    return result


@njit()
def _multiply(
    left_start: Ints,
    left_column: Ints,
    left_value: Floats,
    start: Ints,
    column: Ints,
    value: Floats,
    full_at: Ints,
    full: Floats,
    result: Floats,
) -> None:
    n = result.shape[1]
    for i in range(len(result)):
        p, end = left_start[i], left_start[i + 1]
        while p < end and left_column[p] < len(full_at):  # columns are sorted
            row, weight = left_column[p], left_value[p]
            p += 1
            if full_at[row] < 0:
                for q in range(start[row], start[row + 1]):
                    result[i, column[q]] += weight * value[q]
                continue
            one = full_at[row]
            # Two full rows in a row save a way through memory, in the same order.
            two, also = np.int32(-1), np.float32(0)
            if p < end and left_column[p] < len(full_at):
                two, also = full_at[left_column[p]], left_value[p]
            if two >= 0:
                p += 1
                for k in range(n):
                    first = result[i, k] + weight * full[one, k]
                    result[i, k] = first + also * full[two, k]
            else:
                for k in range(n):
                    result[i, k] += weight * full[one, k]
