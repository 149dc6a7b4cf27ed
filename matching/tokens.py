"""Texts as numbers of their distinct words: many texts at once.

What is done once per distinct word instead of once per word costs little: a register
of a hundred thousand texts has millions of words, and some ten thousand distinct ones.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.kernels import COMPILED, Array, Whole, njit
from matching.words import TOKEN, number_tokens, spelt

TOGETHER = 16384  # texts whose letters are in memory at once
BETWEEN = "\0"  # texts: in no word, and seldom in a text

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


class Numbered(NamedTuple):
    """Words of texts by number; of text i at start[i] to start[i + 1], as they come."""

    words: list[str]  # by number: distinct, in lower case
    start: Longs  # (n_texts + 1,)
    number: Ints


def numbered(texts: Sequence[str]) -> Numbered:
    """Number the words of texts, as `words.tokens` takes them, by first occurrence."""
    place: dict[str, int] = {}
    counts, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
    for begin in range(0, len(texts), TOGETHER):
        some = texts[begin : begin + TOGETHER]
        found = _together(some) if COMPILED else _one_by_one(some)
        names = [place.setdefault(word, len(place)) for word in found.words]
        counts.append(np.diff(found.start))
        numbers.append(np.array(names, np.int32)[found.number])
    start = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.concatenate(counts), out=start[1:])
    return Numbered(list(place), start, np.concatenate(numbers))


def _one_by_one(texts: Sequence[str]) -> Numbered:
    words, numbers, ends = number_tokens(texts)
    return Numbered(words, np.array(ends, np.int64), np.array(numbers, np.int32))


def _together(texts: Sequence[str]) -> Numbered:
    joined = spelt(BETWEEN.join([*texts, ""]))
    letters = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    ends = np.flatnonzero(letters == ord(BETWEEN))
    if len(ends) > len(texts):
        return _one_by_one(texts)
    most = len(letters) // 2 + len(texts)
    slots = np.full(1 << (2 * most).bit_length(), -1, np.int32)
    start, number = np.zeros(len(texts) + 1, np.int64), np.empty(most, np.int32)
    first, length = np.empty(most, np.int64), np.empty(most, np.int64)
    n = _number(letters, ends, _in_words(), slots, start, number, first, length)
    spans = zip(first[:n].tolist(), length[:n].tolist(), strict=True)
    words = [joined[at : at + size] for at, size in spans]
    return Numbered(words, start, number[: start[-1]])


@lru_cache(maxsize=1)
def _in_words() -> npt.NDArray[np.bool_]:
    """Tell of each code point whether it can stand in a word."""
    n = 0x110000
    inside = np.zeros(n, np.bool_)
    for run in TOKEN.finditer("".join(map(chr, range(n)))):
        inside[slice(*run.span())] = True
    return inside


@njit()
def _number(
    letters: Array,
    ends: Longs,
    in_words: Array,
    slots: Ints,
    start: Longs,
    number: Ints,
    first: Longs,
    length: Longs,
) -> Whole:
    """Fill in `start` and `number`; return how many distinct words there are.

    slots : a table by hash, -1 where it is free; its size is a power of two
    first, length : where each distinct word stands among the letters
    """
    mask = len(slots) - 1
    at, n, distinct = 0, 0, np.int32(0)
    for text in range(len(ends)):
        end = ends[text]
        while at < end:
            if not in_words[letters[at]]:
                at += 1
                continue
            begin, mark = at, np.uint64(14695981039346656037)  # FNV-1a, by code point
            while at < end and in_words[letters[at]]:
                mark = (mark ^ np.uint64(letters[at])) * np.uint64(1099511628211)
                at += 1
            slot = np.int64(mark ^ (mark >> np.uint64(32))) & mask
            while slots[slot] >= 0 and not _same(
                letters, first[slots[slot]], length[slots[slot]], begin, at - begin
            ):
                slot = (slot + 1) & mask
            if slots[slot] < 0:
                slots[slot] = distinct
                first[distinct], length[distinct] = begin, at - begin
                distinct += np.int32(1)
            number[n] = slots[slot]
            n += 1
        start[text + 1] = n
    return distinct


@njit(inline="always")
def _same(letters: Array, a: Whole, n_a: Whole, b: Whole, n_b: Whole) -> bool:
    """Return whether two words have the same letters."""
    if n_a != n_b:
        return False
    for x in range(n_a):  # noqa: SIM110 (compiled)
        if letters[a + x] != letters[b + x]:
            return False
    return True
