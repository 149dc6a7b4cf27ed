"""One-vs-rest linear support vector machines over sparse texts, on all cores.

For each class the L2-regularised machine with squared hinge loss, which is what
`sklearn.svm.LinearSVC` minimises, by dual coordinate descent. Our own only for
speed: hundreds of classes share one matrix, few rows matter to each, and threads
take different classes.

References
----------
Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for
large-scale linear SVM", ICML 2008. doi:10.1145/1390156.1390208
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.engine import available_cores
from matching.kernels import njit

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

ROUNDS = 1  # one pass over all rows, to find which matter
PASSES = 3  # then so many over those that do


def fit(
    X: sp.csr_array,
    labels: sp.csr_array,
    cost: Floats,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
    threads: int | None = None,
) -> tuple[Floats, Floats]:
    """Learn one machine per class.

    Parameters
    ----------
    X : csr_array of shape (n_texts, n_features), float32
    labels : csr_array of shape (n_texts, n_classes)
        Stored entries say that the text belongs to the class; a text may belong to
        several. A stored 0 leaves the text out of that class's training.
    cost : float32 array of shape (n_texts,)
        What a violated margin of each text costs (C of the literature).
    seed : int
        Decides the order in which rows are visited, alike for every class.
    rounds : int
        More come closer to the optimum; `ROUNDS` is as good for ranking.
    threads : int, optional
        Changes the time, never the result.

    Returns
    -------
    weights : float32 array of shape (n_features, n_classes), in C order
    bias : float32 array of shape (n_classes,)
    """
    n_texts, n_features = X.shape
    n_classes = labels.shape[1]
    order = np.random.default_rng(seed).permutation(n_texts).astype(np.int32)
    squares = np.asarray(X.multiply(X).sum(axis=1)).ravel().astype(np.float32) + 1
    by_class = labels.tocsc()
    weights = np.zeros((n_classes, n_features), np.float32)
    bias = np.zeros(n_classes, np.float32)

    def learn(one: int) -> None:
        side = np.full(n_texts, -1, np.int8)
        entries = slice(by_class.indptr[one], by_class.indptr[one + 1])
        side[by_class.indices[entries]] = np.where(by_class.data[entries] > 0, 1, 0)
        bias[one] = _descend(  # type: ignore[no-untyped-call]
            X.data,
            X.indices,
            X.indptr,
            squares,
            side,
            cost,
            order,
            rounds,
            weights[one],
        )

    with ThreadPoolExecutor(threads or available_cores()) as pool:
        list(pool.map(learn, range(n_classes)))
    return np.ascontiguousarray(weights.T), bias


@njit()
def _descend(data, indices, indptr, squares, side, cost, order, rounds, w):  # type: ignore[no-untyped-def]
    """Fill `w` with one class's weights and return its bias."""
    n = len(order)
    alpha = np.zeros(n, np.float32)
    active = np.empty(n, np.int32)
    n_active = 0
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    bias = zero
    for sweep in range(rounds * (1 + PASSES)):
        everything = sweep % (1 + PASSES) == 0
        rows = order if everything else active[:n_active]
        if everything:
            n_active = 0
        for i in rows:
            if side[i] == 0:
                continue
            y = np.float32(side[i])
            decision = bias
            for p in range(indptr[i], indptr[i + 1]):
                decision += w[indices[p]] * data[p]
            extra = half / cost[i]
            slope = y * decision - one + extra * alpha[i]
            if alpha[i] == zero and slope >= zero:
                continue  # far on its own side: it matters to nobody
            if everything:
                active[n_active] = i
                n_active += 1
            before = alpha[i]
            alpha[i] = max(before - slope / (squares[i] + extra), zero)
            step = (alpha[i] - before) * y
            bias += step
            for p in range(indptr[i], indptr[i + 1]):
                w[indices[p]] += step * data[p]
    return bias
