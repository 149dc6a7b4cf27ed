"""How good a ranking of offerings is, per need, and whether another is better."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

NDCG_AT = 10
RECALL_AT = 20
RELEVANT = 1  # least grade that counts for recall
GOOD = 2  # least grade that counts for the reciprocal rank


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures per need that has a relevant offering; all in [0, 1]."""

    ndcg: Array
    recall: Array
    reciprocal_rank: Array

    def means(self) -> tuple[float, float, float]:
        """Return nDCG@10, recall@20 and MRR; zeros without any need."""
        figures = (self.ndcg, self.recall, self.reciprocal_rank)
        if not len(self.ndcg):
            return 0.0, 0.0, 0.0
        ndcg, recall, rank = (float(values.mean()) for values in figures)
        return ndcg, recall, rank


def measure(scores: npt.ArrayLike, grades: npt.ArrayLike) -> Quality:
    """Judge a ranking of all offerings for each need.

    Parameters
    ----------
    scores : array of shape (n_needs, n_offerings)
        Higher is better. Equal scores keep the order of the offerings; scores of 0
        and below are no hit: such an offering counts as not listed.
    grades : array of shape (n_needs, n_offerings)
        0 (irrelevant) to 3. Needs without any grade above 0 are left out.

    Returns
    -------
    Quality
        nDCG@10 with linear gains against the best order of all offerings; recall@20
        of grades >= 1 with denominator min(20, relevant); reciprocal rank of the
        first grade >= 2, 0 without one.

    References
    ----------
    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM
    TOIS 20(4), 2002. doi:10.1145/582415.582418

    Examples
    --------
    >>> measure([[0.9, 0.5, 0.0]], [[0, 3, 1]]).means()
    (0.5209402941368679, 0.5, 0.5)
    """
    grades = np.asarray(grades, np.float64)
    judged = (grades >= RELEVANT).any(axis=1)
    grades, scores = grades[judged], np.asarray(scores, np.float64)[judged]
    order = np.argsort(-scores, axis=1, kind="stable")
    hit = np.take_along_axis(scores, order, 1) > 0
    ranked = np.where(hit, np.take_along_axis(grades, order, 1), 0)
    relevant = (grades >= RELEVANT).sum(axis=1)
    found = (ranked[:, :RECALL_AT] >= RELEVANT).sum(axis=1)
    good = ranked >= GOOD
    first = np.where(good.any(axis=1), 1 / (1 + good.argmax(axis=1)), 0.0)
    return Quality(
        ndcg=_gain(ranked) / _gain(-np.sort(-grades, axis=1)),
        recall=found / np.minimum(RECALL_AT, relevant),
        reciprocal_rank=first,
    )


def difference(
    a: Array, b: Array, *, draws: int = 4000, seed: int = 0
) -> tuple[float, float, float]:
    """Return how much better `b` is than `a` on the same needs, with an interval.

    Returns
    -------
    mean, low, high
        Mean of b - a and its 95 % interval by paired bootstrap over needs.

    Raises
    ------
    ValueError
        `a` and `b` are not of the same needs, or empty.
    """
    if a.shape != b.shape or not len(a):
        raise ValueError("figures of the same needs are compared, at least one")
    gain = b - a
    rng = np.random.default_rng(seed)
    means = gain[rng.integers(len(gain), size=(draws, len(gain)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(gain.mean()), float(low), float(high)


def _gain(grades: Array) -> Array:
    top = grades[:, :NDCG_AT]
    gain: Array = (top / np.log2(np.arange(top.shape[1]) + 2)).sum(axis=1)
    return gain
