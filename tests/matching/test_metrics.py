import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from matching.evaluation.metrics import difference, measure


def slow(scores, grades):
    """The definition in a plain loop, for one need."""
    order = sorted(range(len(scores)), key=lambda at: (-scores[at], at))
    ranked = [grades[at] if scores[at] > 0 else 0 for at in order]

    def gain(values):
        return sum(value / math.log2(at + 2) for at, value in enumerate(values[:10]))

    relevant = sum(grade >= 1 for grade in grades)
    found = sum(grade >= 1 for grade in ranked[:20])
    first = next((at for at, grade in enumerate(ranked) if grade >= 2), None)
    return (
        gain(ranked) / gain(sorted(grades, reverse=True)),
        found / min(20, relevant),
        0.0 if first is None else 1 / (first + 1),
    )


@given(
    scores=arrays.arrays(np.float64, (3, 25), elements=st.sampled_from([0, 0.2, 0.5])),
    grades=arrays.arrays(np.int64, (3, 25), elements=st.integers(0, 3)),
)
def test_figures_follow_the_definition(scores, grades):
    quality = measure(scores, grades)

    judged = [row for row in range(3) if grades[row].max() > 0]
    expected = [slow(scores[row].tolist(), grades[row].tolist()) for row in judged]
    found = zip(quality.ndcg, quality.recall, quality.reciprocal_rank, strict=True)
    for figures, wanted in zip(found, expected, strict=True):
        assert figures == pytest.approx(wanted)


def test_a_perfect_ranking_has_all_ones():
    grades = [[3, 2, 1, 0]]

    assert measure([[0.9, 0.8, 0.7, 0.1]], grades).means() == (1, 1, 1)


def test_zero_scores_are_no_hits():
    assert measure([[0.0, 0.0]], [[3, 1]]).means() == (0, 0, 0)


def test_without_any_judged_need_all_is_zero():
    assert measure([[0.5, 0.2]], [[0, 0]]).means() == (0, 0, 0)


def test_a_clear_difference_has_an_interval_above_zero():
    worse = np.linspace(0, 0.5, 40)

    gain, low, high = difference(worse, worse + 0.1)

    assert (gain, low, high) == pytest.approx((0.1, 0.1, 0.1))


def test_the_interval_of_noise_holds_zero():
    rng = np.random.default_rng(1)
    a, b = rng.random(60), rng.random(60)

    _, low, high = difference(a, b)

    assert low < 0 < high
    assert difference(a, b) == difference(a, b)


def test_only_figures_of_the_same_needs_are_compared():
    with pytest.raises(ValueError, match="same needs"):
        difference(np.zeros(3), np.zeros(4))
