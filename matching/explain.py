"""Why this pair, and what does not fit: facts that the score really used.

A reason is named only if it helped: without it the score would be lower. A misfit
is what held the score back, or what both sides should know before they meet.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np

from matching.columns import COSINE, FACTOR, Columns
from matching.facts import Facts, facts
from matching.kernels import Array
from matching.market import Market
from matching.region import SAME
from matching.shared_words import shared_words
from matching.stages import beside
from matching.types import Listing, Match, Paid, Parts, Reason

Names = tuple[str, ...]
Reasons = tuple[Reason, ...]

MOST_TOPICS = 3
NEW_DAYS = 14
NOTABLE = 0.9  # what costs less than a tenth of the score is no misfit
ONE_WAY = Reason("one_way", {})


class Explained(NamedTuple):
    """One match, and what does not fit in it."""

    match: Match
    misfits: Reasons


class Explainer:
    """Turns matches into records with reasons: many at once cost least."""

    def __init__(self, market: Market, columns: Columns) -> None:
        self.market = market
        self.columns = columns
        known = market.knowledge
        self._topic_ids = np.array([topic.id for topic in known.topics], object)
        self._above: Array = np.array(
            [np.isin(self._topic_ids, known.ancestors(one)) for one in self._topic_ids]
        )
        self._has_above = np.asarray(self._above.any(axis=1))
        self._satisfy = {kind.id: set(kind.matches_with) for kind in known.help_kinds}

    def explain(self, need: Array, offering: Array) -> list[Explained]:
        """Return a record per match of need[i] and offering[i]."""
        market = self.market
        with beside(lambda: self._facts(need, offering)) as taken_apart:
            words = shared_words(market.needs, market.offerings, need, offering)
        found = taken_apart.result()
        needs = [market.needs[at] for at in need.tolist()]
        offerings = [market.offerings[at] for at in offering.tolist()]
        matches = map(
            Match,
            [one.id for one in needs],
            [one.id for one in offerings],
            [one.company or one.id for one in offerings],
            [one.company or one.id for one in needs],
            _rounded(found.score / COSINE, 6),
            _parts(found),
            self._reasons(needs, offerings, found, words),
        )
        return list(map(Explained, matches, _misfits(offerings, found)))

    def _facts(self, need: Array, offering: Array) -> Facts:
        market = self.market
        return facts(
            self.columns,
            need,
            offering,
            n_topics=len(self._topic_ids),
            widths=(market.n_topics, market.n_words),
        )

    def _reasons(
        self,
        needs: Sequence[Listing],
        offerings: Sequence[Listing],
        found: Facts,
        words: Sequence[Names],
    ) -> Iterator[Reasons]:
        """Return what makes each match one."""
        names = self._named(found.shared)
        kinds = map(self._satisfying(), needs, offerings)
        same = (found.relation == SAME).astype(float)
        return _in_turn(
            map(_Told("topic", "topics").of, names),
            [(Reason("words", {"words": one}),) if one else () for one in words],
            _where(found.region > found.if_far, _Told("distance", "km"), _km(found)),
            _where(found.region > found.if_elsewhere, _Told("state", "same"), same),
            _where(found.region > found.if_onsite, _Told("remote")),
            map(_Told("help", "help").of, kinds),
            self._news(offerings, found),
        )

    def _satisfying(self) -> Callable[[Listing, Listing], Names]:
        """Return what names the kinds of help offered that satisfy a need."""

        @cache
        def satisfying(wanted: Names, offered: Names) -> Names:
            satisfy = {one for kind in wanted for one in self._satisfy[kind]}
            return tuple(kind for kind in offered if kind in satisfy)

        return lambda need, offering: satisfying(need.help, offering.help)

    def _news(self, offerings: Sequence[Listing], found: Facts) -> Iterator[Reasons]:
        """Return how new what is offered is, where age takes nothing away."""
        today = self.market.as_of
        ages = [
            (today - one.since).days if one.since else NEW_DAYS + 1 for one in offerings
        ]
        age = np.array(ages, float)
        new = (age <= NEW_DAYS) & (found.fresh == FACTOR)
        return _where(new, _Told("fresh", "days"), np.maximum(age, 0))

    def _named(self, shared: Array) -> list[Names]:
        """Return the topics that each match shares, the weightiest first.

        A root such as "Anwendungsfelder", or what a named topic belongs to anyway,
        says nothing and is left out.
        """
        telling = (shared >= 0) & self._has_above[shared]
        for one in range(shared.shape[1]):
            there = shared[:, one] >= 0
            telling[there] &= ~self._above[shared[there, one, None], shared[there]]
        first = np.argsort(~telling, axis=1, kind="stable")[:, :MOST_TOPICS]
        names = self._topic_ids[np.take_along_axis(shared, first, 1)].tolist()
        count = telling.sum(axis=1).tolist()
        return [tuple(row[:n]) for row, n in zip(names, count, strict=True)]


class _Told(dict[Any, Reasons]):
    """Reasons of one code by their value; what was told before is the same object."""

    def __init__(self, code: str, name: str = "") -> None:
        self._code, self._name = code, name

    def __missing__(self, value: Any) -> Reasons:
        values = {self._name: value} if self._name else {}
        self[value] = told = (Reason(self._code, values),)
        return told

    def of(self, names: Names) -> Reasons:
        """Return the reason that names them; nobody is no reason."""
        return self[names] if names else ()


def _where(flags: Array, told: _Told, values: Array | None = None) -> Iterator[Reasons]:
    """Return the reason that goes with each value, where a flag is set."""
    value = [None] * len(flags) if values is None else values.tolist()
    return (
        told[it] if so else () for so, it in zip(flags.tolist(), value, strict=True)
    )


def _in_turn(*columns: Iterable[Reasons]) -> Iterator[Reasons]:
    """Return the reasons of each match: those of one column after the other's."""
    return (sum(some, ()) for some in zip(*columns, strict=True))


def _misfits(offerings: Sequence[Listing], found: Facts) -> Iterator[Reasons]:
    """Return what held each match back, or should be known beforehand."""
    unfit, old = found.help < FACTOR, found.fresh < FACTOR
    return _in_turn(
        _where(found.region < NOTABLE * found.if_near, _Told("far", "km"), _km(found)),
        _where(found.region < NOTABLE * found.if_same, _Told("other_state")),
        map(
            _terms,
            unfit.tolist(),
            [one.help for one in offerings],
            [one.paid for one in offerings],
            old.tolist(),
        ),
    )


@lru_cache(4096)
def _terms(unfit: bool, kinds: Names, paid: Paid, old: bool) -> Reasons:
    """Return what does not fit in what is offered, wherever it is."""
    found = []
    if unfit:
        code = "other_help" if kinds else "open_help"
        found.append(Reason(code, {"help": kinds}))
    if paid != "none":
        found.append(Reason(f"paid_{paid}", {}))
    if old:
        found.append(Reason("old", {}))
    return tuple(found)


def _parts(found: Facts) -> Iterator[Parts]:
    """Return the factors of each score."""
    cosines = [_rounded(part / COSINE, 6) for part in (found.topic, found.text)]
    factors = found.region, found.help, found.fresh
    return map(Parts, *cosines, *(_rounded(part / FACTOR, 4) for part in factors))


def _km(found: Facts) -> Array:
    km: Array = found.km.astype(float)
    return km


def misfits(matches: Sequence[Explained]) -> Reasons:
    """Return what does not fit between two companies, each fact once."""
    found = [ONE_WAY] if len(matches) < 2 else []
    for one in matches:
        found += [reason for reason in one.misfits if reason not in found]
    return tuple(found)


def _rounded(values: Array, digits: int) -> list[float]:
    rounded: list[float] = np.round(values, digits).tolist()
    return rounded
