"""Columns of the market: plain arrays that kernels read and engines can send.

All numbers of a score are whole: cosines in steps of 1 / 2^24, factors in steps of
1 / 2^10. Sums of whole numbers do not depend on their order, so that a compiled
loop, a sparse matrix product and a cluster give the same bytes.
"""

from typing import Any, NamedTuple

import numpy as np

from matching.kernels import Array, Records
from matching.sparse_rows import UNIT, Rows

COSINE = UNIT * UNIT  # a cosine, content or score of 1
BITS = 10
FACTOR = 1 << BITS  # a factor of 1
FAR_KM = 600  # from there on a wide reach has its least factor

ONSITE, STATE, NATIONAL, REMOTE = range(4)

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
