"""Why this pair, and what does not fit: facts that the score really used.

A reason is named only if it helped: without it the score would be lower. A misfit
is what held the score back, or what both sides should know before they meet.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matching.columns import COSINE, FACTOR, Array, Columns
from matching.facts import Facts, facts
from matching.market import Market
from matching.region import SAME
from matching.shared_words import shared_words
from matching.stages import beside
from matching.types import Listing, Match, Parts, Reason

Names = tuple[str, ...]

MOST_TOPICS = 3
NEW_DAYS = 14
NOTABLE = 0.9  # what costs less than a tenth of the score is no misfit


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
        self._reason: dict[tuple[str, str | float | tuple[str, ...]], Reason] = {}

    def explain(self, need: Array, offering: Array) -> list["Explained"]:
        """Return a record per match of need[i] and offering[i]."""
        market = self.market
        with beside(lambda: self._facts(need, offering)) as taken_apart:
            words = shared_words(market.needs, market.offerings, need, offering)
        found = taken_apart.result()
        rows = zip(*(column.tolist() for column in found), strict=True)
        parts = zip(
            *(_rounded(part / COSINE, 6) for part in (found.topic, found.text)),
            *(
                _rounded(part / FACTOR, 4)
                for part in (found.region, found.help, found.fresh)
            ),
            strict=True,
        )
        scores = _rounded(found.score / COSINE, 6)
        shared = zip(self._named(found.shared), words, strict=True)
        given = zip(
            need.tolist(), offering.tolist(), rows, shared, parts, scores, strict=True
        )
        return [
            self._explained(
                market.needs[d], market.offerings[o], Facts(*row), both, part, score
            )
            for d, o, row, both, part, score in given
        ]

    def _facts(self, need: Array, offering: Array) -> Facts:
        market = self.market
        return facts(
            self.columns,
            need,
            offering,
            n_topics=len(self._topic_ids),
            widths=(market.n_topics, market.n_words),
        )

    def _explained(
        self,
        need: Listing,
        offering: Listing,
        row: Facts,
        shared: tuple[Names, Names],
        parts: tuple[float, ...],
        score: float,
    ) -> "Explained":
        match = Match(
            need=need.id,
            offering=offering.id,
            giver=offering.company or offering.id,
            taker=need.company or need.id,
            score=score,
            parts=Parts(*parts),
            reasons=tuple(self._reasons(need, offering, row, shared)),
        )
        return Explained(match, self._misfits(offering, row))

    def _reasons(
        self,
        need: Listing,
        offering: Listing,
        row: Facts,
        shared: tuple[Names, Names],
    ) -> list[Reason]:
        found = []
        topics, words = shared
        if topics:
            found.append(self._told("topic", "topics", topics))
        if words:
            found.append(Reason("words", {"words": words}))
        if row.region > row.if_far:
            found.append(self._told("distance", "km", float(row.km)))
        if row.region > row.if_elsewhere:
            found.append(self._told("state", "same", float(row.relation == SAME)))
        if row.region > row.if_onsite:
            found.append(self._told("remote"))
        if need.help and (kinds := self.satisfying(need, offering)):
            found.append(self._told("help", "help", kinds))
        age = self.age(offering)
        if age is not None and age <= NEW_DAYS and row.fresh == FACTOR:
            found.append(self._told("fresh", "days", float(max(age, 0))))
        return found

    def _misfits(self, offering: Listing, row: Facts) -> list[Reason]:
        """Return what held this match back, or should be known beforehand."""
        found = []
        if row.region < NOTABLE * row.if_near:
            found.append(self._told("far", "km", float(row.km)))
        if row.region < NOTABLE * row.if_same:
            found.append(self._told("other_state"))
        if row.help < FACTOR:
            kinds = offering.help
            found.append(
                self._told("other_help" if kinds else "open_help", "help", kinds)
            )
        if offering.paid != "none":
            found.append(self._told(f"paid_{offering.paid}"))
        if row.fresh < FACTOR:
            found.append(self._told("old"))
        return found

    def _told(
        self, code: str, name: str = "", value: str | float | tuple[str, ...] = ""
    ) -> Reason:
        """Return a reason; one that was told before is the same object."""
        found = self._reason.get((code, value))
        if found is None:
            found = Reason(code, {name: value} if name else {})
            self._reason[code, value] = found
        return found

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

    def satisfying(self, need: Listing, offering: Listing) -> tuple[str, ...]:
        """Return the kinds of help offered that satisfy the need."""
        return tuple(
            kind
            for kind in offering.help
            if any(kind in self._satisfy[wanted] for wanted in need.help)
        )

    def age(self, one: Listing) -> int | None:
        """Return the days since a listing was recorded or renewed."""
        return (self.market.as_of - one.since).days if one.since else None


class Explained(NamedTuple):
    """One match, and what does not fit in it."""

    match: Match
    misfits: list[Reason]


def misfits(matches: Sequence[Explained]) -> tuple[Reason, ...]:
    """Return what does not fit between two companies, each fact once."""
    found = [Reason("one_way")] if len(matches) < 2 else []
    for one in matches:
        found += [reason for reason in one.misfits if reason not in found]
    return tuple(found)


def _rounded(values: Array, digits: int) -> list[float]:
    rounded: list[float] = np.round(values, digits).tolist()
    return rounded
