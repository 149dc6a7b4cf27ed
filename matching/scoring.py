"""Directed scores: how well one offering answers one need, in whole numbers.

    score = content * weight,  content = (1 - t) * topic + t * text,
    weight = region * help * fresh,

each in [0, 1]. A score in steps of 1 / COSINE is a whole number, so that every way
to compute it gives the same. What must not meet is excluded, never scored down.
"""

import numpy as np
import numpy.typing as npt

from matching.columns import BITS, COSINE, FACTOR, Columns, Rules
from matching.instructions import prefetch
from matching.kernels import Array, Record, Records, Whole, entries, njit
from matching.region import region_factor, region_factors
from matching.settings import Settings
from matching.sparse_rows import Rows

Longs = npt.NDArray[np.int64]
PAID = 2  # help that costs for certain
ENTRIES = 16  # of a row, at most, in a line of memory


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
        national=factor(settings.national_far),
        remote=factor(settings.remote_far),
        bordering=factor(settings.bordering_state),
        elsewhere=factor(settings.other_state),
        stale=factor(settings.stale),
    )


@njit()
def help_factor(wanted: Whole, offered: Whole, rules: Rules) -> Whole:
    """Return how the kind of help fits: 1 when the need names none."""
    if wanted == 0 or (wanted & offered) != 0:
        return np.int64(FACTOR)
    return np.int64(rules.unknown_help if offered == 0 else rules.wrong_help)


@njit(inline="always")
def weight(one: Record, other: Record, borders: Array, rules: Rules) -> Whole:
    """Return region * help * fresh of two listings, in steps of 1 / FACTOR."""
    region = region_factor(one, other, borders, rules)
    helps = help_factor(one.help, other.help, rules)
    fresh = np.int64(min(one.fresh, other.fresh))
    return (((region * helps) >> BITS) * fresh) >> BITS


@njit(inline="always")
def may_meet(firms: Records, apart: Array, others: Array, a: Whole, b: Whole) -> bool:
    """Return whether two companies may be introduced at all, whatever it is about."""
    one, other = firms[a], firms[b]
    if a == b or not (one.active and other.active):
        return False
    if not speak(one, other) or kept_apart(apart, others, a, b):
        return False
    minded = one.no_competitors or other.no_competitors
    return not (minded and compete(one, other))


@njit(inline="always")
def speak(one: Record, other: Record) -> bool:
    """Return whether two companies share a language, as far as both say."""
    silent = one.languages == 0 or other.languages == 0
    return bool(silent or (one.languages & other.languages) != 0)


@njit(inline="always")
def kept_apart(apart: Array, others: Array, a: Whole, b: Whole) -> bool:
    """Return whether two companies avoid each other, or have met too recently."""
    for p in range(apart[a], apart[a + 1]):  # noqa: SIM110 (compiled)
        if others[p] == b:
            return True
    return False


@njit()
def compete(one: Record, other: Record) -> bool:
    """Return whether two companies are of one sector class, as far as both say."""
    ours, theirs = np.int64(one.sector), np.int64(other.sector)
    longer = np.int64(one.digits) - np.int64(other.digits)
    for _ in range(longer):
        ours //= 10
    for _ in range(-longer):
        theirs //= 10
    return bool(min(one.digits, other.digits) > 0 and ours == theirs)


@njit()
def content(topic: Whole, text: Whole, rules: Rules) -> Whole:
    """Return (1 - t) * topic + t * text, all in steps of 1 / COSINE."""
    return ((FACTOR - rules.text) * topic + rules.text * text) >> BITS


@njit()
def dot(start: Array, column: Array, weight: Array, i: Whole, dense: Array) -> Whole:
    """Return the product of a sparse row and a dense one, at most COSINE.

    The arrays of `Rows` come by themselves: taking one out of a tuple counts its
    users, which costs more than the product, and threads wait for each other.
    """
    total = np.int64(0)
    for p in entries(start, i):
        total += np.int64(weight[p]) * np.int64(dense[column[p]])
    return min(total, np.int64(COSINE))


@njit(inline="always")
def fetch(start: Array, column: Array, weight: Array, i: Whole) -> None:
    """Ask for a sparse row that `dot` will read."""
    for p in range(start[i], start[i + 1], ENTRIES):
        prefetch(column, p)
        prefetch(weight, p)


def blank_rows(widths: tuple[int, int]) -> tuple[Array, Array]:
    """Return rows of zeros for one need's topics and words."""
    return np.zeros(widths[0], np.int16), np.zeros(widths[1], np.int16)


@njit()
def spread_out(rows: Rows, i: Whole, dense: Array) -> None:
    """Write a sparse row into a dense one of zeros."""
    for p in entries(rows.start, i):
        dense[rows.column[p]] = rows.weight[p]


@njit()
def clear(rows: Rows, i: Whole, dense: Array) -> None:
    """Undo `spread_out`."""
    for p in entries(rows.start, i):
        dense[rows.column[p]] = 0


def weights(columns: Columns, need: int, offerings: Longs) -> Longs:
    """Return `weight` of one need and many offerings, without a compiled loop."""
    one = columns.needs.traits[need]
    many, rules = columns.offerings.traits[offerings], columns.rules
    fits = (one.help == 0) | ((one.help & many.help) != 0)
    other = np.where(many.help == 0, rules.unknown_help, rules.wrong_help)
    helps = np.where(fits, FACTOR, other).astype(np.int64)
    fresh = np.minimum(many.fresh, one.fresh)
    region = region_factors(one, many, columns.borders, rules)
    product: Longs = ((region * helps >> BITS) * fresh) >> BITS
    return product


def matchable(columns: Columns, need: int, offerings: Longs) -> npt.NDArray[np.bool_]:
    """Return `may_match` of one need and many offerings, without a compiled loop."""
    firms, taker = columns.firms, int(columns.needs.company[need])
    giver = columns.offerings.company[offerings]
    one, many = firms.traits[taker], firms.traits[giver]
    allowed: npt.NDArray[np.bool_] = many.active & (giver != taker) & one.active
    allowed &= (
        (one.languages == 0)
        | (many.languages == 0)
        | ((one.languages & many.languages) != 0)
    )
    allowed &= ~_competing(one, many)
    allowed &= ~(one.no_paid & (columns.offerings.traits.paid[offerings] == PAID))
    apart = firms.others[firms.apart[taker] : firms.apart[taker + 1]]
    allowed &= ~np.isin(giver, apart)
    return allowed


def _competing(one: Record, many: Records) -> npt.NDArray[np.bool_]:
    minded = many.no_competitors | one.no_competitors
    n = np.minimum(many.digits, one.digits).astype(np.int64)
    mine = int(one.sector) // 10 ** (int(one.digits) - n)
    other = many.sector.astype(np.int64) // 10 ** (many.digits - n)
    competing: npt.NDArray[np.bool_] = minded & (n > 0) & (mine == other)
    return competing
