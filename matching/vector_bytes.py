"""Text vectors as bytes: compact, checked against the version of the model."""

import hashlib
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.errors import MatchingError

if TYPE_CHECKING:
    from matching.topics import TextVectors

Entries = list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]

_HEADER = struct.Struct("<8sHH")  # model, number of strengths, number of words


class ModelMismatch(MatchingError):
    """Vectors were made by another version of the topic model."""


def pack(vectors: "TextVectors", row: int, version: str) -> bytes:
    """Return one row without loss: model, strengths, words."""
    strengths, words = vectors.strengths[[row]], vectors.words[[row]]
    return b"".join(
        (
            _HEADER.pack(_mark(version), strengths.nnz, words.nnz),
            strengths.indices.astype("<u2").tobytes(),
            strengths.data.astype("<f4").tobytes(),
            words.indices.astype("<u4").tobytes(),
            words.data.astype("<f4").tobytes(),
        )
    )


def unpack(
    packed: Sequence[bytes], version: str, columns: tuple[int, int]
) -> tuple[sp.csr_array, sp.csr_array]:
    """Return strengths and words of packed rows; the inverse of `pack`.

    Raises
    ------
    ModelMismatch
        A row was packed by another version.
    """
    strengths: Entries = []
    words: Entries = []
    for content in packed:
        mark, n_strengths, n_words = _HEADER.unpack_from(content)
        if mark != _mark(version):
            raise ModelMismatch(f"vectors are not of model {version}")
        at = _HEADER.size
        for found, dtype, count in (
            (strengths, "<u2", n_strengths),
            (words, "<u4", n_words),
        ):
            indices = np.frombuffer(content, dtype, count, at)
            at += indices.nbytes
            found.append((indices, np.frombuffer(content, "<f4", count, at)))
            at += 4 * count
    return _rows(strengths, columns[0]), _rows(words, columns[1])


def _rows(rows: Entries, columns: int) -> sp.csr_array:
    ends = np.cumsum([0] + [len(indices) for indices, _ in rows])
    none: Entries = [(np.empty(0, np.int32), np.empty(0, np.float32))]
    indices, data = (np.concatenate(part) for part in zip(*(rows or none), strict=True))
    arrays = (data.astype(np.float32), indices.astype(np.int32), ends)
    found: sp.csr_array = sp.csr_array(arrays, shape=(len(rows), columns))
    return found


def _mark(version: str) -> bytes:
    return hashlib.sha256(version.encode()).digest()[:8]
