"""Words that a need and an offering share, for the reasons of many matches at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matching.kernels import Array, njit
from matching.stopwords import STOP_WORDS
from matching.tokens import numbered
from matching.types import Listing
from matching.words import stem

MOST_WORDS = 4
SHORTEST_WORD = 3

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


def shared_words(
    needs: Sequence[Listing],
    offerings: Sequence[Listing],
    need: Array,
    offering: Array,
) -> list[tuple[str, ...]]:
    """Return words of each need that its offering has too, the longest first.

    Parameters
    ----------
    needs, offerings : sequence of Listing
    need, offering : int arrays of shape (n,)
        Numbers of the listings of each match. What no match names is not read.

    Returns
    -------
    list of tuple of str
        Per match at most `MOST_WORDS`, as the need writes them, in lower case. Words
        are shared when their stems are equal.
    """
    asked, of_need = np.unique(need, return_inverse=True)
    given, of_offering = np.unique(offering, return_inverse=True)
    some = [needs[at] for at in asked.tolist()]
    some += [offerings[at] for at in given.tolist()]
    texts = numbered([f"{one.title} {one.text}" for one in some])
    rank, n_stems = _ranks(texts.words)
    found = np.full((len(need), MOST_WORDS), -1, np.int32)
    blank = np.full(n_stems, -1, np.int32)
    sides = of_need, of_offering + len(asked)
    _share(texts.start, texts.number, rank, *sides, blank, found)
    count = (found >= 0).sum(axis=1).tolist()
    # The word of number -1 is cut off with the others that are not there.
    words = np.array([*texts.words, ""], object)[found].tolist()
    return [tuple(row[:n]) for row, n in zip(words, count, strict=True)]


def _ranks(words: Sequence[str]) -> tuple[Ints, int]:
    """Return the rank of each word's stem, and how many stems there are.

    The longest stem comes first; words that say nothing have -1.
    """
    stems = [stem(word) if _says(word) else "" for word in words]
    order = sorted(set(stems) - {""}, key=lambda one: (-len(one), one))
    rank = {one: at for at, one in enumerate(order)} | {"": -1}
    return np.array([rank[one] for one in stems], np.int32), len(order)


def _says(word: str) -> bool:
    long = len(word) >= SHORTEST_WORD and not word.isdigit()
    return long and word not in STOP_WORDS


@njit()
def _share(
    start: Longs,
    word: Ints,
    rank: Ints,
    need: Longs,
    offering: Longs,
    written: Ints,
    out: Ints,
) -> None:
    """Fill in `out` with the need's words of the first stems that both have.

    written : by rank of a stem how the need writes it; -1, and so again at the end
    """
    most = out.shape[1]
    best = np.empty(most, np.int32)
    for i in range(len(need)):
        begin, end = start[need[i]], start[need[i] + 1]
        for p in range(begin, end):
            if rank[word[p]] >= 0:
                written[rank[word[p]]] = word[p]
        n = 0
        for p in range(start[offering[i]], start[offering[i] + 1]):
            here = rank[word[p]]
            if here < 0 or written[here] < 0:
                continue
            at = n
            while at > 0 and best[at - 1] > here:
                at -= 1
            if at == most or (at > 0 and best[at - 1] == here):
                continue
            n = min(n + 1, most)
            for q in range(n - 1, at, -1):
                best[q] = best[q - 1]
            best[at] = here
        for q in range(n):
            out[i, q] = written[best[q]]
        for p in range(begin, end):
            if rank[word[p]] >= 0:
                written[rank[word[p]]] = -1
