"""The kernel for many texts gives scipy's bytes, and so do many texts and one."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.kernels import plain
from matching.products import DENSE_FROM, Factor, _multiply, product
from matching.topics import MANY, TopicModel


def sparse(rows: int, columns: int, density: float, seed: int) -> sp.csr_array:
    random = np.random.default_rng(seed)
    made = sp.random_array((rows, columns), density=density, rng=random)
    return sp.csr_array(made.astype(np.float32))


@given(st.integers(0, 2**31), st.floats(0.01, 0.6), st.floats(0.01, 0.9))
@settings(max_examples=60, deadline=None)
def test_products_have_the_bytes_of_scipy(seed, left_density, right_density):
    right = sparse(40, 2 * DENSE_FROM, right_density, seed)
    left = sparse(9, 50, left_density, seed + 1)

    made = product(left, Factor.of(right))

    assert made.tobytes() == (left[:, :40] @ right).toarray().tobytes()


def test_plain_python_gives_the_same_bytes():
    right, left = sparse(30, 100, 0.2, 1), sparse(5, 30, 0.3, 2)
    factor, result = Factor.of(right), np.zeros((5, 100), np.float32)

    plain(_multiply)(left.indptr, left.indices, left.data, *factor, result)

    assert 0 < len(factor.full) < 30
    assert result.tobytes() == product(left, factor).tobytes()


def test_a_text_alone_and_among_many_has_the_same_vector():
    model = TopicModel.load()
    texts = [f"Risse an Gussteilen Nummer {n} sehen wir zu spät." for n in range(MANY)]

    many = model.transform(texts)
    one = model.transform(texts[3:4])

    assert many.topics[[3]].data.tobytes() == one.topics.data.tobytes()
    assert many.topics[[3]].indices.tolist() == one.topics.indices.tolist()
