"""Scored pairs -> the pairs of the round: pins, exploration, allocation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.allocation import (
    Allocation,
    Exploration,
    allocate,
    company_keys,
    explore,
    must_cover,
)
from matching.columns import COSINE, Columns
from matching.kernels import Array, njit
from matching.market import Market
from matching.pairs import Pairs, score_between
from matching.settings import Settings

Names = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """The graph of the round and what was chosen from it."""

    pairs: Pairs
    score: npt.NDArray[np.float32]  # of each pair, in [0, 1]
    pinned: npt.NDArray[np.int64]  # numbers of pairs
    explored: Exploration
    allocation: Allocation
    promised: npt.NDArray[np.bool_]  # companies to be shown in this round


def select(
    market: Market,
    columns: Columns,
    settings: Settings,
    pairs: Pairs,
    pinned: npt.NDArray[np.int64],
    seed: int,
) -> Selection:
    """Draw the pairs that explore, then choose the others within all capacities."""
    score = pair_scores(pairs.score, settings.other_way)
    most = settings.most_per_company
    capacity = np.array(
        [0 if one.paused else min(one.capacity, most) for one in market.companies],
        np.int32,
    )
    explored = explore(
        pairs.a,
        pairs.b,
        company_keys([one.id for one in market.companies]),
        capacity,
        fixed=pinned,
        share=settings.explore_share,
        seed=seed,
    )
    promised = _promised(market, columns, capacity) & settings.keep_promise
    return Selection(
        pairs=pairs,
        score=score,
        pinned=pinned,
        explored=explored,
        allocation=allocate(
            pairs.a,
            pairs.b,
            score,
            capacity,
            fixed=np.union1d(pinned, explored.edge),
            must_cover=promised,
        ),
        promised=promised,
    )


def pair_scores(score: Array, other_way: float) -> npt.NDArray[np.float32]:
    """Return (best + w * other) / (1 + w) of the two directions.

    Grows strictly in both; a mutual pair beats a one-way pair of the same best
    direction, which has 1 / (1 + w) of its directed score.
    """
    scores = np.empty(len(score), np.float32)
    _pair_scores(score, np.float64(other_way), scores)
    return scores


@njit()
def _pair_scores(score: Array, other_way: np.float64, out: Array) -> None:
    for i in range(len(score)):
        best = np.float64(max(score[i, 0], score[i, 1]))
        other = np.float64(min(score[i, 0], score[i, 1]))
        out[i] = (best + other_way * other) / ((1 + other_way) * COSINE)


def with_pins(
    market: Market, columns: Columns, pairs: Pairs, pins: Names
) -> tuple[Pairs, npt.NDArray[np.int64]]:
    """Add the pinned pairs that no stage found, and return where the pins stand.

    Raises
    ------
    BadInput
        A pinned company is unknown, or the two are one.
    """
    if not pins:
        return pairs, np.zeros(0, np.int64)
    wanted = market.numbers("pins", pins)
    n = len(market.companies)
    code = pairs.a.astype(np.int64) * n + pairs.b
    pin = np.unique(wanted[:, 0].astype(np.int64) * n + wanted[:, 1])
    new = pin[~np.isin(pin, code)]
    if len(new):
        ends = (new // n).astype(np.int32), (new % n).astype(np.int32)
        added = score_between(columns, *ends, market.widths)
        pairs = Pairs(
            *(
                np.concatenate([old, more])
                for old, more in zip(pairs, added, strict=True)
            )
        )
        code = np.concatenate([code, new])
    order = np.argsort(code)
    return Pairs(*(column[order] for column in pairs)), np.searchsorted(
        code[order], pin
    )


def _promised(
    market: Market, columns: Columns, capacity: Array
) -> npt.NDArray[np.bool_]:
    """Return the companies that have waited too long to be shown."""
    offers = np.diff(columns.offerings.first) > 0
    promised: npt.NDArray[np.bool_] = must_cover(
        _waited(market, columns), offers & (capacity > 0)
    )
    return promised


def _waited(market: Market, columns: Columns) -> npt.NDArray[np.int64]:
    """Return the weeks since each company last met another, or joined."""
    today = market.as_of.toordinal()
    company = np.concatenate([columns.needs.company, columns.offerings.company])
    begun = [one.since.toordinal() if one.since else today for one in market.listings]
    weeks = np.zeros(len(market.companies), np.int64)
    np.maximum.at(weeks, company, (today - np.array(begun, np.int64)) // 7)
    met: dict[int, int] = {}
    for meeting in market.history:
        ago = market.weeks_since(meeting.week)
        for one in (meeting.a, meeting.b):
            at = market.company_at[one]
            met[at] = min(ago, met.get(at, ago))
    weeks[list(met)] = list(met.values())
    return weeks
