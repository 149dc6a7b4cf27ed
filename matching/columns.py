"""Columns of the market: plain arrays that kernels read and engines can send.

All numbers of a score are whole: cosines in steps of 1 / 2^24, factors in steps of
1 / 2^10. Sums of whole numbers do not depend on their order, so that a compiled
loop, a sparse matrix product and a cluster give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.kernels import COMPILED, entries, keep_best, njit

if TYPE_CHECKING:
    from matching.topics import TextVectors

UNIT = 1 << 12  # a weight of 1 in a vector of length 1
COSINE = UNIT * UNIT  # a cosine, content or score of 1
BITS = 10
FACTOR = 1 << BITS  # a factor of 1
_STEP = np.uint64(16)  # of weights, between two levels
_LEVELS = UNIT // int(_STEP) + 2  # and a little more than 1, by rounding
FAR_KM = 600  # from there on a wide reach has its least factor

ONSITE, STATE, NATIONAL, REMOTE = range(4)

Ints = npt.NDArray[np.int32]
Array = npt.NDArray[Any]
Whole = Any  # a whole number inside a kernel, Python's or of some width
Record = Any  # one record of an array inside a kernel
Records = Any  # an array of records; its fields are columns


class Rows(NamedTuple):
    """Sparse rows: columns and weights of row i stand at start[i] to start[i + 1]."""

    start: Array  # int64 (n + 1,)
    column: Array  # uint16 or int32, rising within a row
    weight: Array  # int16, in steps of 1 / UNIT


LISTING = np.dtype(
    [
        ("company", np.int32),
        ("radius", np.int32),  # km, of on-site help
        ("help", np.uint32),  # kinds offered, or kinds that satisfy the need
        ("fresh", np.int32),  # in steps of 1 / FACTOR
        ("reach", np.int8),  # ONSITE, STATE, NATIONAL, REMOTE
        ("paid", np.int8),  # 0 none, 1 maybe, 2 yes
        ("state", np.int8),  # -1 when unknown
        ("placed", np.bool_),
        ("x", np.float64),  # the company's place, a point on the unit sphere
        ("y", np.float64),
        ("z", np.float64),
    ],
    align=True,
)
FIRM = np.dtype(
    [
        ("languages", np.uint32),  # 0 when unknown
        ("sector", np.int32),  # digits of the WZ class as a number
        ("digits", np.int8),  # how many; 0 when unknown
        ("state", np.int8),  # -1 when unknown
        ("placed", np.bool_),
        ("no_paid", np.bool_),
        ("no_competitors", np.bool_),
        ("active", np.bool_),  # not paused, with capacity
    ],
    align=True,
)


def records(kind: "np.dtype[Any]", **columns: Array) -> Records:
    """Return columns of equal length as one array of records.

    A record stands in one line of the cache, and kernels pass it by its address.
    """
    made = np.zeros(len(next(iter(columns.values()))), kind).view(np.recarray)
    for name, column in columns.items():
        made[name] = column
    return made


class Side(NamedTuple):
    """All needs or all offerings, by company, then by id."""

    traits: Records  # of LISTING
    first: Array  # int64 (n_companies + 1,): the listings of a company
    topics: Rows
    words: Rows

    @property
    def company(self) -> Array:
        """Number of each listing's company."""
        return np.asarray(self.traits["company"])


class Firms(NamedTuple):
    """The companies, by id."""

    traits: Records  # of FIRM
    place: Array  # float64 (n, 3): a point on the unit sphere
    apart: Array  # int64 (n + 1,): where the companies to keep apart stand
    others: Array  # int32, rising for each company

    @property
    def active(self) -> Array:
        """Whether each company is open to suggestions."""
        return np.asarray(self.traits["active"])


class Rules(NamedTuple):
    """Settings as whole numbers, for kernels: factors in steps of 1 / FACTOR."""

    text: int  # share of the text
    least_topic: int  # cosine, in steps of 1 / COSINE
    floor: int  # score, in steps of 1 / COSINE
    wrong_help: int
    unknown_help: int
    edge: int
    national: int  # factors 600 km away
    remote: int
    bordering: int
    elsewhere: int
    stale: int  # the least that age leaves


class Scene(NamedTuple):
    """What decides who may meet and how much a distance counts, for kernels."""

    firms: Records  # of FIRM
    apart: Array
    others: Array
    borders: Array
    rules: Rules


class Columns(NamedTuple):
    """Everything that a kernel may read of the market."""

    needs: Side
    offerings: Side
    firms: Firms
    borders: Array  # int8 (n_states, n_states): 0 same, 1 bordering, 2 other
    rules: Rules

    @property
    def scene(self) -> Scene:
        """What every pair of listings is judged by."""
        firms = self.firms
        return Scene(firms.traits, firms.apart, firms.others, self.borders, self.rules)


def whole_rows(matrix: sp.csr_array, dtype: type) -> Rows:
    """Round the weights of sparse rows to whole steps; what becomes 0 goes.

    Parameters
    ----------
    matrix : csr_array with rows of length 1 (or empty), non-negative, columns rising
    dtype : type of the columns
    """
    weight = np.rint(matrix.data * np.float32(UNIT)).astype(np.int16)
    return only(Rows(matrix.indptr, matrix.indices.astype(dtype), weight), weight > 0)


def take_rows(rows: Rows, order: npt.NDArray[np.int64]) -> Rows:
    """Return the rows of these numbers, in this order."""
    start = np.zeros(len(order) + 1, np.int64)
    np.cumsum(rows.start[order + 1] - rows.start[order], out=start[1:])
    taken = Rows(
        start,
        np.empty(start[-1], rows.column.dtype),
        np.empty(start[-1], rows.weight.dtype),
    )
    if COMPILED:
        _take(*rows, order, *taken)
        return taken
    at = np.repeat(rows.start[order] - start[:-1], np.diff(start))
    at += np.arange(start[-1])
    taken.column[:], taken.weight[:] = rows.column[at], rows.weight[at]
    return taken


def between(rows: Rows, begin: int, end: int) -> Rows:
    """Return the rows from `begin` to `end`, without copying what they hold."""
    start = rows.start[begin : end + 1]
    first, last = int(start[0]), int(start[-1])
    return Rows(start - first, rows.column[first:last], rows.weight[first:last])


@njit()
def _take(
    start: Array,
    column: Array,
    weight: Array,
    order: Array,
    to_start: Array,
    to_column: Array,
    to_weight: Array,
) -> None:
    for i in range(len(order)):
        at = to_start[i]
        for p in entries(start, order[i]):
            to_column[at], to_weight[at] = column[p], weight[p]
            at += 1


def heaviest(rows: Rows, limit: int) -> Rows:
    """Keep the `limit` heaviest weights of each row, and its length.

    Equal weights: the first columns.
    """
    if COMPILED:
        start = np.zeros(len(rows.start), np.int64)
        np.cumsum(np.minimum(np.diff(rows.start), limit), out=start[1:])
        room = start[-1] + 1  # where what is not kept of the last row is written
        column, weight = np.empty(room, rows.column.dtype), np.empty(room, np.int16)
        _keep_heaviest(*rows, limit, start, column, weight)
        return Rows(start, column[:-1], weight[:-1])
    counts = np.diff(rows.start)
    owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    order = np.lexsort((-rows.weight, owner))
    rank = np.arange(len(order)) - np.repeat(rows.start[:-1], counts)
    kept = np.zeros(len(order), np.bool_)
    kept[order[rank < limit]] = True
    squares = rows.weight.astype(np.int64) ** 2
    whole = np.bincount(owner, squares, len(counts))
    left = np.bincount(owner, squares * kept, len(counts))
    # At least 1; an empty row stays empty.
    grown = np.sqrt(whole / np.maximum(left, 1))
    weight = np.floor(rows.weight * grown[owner]).astype(np.int16)
    return only(Rows(rows.start, rows.column, weight), kept)


@njit()
def _keep_heaviest(
    start: Array,
    column: Array,
    weight: Array,
    limit: Whole,
    to_start: Array,
    to_column: Array,
    to_weight: Array,
) -> None:
    """Copy the heaviest weights of each row and let them grow to its length."""
    key = np.empty(np.diff(start).max() if len(start) > 1 else 0, np.int64)
    tally = np.empty(_LEVELS, np.int64)
    for i in range(len(start) - 1):
        begin, n = start[i], start[i + 1] - start[i]
        row, columns = weight[begin : begin + n], column[begin : begin + n]
        least = _least(row, limit, tally, key) if n > limit else np.int64(0)
        whole, left = np.int64(0), np.int64(0)
        at = first = to_start[i]
        # Everything is written, and written over unless kept: no branch to guess.
        for x in range(n):
            to_column[at], to_weight[at] = columns[x], row[x]
            square = np.int64(row[x]) * np.int64(row[x])
            kept = _key(row[x], x, n) >= least
            whole += square
            left += square * kept
            at += kept
        grown = np.sqrt(np.float64(whole) / np.float64(max(left, np.int64(1))))
        for p in range(first, at):
            to_weight[p] = np.int16(np.floor(np.int64(to_weight[p]) * grown))


@njit(inline="always")
def _key(value: Whole, x: Whole, n: Whole) -> Whole:
    """Return a number that is larger for larger weights, of equal ones the first."""
    return (np.int64(value) << 32) | np.int64(n - x)


@njit()
def _least(row: Array, limit: Whole, tally: Array, key: Array) -> Whole:
    """Return the key of the last of the `limit` heaviest weights of a row.

    Only weights of one level need comparing: those above are in, those below out.
    """
    tally[:] = 0
    for value in row:
        tally[np.uint64(value) // _STEP] += 1
    level, above = np.uint64(_LEVELS - 1), np.int64(0)
    while above + tally[level] < limit:
        above += tally[level]
        level -= np.uint64(1)
    n = 0
    for x in range(len(row)):
        if np.uint64(row[x]) // _STEP == level:
            key[n] = _key(row[x], x, len(row))
            n += 1
    keep_best(key, n, limit - above)
    return key[: limit - above].min()


def only(rows: Rows, kept: npt.NDArray[np.bool_]) -> Rows:
    """Return the rows with those of their entries that are kept."""
    ends = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(kept, out=ends[1:])
    return Rows(ends[rows.start], rows.column[kept], rows.weight[kept])


def rescaled(
    rows: Rows, factors: npt.NDArray[np.float64], first: Array, share: float
) -> Rows:
    """Multiply weights by column, and bring both kinds of columns to their shares.

    Parameters
    ----------
    rows : Rows
    factors : float64 array of shape (n_columns,)
    first : bool array of shape (n_columns,)
        Which columns are of the first kind.
    share : float in (0, 1)
        Of the squared length of a row that has both kinds, for the first kind.

    Returns
    -------
    Rows
        Of length 1 (or empty); no weight becomes 0.
    """
    weight = np.empty(len(rows.weight), np.int16)
    if COMPILED:
        _rescale(*rows, factors, first, share, weight)
        return rows._replace(weight=weight)
    n = len(rows.start) - 1
    row = np.repeat(np.arange(n), np.diff(rows.start))
    value = rows.weight * factors[rows.column]
    kind = first[rows.column]
    total, scale = np.zeros(n), np.zeros(len(value))
    for block, part in ((kind, share), (~kind, 1 - share)):
        squares = np.bincount(row[block], value[block] ** 2, n)
        total += np.where(squares > 0, part, 0)
        scale[block] = np.sqrt(part / np.where(squares > 0, squares, 1))[row[block]]
    steps = np.rint(value * scale / np.sqrt(total)[row] * UNIT)
    weight[:] = np.maximum(steps, 1)
    return rows._replace(weight=weight)


@njit()
def _rescale(
    start: Array,
    column: Array,
    weight: Array,
    factors: Array,
    first: Array,
    share: Whole,
    out: Array,
) -> None:
    for i in range(len(start) - 1):
        ours, theirs = 0.0, 0.0
        for p in entries(start, i):
            value = weight[p] * factors[column[p]]
            if first[column[p]]:
                ours += value * value
            else:
                theirs += value * value
        total = (share if ours > 0 else 0.0) + ((1 - share) if theirs > 0 else 0.0)
        scale = np.sqrt(share / ours) if ours > 0 else 0.0
        other = np.sqrt((1 - share) / theirs) if theirs > 0 else 0.0
        for p in entries(start, i):
            times = scale if first[column[p]] else other
            value = weight[p] * factors[column[p]] * times / np.sqrt(total) * UNIT
            out[p] = max(np.rint(value), 1.0)


def as_matrix(
    rows: Rows, n_columns: int, dtype: "type[np.int32 | np.int64]" = np.int64
) -> sp.csr_array:
    """Return whole rows as a sparse matrix, for exact products.

    Parameters
    ----------
    dtype : type
        Of the weights. Products of two rows of length 1 fit in 32 bits.
    """
    return sp.csr_array(
        (rows.weight.astype(dtype), rows.column.astype(np.int32), rows.start),
        shape=(len(rows.start) - 1, n_columns),
    )


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
