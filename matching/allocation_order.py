"""An order of companies that does not depend on how they are numbered.

Sweeps and ties follow some order; taken from the input it would make the plan
depend on names and on the order of lines. This one follows from the graph alone.
"""

import numpy as np
from numpy.typing import NDArray

from matching.kernels import njit


def company_ranks(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    weight: NDArray[np.float32],
    label: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Rank companies by what hangs on them: two rounds of colour refinement.

    Parameters
    ----------
    u, v : int32 arrays of shape (m,)
        Ends of the edges.
    weight : float32 array of shape (m,)
    label : int64 array of shape (n,)
        What else tells companies apart (capacity, promise), 0 to 2**31.

    Returns
    -------
    int32 array of shape (n,)
        A permutation. Companies that two rounds cannot tell apart (same label,
        same weights, same neighbours' weights) keep the order of their numbers.

    Notes
    -----
    Sums of 32-bit words in int64 are exact, hence free of the order of edges.

    References
    ----------
    Weisfeiler and Leman, "The reduction of a graph to canonical form and the
    algebra which appears therein", 1968.
    """
    first = np.zeros(len(label), np.int64)
    second = np.zeros(len(label), np.int64)
    _refine((u, v), weight.view(np.int32), label, first, second)
    order = np.lexsort((second, first, label))
    ranks = np.empty(len(label), np.int32)
    ranks[order] = np.arange(len(label), dtype=np.int32)
    return ranks


@njit()
def _mix(word: np.int64) -> np.int64:
    """Scatter 32 bits over 32 bits; all products stay below 2**63."""
    word = (((word >> 16) ^ word) * 0x45D9F3B) & 0xFFFFFFFF
    word = (((word >> 16) ^ word) * 0x45D9F3B) & 0xFFFFFFFF
    return (word >> 16) ^ word


@njit()
def _refine(
    ends: tuple[NDArray[np.int32], NDArray[np.int32]],
    bits: NDArray[np.int32],
    label: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> None:
    u, v = ends
    for e in range(len(u)):
        word = _mix(np.int64(bits[e]))
        first[u[e]] += word
        first[v[e]] += word
    colour = np.empty_like(first)
    for i in range(len(first)):
        colour[i] = _mix((first[i] ^ _mix(label[i])) & 0xFFFFFFFF)
    for e in range(len(u)):
        i, j = u[e], v[e]
        word = np.int64(bits[e])
        second[i] += _mix(word ^ colour[j])
        second[j] += _mix(word ^ colour[i])
