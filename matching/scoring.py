"""Directed scores: how well one offering answers one need, in whole numbers.

    score = content * weight,  content = (1 - t) * topic + t * text,
    weight = region * help * fresh,

each in [0, 1]. A score in steps of 1 / COSINE is a whole number, so that every way
to compute it gives the same. What must not meet is excluded, never scored down.
"""

import numpy as np
import numpy.typing as npt

from matching.columns import (
    BITS,
    COSINE,
    FACTOR,
    Array,
    Columns,
    Rows,
    Rules,
    Side,
    Traits,
    Whole,
)
from matching.kernels import njit
from matching.region import far_factors, region_factor, region_factors
from matching.settings import Settings

Longs = npt.NDArray[np.int64]


def rules_of(settings: Settings) -> Rules:
    """Return settings as whole numbers."""

    def factor(value: float) -> int:
        return round(value * FACTOR)

    return Rules(
        text=factor(settings.text_share),
        least_topic=round(settings.least_topic * COSINE),
        floor=round(settings.floor * COSINE),
        wrong_help=factor(settings.wrong_help),
        unknown_help=factor(settings.unknown_help),
        edge=factor(settings.edge),
        far=far_factors(factor(settings.national_far), factor(settings.remote_far)),
        relation=np.array(
            [
                FACTOR,
                factor(settings.bordering_state),
                factor(settings.other_state),
                FACTOR,
            ],
            np.int32,
        ),
    )


@njit(inline="always")
def help_factor(wanted: Whole, offered: Whole, rules: Rules) -> Whole:
    """Return how the kind of help fits: 1 when the need names none."""
    factor = np.int64(rules.wrong_help)
    if wanted == 0 or (wanted & offered) != 0:
        factor = np.int64(FACTOR)
    elif offered == 0:
        factor = np.int64(rules.unknown_help)
    return factor


@njit(inline="always")
def weight(
    one: Side | Traits,
    i: Whole,
    many: Side | Traits,
    j: Whole,
    borders: Array,
    rules: Rules,
) -> Whole:
    """Return region * help * fresh of two listings, in steps of 1 / FACTOR."""
    region = np.int64(region_factor(one, i, many, j, borders, rules))
    helps = help_factor(one.help[i], many.help[j], rules)
    fresh = np.int64(min(one.fresh[i], many.fresh[j]))
    return (((region * helps) >> BITS) * fresh) >> BITS


@njit(inline="always")
def may_meet(columns: Columns, taker: Whole, giver: Whole) -> bool:
    """Return whether two companies may be introduced at all, whatever it is about."""
    firms = columns.firms
    if taker == giver or not (firms.active[taker] and firms.active[giver]):
        return False
    ours, theirs = firms.languages[taker], firms.languages[giver]
    if ours != 0 and theirs != 0 and (ours & theirs) == 0:
        return False
    if firms.no_competitors[taker] or firms.no_competitors[giver]:
        n = min(firms.digits[taker], firms.digits[giver])
        if n > 0:
            mine = firms.sector[taker] // 10 ** (firms.digits[taker] - n)
            other = firms.sector[giver] // 10 ** (firms.digits[giver] - n)
            if mine == other:
                return False
    for p in range(firms.apart[taker], firms.apart[taker + 1]):
        if firms.others[p] == giver:
            return False
    return True


@njit(inline="always")
def may_match(columns: Columns, need: Whole, offering: Whole) -> bool:
    """Return whether an offering may be suggested for a need."""
    taker = columns.needs.company[need]
    if columns.firms.no_paid[taker] and columns.offerings.paid[offering] == 2:
        return False
    return may_meet(columns, taker, columns.offerings.company[offering])


@njit(inline="always")
def content(topic: Whole, text: Whole, rules: Rules) -> Whole:
    """Return (1 - t) * topic + t * text, all in steps of 1 / COSINE."""
    return ((FACTOR - rules.text) * topic + rules.text * text) >> BITS


@njit(inline="always")
def dot(rows: Rows, i: Whole, dense: Array) -> Whole:
    """Return the product of a sparse row and a dense one, at most COSINE."""
    total = np.int64(0)
    for p in range(rows.start[i], rows.start[i + 1]):
        total += np.int64(rows.weight[p]) * dense[rows.column[p]]
    return min(total, COSINE)


@njit(inline="always")
def spread_out(rows: Rows, i: Whole, dense: Array) -> None:
    """Write a sparse row into a dense one of zeros."""
    for p in range(rows.start[i], rows.start[i + 1]):
        dense[rows.column[p]] = rows.weight[p]


@njit(inline="always")
def clear(rows: Rows, i: Whole, dense: Array) -> None:
    """Undo `spread_out`."""
    for p in range(rows.start[i], rows.start[i + 1]):
        dense[rows.column[p]] = 0


def weights(columns: Columns, need: int, offerings: Longs) -> Longs:
    """Return `weight` of one need and many offerings, without a compiled loop."""
    one, many, rules = columns.needs, columns.offerings, columns.rules
    wanted, offered = one.help[need], many.help[offerings]
    fits = (wanted == 0) | ((wanted & offered) != 0)
    other = np.where(offered == 0, rules.unknown_help, rules.wrong_help)
    helps = np.where(fits, FACTOR, other).astype(np.int64)
    fresh = np.minimum(many.fresh[offerings], one.fresh[need])
    region = region_factors(one, need, many, offerings, columns.borders, rules)
    product: Longs = ((region * helps >> BITS) * fresh) >> BITS
    return product


def matchable(columns: Columns, need: int, offerings: Longs) -> npt.NDArray[np.bool_]:
    """Return `may_match` of one need and many offerings, without a compiled loop."""
    firms, taker = columns.firms, int(columns.needs.company[need])
    giver = columns.offerings.company[offerings]
    allowed: npt.NDArray[np.bool_] = (
        firms.active[giver] & (giver != taker) & firms.active[taker]
    )
    ours, theirs = firms.languages[taker], firms.languages[giver]
    allowed &= (ours == 0) | (theirs == 0) | ((ours & theirs) != 0)
    allowed &= ~_compete(columns, taker, giver)
    allowed &= ~(firms.no_paid[taker] & (columns.offerings.paid[offerings] == 2))
    apart = firms.others[firms.apart[taker] : firms.apart[taker + 1]]
    allowed &= ~np.isin(giver, apart)
    return allowed


def _compete(columns: Columns, taker: int, giver: Array) -> npt.NDArray[np.bool_]:
    firms = columns.firms
    minded = firms.no_competitors[giver] | firms.no_competitors[taker]
    n = np.minimum(firms.digits[giver], firms.digits[taker]).astype(np.int64)
    mine = firms.sector[taker] // 10 ** (firms.digits[taker] - n)
    other = firms.sector[giver] // 10 ** (firms.digits[giver] - n)
    compete: npt.NDArray[np.bool_] = minded & (n > 0) & (mine == other)
    return compete
