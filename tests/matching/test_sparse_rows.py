import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from matching import sparse_rows
from matching.kernels import COMPILED
from matching.sparse_rows import UNIT, Rows, heaviest

WEIGHTS = hnp.arrays(
    np.int16,
    st.tuples(st.integers(0, 6), st.integers(1, 40)),
    elements=st.integers(0, UNIT) | st.integers(0, 3),
)


def rows_of(weights):
    matrix = sp.csr_array(weights)
    matrix.sort_indices()
    return Rows(matrix.indptr.astype(np.int64), matrix.indices, matrix.data)


@settings(deadline=None)  # the first call may compile
@given(WEIGHTS, st.integers(1, 12))
def test_the_heaviest_weights_of_each_row_are_kept(weights, limit):
    rows = rows_of(weights)

    kept = heaviest(rows, limit)

    for i, row in enumerate(weights.astype(np.int64)):
        order = np.lexsort((np.arange(len(row)), -row))
        best = np.sort(order[:limit][row[order[:limit]] > 0])
        mine = slice(kept.start[i], kept.start[i + 1])
        assert kept.column[mine].tolist() == best.tolist()
        grown = np.sqrt((row**2).sum() / max((row[best] ** 2).sum(), 1))
        assert np.abs(kept.weight[mine] - row[best] * grown).max(initial=0) < 1


@pytest.mark.skipif(not COMPILED, reason="needs numba")
@settings(deadline=None)  # the first call may compile
@given(WEIGHTS, st.integers(1, 12))
def test_without_numba_the_same_weights_are_kept(weights, limit):
    rows = rows_of(weights)
    compiled = heaviest(rows, limit)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sparse_rows, "COMPILED", False)
        plainly = heaviest(rows, limit)

    for one, other in zip(compiled, plainly, strict=True):
        assert one.tolist() == other.tolist()
