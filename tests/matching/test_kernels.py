"""Kernels run compiled or plain, with the same result."""

import gc
import os
import subprocess
import sys
import weakref

import numpy as np
import pytest

from matching import kernels


@kernels.njit(cache=False)
def _sum_of_squares(values):
    total = 0.0
    for value in values:
        total += np.float64(value) * np.float64(value)
    return total


def test_plain_function_gives_the_same_result_as_the_compiled_one():
    values = np.random.default_rng(1).random(1000).astype(np.float32)

    compiled = _sum_of_squares(values)

    assert compiled == kernels.plain(_sum_of_squares)(values)


@pytest.mark.parametrize(("value", "compiled"), [("1", "False"), ("0", "True")])
def test_environment_switches_compilation_off(value, compiled):
    pytest.importorskip("numba")
    program = "from matching import kernels; print(kernels.COMPILED)"

    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"HANDSCHLAG_NO_NUMBA": value},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert answer.stdout.strip() == compiled


def test_kernel_compiles_without_a_cache_where_none_can_be_written(monkeypatch):
    numba = pytest.importorskip("numba")
    asked = []

    def refuse_cache(**options):
        asked.append(options["cache"])
        if options["cache"]:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(numba, "njit", refuse_cache)

    kernel = kernels.njit()(len)

    assert kernel([1, 2]) == 2
    assert asked == [True, False]


@kernels.njit(cache=False)
def _largest_step(values):
    # numba tries `np.diff` in several ways and remembers who called it in vain.
    return np.diff(values).max()


def test_arrays_of_who_called_a_fresh_kernel_go_without_the_garbage_collector():
    def call():
        values = np.arange(1000)
        assert _largest_step(values) == 1
        return weakref.ref(values)

    collects = gc.isenabled()
    gc.disable()
    try:
        values = call()
        kernels.collect_leftovers()
        assert values() is None
    finally:
        if collects:
            gc.enable()
