"""Steps that workers import by name; apart, so that they start quickly."""

import os
import time
from typing import Any, NamedTuple


def products(block, shared):
    """Multiply some rows; later blocks are faster, so results come out of order."""
    begin, end = block
    time.sleep(0.02 * (200 - begin) / 200)
    return (shared[begin:end] @ shared.T).tobytes()


def process_of(block, shared):
    time.sleep(0.02)
    return os.getpid()


def fail(block, shared):
    raise ZeroDivisionError("block is broken")


def end_worker(block, shared):
    os._exit(1)


def aligned_sum(block, shared):
    return shared["array"].flags.aligned, float(shared["array"].sum())


class Scaled(NamedTuple):
    """A table and what to do with its rows."""

    table: Any
    factor: Any
    more: int


def scaled_row(block, shared):
    return float(shared.table[block].sum() * shared.factor[0] + shared.more)
