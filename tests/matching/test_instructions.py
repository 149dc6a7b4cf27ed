"""Instructions written down do what their plain descriptions say."""

import numpy as np
import pytest

from matching import instructions
from matching.instructions import (
    LANES,
    above,
    borrowed,
    combine,
    fitting,
    lowest,
    prefetch,
    zeros,
)
from matching.kernels import COMPILED, njit

pytestmark = pytest.mark.skipif(not COMPILED, reason="needs numba")


@njit(cache=False)
def _combined(column, weight, i, n, rows, out):
    prefetch(rows, n)
    combine(column, weight, i, n, rows, out)


@njit(cache=False)
def _bits(values, least, found):
    bits = above(values, least)
    n = 0
    while bits != 0:
        found[n] = lowest(bits)
        bits &= bits - 1
        n += 1
    return n


@pytest.mark.parametrize("terms", [0, 4, 8, 64])
def test_sums_of_whole_numbers_are_exact(terms):
    random = np.random.default_rng(terms)
    column = random.integers(0, 476, (3, terms + 5)).astype(np.uint16)
    weight = random.integers(0, 500, (3, terms + 5)).astype(np.float32)
    rows = random.integers(0, 500, (476, LANES)).astype(np.float32)
    out, plain = np.ones((2, LANES), np.float32)

    _combined(column, weight, 2, terms, rows, out)
    instructions._combine(column, weight, 2, terms, rows, plain)

    whole = (
        weight.astype(np.int64)[2, :terms] @ rows.astype(np.int64)[column[2, :terms]]
    )
    assert out.tolist() == plain.tolist() == whole.tolist()


@pytest.mark.parametrize("least", [-1.0, 0.0, 0.5, 2.0])
def test_lanes_above_a_value_are_named_in_order(least):
    values = np.random.default_rng(3).random(LANES).astype(np.float32)
    values[[0, 7]] = 0.5
    found = np.zeros(LANES, np.int64)

    n = _bits(values, np.float32(least), found)

    assert found[:n].tolist() == np.flatnonzero(values > least).tolist()
    bits = instructions._above(values, least)
    assert bits == sum(1 << lane for lane in found[:n].tolist())
    if bits:
        assert instructions._lowest(bits) == found[0]


@njit(cache=False)
def _fitting(values, fresh, kinds, at, wanted, unknown, wrong, least, out):
    return fitting(values, fresh, kinds, at, wanted, unknown, wrong, least, out)


@pytest.mark.parametrize("wanted", [0b001, 0b110, 1 << 31])
def test_help_and_freshness_are_counted_before_lanes_are_named(wanted):
    random = np.random.default_rng(wanted)
    values, fresh = random.random((2, 3 * LANES)).astype(np.float32)
    kinds = random.choice([0, 0b001, 0b010, 0b101, 1 << 31], 3 * LANES)
    kinds = kinds.astype(np.uint32)
    out, plain = np.zeros((2, LANES), np.float32)
    given = values[:LANES], fresh, kinds, LANES, np.uint32(wanted)
    limits = np.float32(0.5), np.float32(0.25), np.float32(0.2)

    bits = _fitting(*given, *limits, out)

    weighed = [
        values[lane]
        * fresh[LANES + lane]
        * (1 if kind & wanted else 0.5 if kind == 0 else 0.25)
        for lane, kind in enumerate(kinds[LANES : 2 * LANES].tolist())
    ]
    assert out.tolist() == pytest.approx(weighed)
    assert bits == sum(1 << lane for lane in range(LANES) if weighed[lane] > 0.2)
    assert instructions._fitting(*given, *limits, plain) == bits
    assert plain.tolist() == out.tolist()


@pytest.mark.parametrize("shape", [(LANES,), (7, LANES), (3, 5, LANES)])
def test_zeros_begin_with_a_line_of_the_cache(shape):
    found = zeros(*shape)

    assert found.shape == shape
    assert found.ctypes.data % 64 == 0
    assert not found.any()


@njit(cache=False)
def _summed(arrays):
    one, (two, n) = borrowed(arrays)
    return one[1] + two[:3].sum() + n


def test_borrowed_arrays_are_the_same():
    one, two = np.arange(3.0), np.arange(4.0)

    assert _summed((one, (two, 5))) == 1 + 3 + 5
    assert instructions._borrowed(one) is one
