"""Vectors of texts in whole steps, as a market holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matching.sparse_rows import Rows, between, take_rows, whole_rows

if TYPE_CHECKING:
    from matching.topics import TextVectors


@dataclass(frozen=True, slots=True)
class WholeVectors:
    """Vectors of texts in whole steps: a third of the memory of `TextVectors`."""

    topics: Rows
    words: Rows
    widths: tuple[int, int]  # number of columns of topics and of words

    @classmethod
    def of(cls, vectors: "TextVectors") -> "WholeVectors":
        """Round vectors of the topic model."""
        for matrix in (vectors.topics, vectors.words):
            matrix.sort_indices()
        return cls(
            whole_rows(vectors.topics, np.uint16),
            whole_rows(vectors.words, np.int32),
            (int(vectors.topics.shape[1]), int(vectors.words.shape[1])),
        )

    @classmethod
    def stack(cls, parts: "Sequence[WholeVectors]") -> "WholeVectors":
        """Put vectors of the same model below each other."""
        topics, words = (
            _below([part.topics for part in parts]),
            _below([part.words for part in parts]),
        )
        return cls(topics, words, parts[0].widths)

    def __len__(self) -> int:
        return len(self.topics.start) - 1

    def between(self, begin: int, end: int) -> "WholeVectors":
        """Return the rows from `begin` to `end`, without copying what they hold."""
        rows = between(self.topics, begin, end), between(self.words, begin, end)
        return WholeVectors(*rows, self.widths)

    def take(self, order: npt.NDArray[np.int64]) -> "WholeVectors":
        """Return the rows of these numbers, in this order."""
        rows = take_rows(self.topics, order), take_rows(self.words, order)
        return WholeVectors(*rows, self.widths)


def _below(parts: "Sequence[Rows]") -> Rows:
    counts = np.concatenate([np.diff(part.start) for part in parts])
    start = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    column, weight = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    return Rows(start, column, weight)
