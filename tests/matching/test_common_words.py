"""Words of one side alone go, and no product changes."""

import numpy as np
import pytest
import scipy.sparse as sp

from matching import common_words
from matching.common_words import in_common
from matching.sparse_rows import Rows, as_matrix, whole_rows


def rows_of(random, n: int, n_words: int, words: np.ndarray) -> Rows:
    dense = np.zeros((n, n_words), np.float32)
    dense[:, words] = random.random((n, len(words))) * (
        random.random((n, len(words))) < 0.3
    )
    return whole_rows(sp.csr_array(dense), np.int32)


@pytest.fixture
def sides():
    random = np.random.default_rng(4)
    ours, theirs = np.arange(0, 60), np.arange(40, 100)
    return rows_of(random, 9, 100, ours), rows_of(random, 7, 100, theirs)


def test_products_stay(sides):
    needs, offerings = sides
    before = as_matrix(needs, 100) @ as_matrix(offerings, 100).T

    fewer, others = in_common(needs, offerings, 100)

    after = as_matrix(fewer, 20) @ as_matrix(others, 20).T
    assert (before != after).nnz == 0
    assert before.nnz > 0
    assert len(fewer.column) < len(needs.column)
    assert fewer.column.dtype == np.uint16
    assert all(
        (np.diff(fewer.column[a:b].astype(int)) > 0).all()
        for a, b in zip(fewer.start[:-1], fewer.start[1:], strict=True)
    )


def test_without_numba_the_rows_are_the_same(sides, monkeypatch):
    compiled = in_common(*sides, 100)
    monkeypatch.setattr(common_words, "COMPILED", False)

    plain = in_common(*sides, 100)

    for one, other in zip(compiled, plain, strict=True):
        assert [part.tolist() for part in one] == [part.tolist() for part in other]


def test_nothing_in_common_leaves_empty_rows():
    random = np.random.default_rng(5)
    needs = rows_of(random, 3, 50, np.arange(0, 20))
    offerings = rows_of(random, 2, 50, np.arange(30, 50))

    fewer, others = in_common(needs, offerings, 50)

    assert fewer.start.tolist() == [0, 0, 0, 0]
    assert others.start.tolist() == [0, 0, 0]


def test_of_too_many_words_those_in_the_fewest_texts_go(sides):
    needs, offerings = sides
    every = in_common(needs, offerings, 100)
    texts = sum(np.bincount(side.column, minlength=20) for side in every)

    fewer = in_common(needs, offerings, 100, most=12)

    kept = np.sort(np.argsort(-texts, kind="stable")[:12])
    left = sum(np.bincount(side.column, minlength=12) for side in fewer)
    assert left.tolist() == texts[kept].tolist()
    assert max(side.column.max() for side in fewer) == 11
