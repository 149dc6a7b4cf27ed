"""Intervals against known values and independent implementations."""

import numpy as np
import pytest

from app.services import intervals


def test_wilson_agrees_with_the_published_example():
    # Newcombe 1998, table I: 81 of 263
    found = intervals.wilson(81, 263)

    assert found is not None
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)


def test_newcombe_agrees_with_the_published_example():
    # Newcombe 1998 (difference), method 10: 56/70 - 48/80
    found = intervals.newcombe((56, 70), (48, 80))

    assert found is not None
    difference, interval = found
    assert difference == pytest.approx(0.2)
    assert interval.low == pytest.approx(0.0524, abs=5e-5)
    assert interval.high == pytest.approx(0.3339, abs=5e-5)


def test_no_trials_give_no_interval():
    assert intervals.wilson(0, 0) is None
    assert intervals.newcombe((0, 0), (1, 2)) is None
    nothing = np.zeros(0, dtype=np.int64)
    assert intervals.of_pairs(nothing.astype(bool), nothing, nothing) is None


def test_interval_of_pairs_holds_the_truth_about_as_often_as_it_says():
    generator = np.random.default_rng(7)
    inside = 0
    for trial in range(60):
        lo = generator.integers(0, 40, 150)
        hi = generator.integers(40, 80, 150)
        hit = generator.random(150) < 0.4
        found = intervals.of_pairs(hit, lo, hi, seed=trial)
        assert found is not None
        inside += found.low <= 0.4 <= found.high

    assert inside >= 52  # nominal 57 of 60; fewer than 52 has chance below 1 %


def test_interval_is_wider_when_few_companies_make_many_pairs():
    generator = np.random.default_rng(1)
    lo, hi = generator.integers(0, 6, 300), generator.integers(6, 12, 300)
    hit = lo < 3  # decided by the company alone

    clustered = intervals.of_pairs(hit, lo, hi)
    independent = intervals.wilson(int(hit.sum()), 300)

    assert clustered is not None
    assert independent is not None
    width = clustered.high - clustered.low
    assert width > 3 * (independent.high - independent.low)


def test_none_of_few_is_not_never():
    lo, hi = np.arange(10), np.arange(10, 20)

    found = intervals.of_pairs(np.zeros(10, bool), lo, hi)

    assert found is not None
    assert found.low == 0
    assert found.high > 0.1


def test_same_data_give_the_same_interval():
    lo, hi = np.arange(50), np.arange(50, 100)
    hit = lo % 3 == 0

    assert intervals.of_pairs(hit, lo, hi) == intervals.of_pairs(hit, lo, hi)


def test_median_time_counts_those_still_open():
    done, still_open = [1.0, 2.0, 3.0], [10.0, 10.0, 10.0, 10.0]

    assert intervals.median_time(done, []) == (2.0, 3)
    assert intervals.median_time(done, still_open) == (None, 7)
    assert intervals.median_time([], still_open) == (None, 4)


def test_median_time_is_the_kaplan_meier_estimate():
    # Survival by hand: after 2 of 4 at risk 3/4, after 5 of 2 at risk 3/8.
    assert intervals.median_time([2.0, 5.0], [3.0, 9.0]) == (5.0, 4)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 1, 1, 1], 0.0), ([0, 0, 0, 4], 0.75), ([], None), ([0, 0], None)],
)
def test_gini(values: list[int], expected: float | None):
    found = intervals.gini(np.array(values, dtype=np.float64))

    assert found == (None if expected is None else pytest.approx(expected))
