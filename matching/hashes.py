"""Words and pieces of letters as numbers: 64-bit hashes, many at once."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int32]

GRAMS = (3, 4, 5)

# Two odd constants: a base for letters, and the finisher of SplitMix64.
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def hash_words(words: Sequence[str]) -> Hashes:
    """Return one 64-bit hash per word; words and pieces of letters never collide."""
    hashes, lengths = _letters(words)
    starts = np.cumsum(lengths) - lengths
    powers = _powers(int(lengths.max(initial=0)))
    place = np.arange(len(hashes)) - np.repeat(starts, lengths)
    weighted = hashes * powers[np.repeat(lengths, lengths) - 1 - place]
    total = np.zeros(len(words), np.uint64)
    full = lengths > 0
    if full.any():
        total[full] = np.add.reduceat(weighted, starts[full])
    return _finish(total + lengths.astype(np.uint64))


def hash_grams(words: Sequence[str]) -> tuple[Hashes, Ints]:
    """Return the hashes of all pieces of 3, 4 and 5 letters and whose word each is.

    Words are taken with a space on either side, so that a piece knows whether it
    begins or ends a word. Pieces are ordered by length of piece, then by word.
    """
    padded = [f" {word} " for word in words]
    letters, lengths = _letters(padded)
    owner = np.repeat(np.arange(len(words), dtype=np.int32), lengths)
    powers = _powers(max(GRAMS))
    hashes, owners = [], []
    for size in GRAMS:
        n = len(letters) - size + 1
        if n <= 0:
            continue
        inside = owner[:n] == owner[size - 1 :]
        value = np.zeros(n, np.uint64)
        for place in range(size):
            value += letters[place : place + n] * powers[size - 1 - place]
        # 1 << 32 keeps pieces apart from words, whose marks are their short lengths.
        hashes.append(_finish(value[inside] + np.uint64((1 << 32) + size)))
        owners.append(owner[:n][inside])
    if not hashes:
        return np.empty(0, np.uint64), np.empty(0, np.int32)
    return np.concatenate(hashes), np.concatenate(owners)


def _letters(words: Sequence[str]) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """Return the code points of all words in a row, and the length of each word."""
    joined = "".join(words).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    return np.frombuffer(joined, np.uint32).astype(np.uint64), lengths


@lru_cache(maxsize=8)
def _powers(n: int) -> Hashes:
    powers = np.full(max(n, 1), _BASE)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def _finish(value: Hashes) -> Hashes:
    value = (value ^ (value >> np.uint64(30))) * _MIX[0]
    value = (value ^ (value >> np.uint64(27))) * _MIX[1]
    return value ^ (value >> np.uint64(31))
