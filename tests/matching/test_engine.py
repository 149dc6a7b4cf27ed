"""The engine maps blocks in order, reports, stops and fails clearly."""

import random
import threading
import time

import pytest

from matching.engine import LocalEngine
from matching.errors import Cancelled


def add(block, shared):
    time.sleep(random.random() / 200)
    return block + shared


def fail_at_three(block, shared):
    if block == 3:
        raise ValueError("three is broken")
    return block


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_results_come_in_block_order_whatever_finishes_first(threads):
    blocks = list(range(40))

    results = LocalEngine(threads).map_blocks(add, blocks, 100)

    assert results == [block + 100 for block in blocks]


def test_no_blocks_give_no_results():
    assert LocalEngine(2).map_blocks(add, [], 1) == []


def test_error_of_a_step_reaches_the_caller_unchanged():
    with pytest.raises(ValueError, match="three is broken"):
        LocalEngine(2).map_blocks(fail_at_three, range(10), None)


def test_progress_counts_up_to_all_blocks():
    seen = []

    LocalEngine(2).map_blocks(
        add, range(9), 0, progress=lambda done, total: seen.append((done, total))
    )

    assert seen == sorted(seen)
    assert seen[-1] == (9, 9)


def test_cancellation_leaves_the_remaining_blocks_undone():
    started = threading.Event()
    done = []

    def slow(block, shared):
        started.set()
        time.sleep(0.02)
        done.append(block)

    with pytest.raises(Cancelled):
        LocalEngine(1).map_blocks(slow, range(500), None, cancelled=started.is_set)

    assert len(done) < 500
