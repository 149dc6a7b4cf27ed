"""Intervals for the figures of the dashboard: pure functions of numbers.

Shares where each company contributes once get Wilson's interval. Figures of pairs
get a bootstrap over companies, because the pairs of one company are alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

LEVEL = 0.95
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def wilson(successes: int, trials: int) -> Interval | None:
    """Wilson's score interval of a share (Wilson, JASA 22, 1927)."""
    if trials == 0:
        return None
    from scipy import stats  # a second to import: only where a figure needs it

    found = stats.binomtest(successes, trials).proportion_ci(LEVEL, method="wilson")
    return Interval(float(found.low), float(found.high))


def newcombe(
    first: tuple[int, int], second: tuple[int, int]
) -> tuple[float, Interval] | None:
    """Difference of two independent shares, each (successes, trials), with
    Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10)."""
    one, other = wilson(*first), wilson(*second)
    if one is None or other is None:
        return None
    p, q = first[0] / first[1], second[0] / second[1]
    below = sqrt((p - one.low) ** 2 + (other.high - q) ** 2)
    above = sqrt((one.high - p) ** 2 + (q - other.low) ** 2)
    return p - q, Interval(p - q - below, p - q + above)


def of_pairs(
    hit: NDArray[np.bool_],
    lo: NDArray[np.int64],
    hi: NDArray[np.int64],
    *,
    seed: int = 0,
) -> Interval | None:
    """Percentile interval of the mean of `hit` over pairs, by drawing companies.

    Companies are drawn with replacement; a pair weighs the product of how often its
    two companies were drawn (Owen, "The pigeonhole bootstrap", Ann. Appl. Stat. 1,
    2007), which errs on the wide side.

    Parameters
    ----------
    hit : bool array of shape (n_pairs,)
    lo, hi : int arrays of shape (n_pairs,)
        The two companies of each pair, by any numbers.
    seed : int
        The same data and seed give the same interval.
    """
    if len(hit) == 0:
        return None
    if hit.all() or not hit.any():  # every draw would say the same: no width at all
        companies = len(np.union1d(lo, hi))
        return wilson(companies if hit[0] else 0, companies)
    names, ends = np.unique(np.concatenate([lo, hi]), return_inverse=True)
    shape = (len(names), len(names))
    where = (ends[: len(lo)], ends[len(lo) :])
    # A draw d weighs all pairs at once: d' A d, A counting the pairs of two companies.
    every = sp.csr_array((np.ones(len(hit), np.float32), where), shape=shape)
    hits = sp.csr_array((hit.astype(np.float32), where), shape=shape)
    drawn = _drawn(len(names), seed)
    total = ((drawn @ every) * drawn).sum(axis=1, dtype=np.float64)
    reached = ((drawn @ hits) * drawn).sum(axis=1, dtype=np.float64)
    usable = total > 0
    low, high = np.quantile(
        reached[usable] / total[usable], [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    )
    return Interval(float(low), float(high))


@lru_cache(maxsize=32)
def _drawn(companies: int, seed: int) -> NDArray[np.float32]:
    """How often each draw takes each company; shape (DRAWS, companies)."""
    chances = np.full(companies, 1 / companies)
    generator = np.random.default_rng(seed)
    return generator.multinomial(companies, chances, size=DRAWS).astype(np.float32)


def median_time(
    done: Sequence[float], still_open: Sequence[float]
) -> tuple[float | None, int]:
    """Kaplan–Meier median of durations; those still open count as censored.

    Returns the median, or None while fewer than half have happened, and n.
    """
    n = len(done) + len(still_open)
    if not done:
        return None, n
    from scipy import stats

    sample: stats.CensoredData = stats.CensoredData(
        uncensored=list(done), right=list(still_open)
    )
    survival = stats.ecdf(sample).sf
    reached = np.flatnonzero(survival.probabilities <= 0.5)
    return (float(survival.quantiles[reached[0]]) if len(reached) else None), n


def gini(values: NDArray[np.float64]) -> float | None:
    """How unevenly `values` are spread: 0 all alike, towards 1 one has everything."""
    total = float(values.sum())
    if len(values) == 0 or total == 0:
        return None
    ranked = np.sort(values)
    ranks = np.arange(1, len(ranked) + 1)
    return float((2 * ranks - len(ranked) - 1) @ ranked / (len(ranked) * total))
