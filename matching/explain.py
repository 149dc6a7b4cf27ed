"""Why this pair, and what does not fit: facts that the score really used.

A reason is named only if it helped: without it the score would be lower. A misfit
is what held the score back, or what both sides should know before they meet.
"""

from collections.abc import Sequence
from functools import cached_property

from matching.columns import COSINE, FACTOR, Array, Columns
from matching.facts import Facts, facts
from matching.market import Market
from matching.stopwords import STOP_WORDS
from matching.types import Listing, Match, Parts, Reason
from matching.words import stem, tokens

MOST_TOPICS = 3
MOST_WORDS = 4
SHORTEST_WORD = 3
NEW_DAYS = 14
NOTABLE = 0.9  # what costs less than a tenth of the score is no misfit


class Explainer:
    """Turns matches into records with reasons. Remembers the words of texts."""

    def __init__(self, market: Market, columns: Columns) -> None:
        self.market = market
        self.columns = columns
        known = market.knowledge
        self._topic_ids = [topic.id for topic in known.topics]
        self._above = {one: frozenset(known.ancestors(one)) for one in self._topic_ids}
        self._satisfy = {kind.id: set(kind.matches_with) for kind in known.help_kinds}
        self._words: dict[str, dict[str, str]] = {}
        self._stem_of = _Stems()

    def explain(self, need: Array, offering: Array) -> list["Explained"]:
        """Return a record per match of need[i] and offering[i]."""
        market = self.market
        found = facts(
            self.columns,
            need,
            offering,
            n_topics=len(self._topic_ids),
            widths=(market.n_topics, market.n_words),
        )
        rows = zip(*(column.tolist() for column in found), strict=True)
        return [
            Explained(self, market.needs[d], market.offerings[o], Facts(*row))
            for d, o, row in zip(need.tolist(), offering.tolist(), rows, strict=True)
        ]

    def topics(self, row: Facts) -> tuple[str, ...]:
        """Return the topics that a match shares, the weightiest first.

        A root such as "Anwendungsfelder", or what a named topic belongs to anyway,
        says nothing and is left out.
        """
        shared = [self._topic_ids[at] for at in row.shared if at >= 0]
        above = frozenset().union(*(self._above[one] for one in shared))
        telling = [one for one in shared if one not in above and self._above[one]]
        return tuple(telling[:MOST_TOPICS])

    def satisfying(self, need: Listing, offering: Listing) -> tuple[str, ...]:
        """Return the kinds of help offered that satisfy the need."""
        return tuple(
            kind
            for kind in offering.help
            if any(kind in self._satisfy[wanted] for wanted in need.help)
        )

    def shared_words(self, need: Listing, offering: Listing) -> tuple[str, ...]:
        """Return words of the need that the offering has too, the longest first."""
        ours, theirs = self._stems(need), self._stems(offering)
        common = sorted(ours.keys() & theirs.keys(), key=lambda s: (-len(s), s))
        return tuple(ours[one] for one in common[:MOST_WORDS])

    def _stems(self, one: Listing) -> dict[str, str]:
        found = self._words.get(one.id)
        if found is None:
            stems = self._stem_of
            words = tokens(f"{one.title} {one.text}")
            found = {stems[word]: word for word in words}
            found.pop("", None)
            self._words[one.id] = found
        return found

    def age(self, one: Listing) -> int | None:
        """Return the days since a listing was recorded or renewed."""
        return (self.market.as_of - one.since).days if one.since else None


class _Stems(dict[str, str]):
    """Stems of words, "" for those that say nothing; each is computed once."""

    def __missing__(self, word: str) -> str:
        says = len(word) >= SHORTEST_WORD and not word.isdigit()
        self[word] = found = stem(word) if says and word not in STOP_WORDS else ""
        return found


class Explained:
    """One match with the facts behind it."""

    def __init__(
        self, explainer: Explainer, need: Listing, offering: Listing, row: Facts
    ) -> None:
        self._explainer = explainer
        self.need = need
        self.offering = offering
        self.row = row

    @cached_property
    def match(self) -> Match:
        """The record."""
        row = self.row
        return Match(
            need=self.need.id,
            offering=self.offering.id,
            giver=self.offering.company or self.offering.id,
            taker=self.need.company or self.need.id,
            score=as_score(row.score),
            parts=Parts(
                topic=as_score(row.topic),
                text=as_score(row.text),
                region=round(row.region / FACTOR, 4),
                help=round(row.help / FACTOR, 4),
                fresh=round(row.fresh / FACTOR, 4),
            ),
            reasons=self._reasons(),
        )

    def _reasons(self) -> tuple[Reason, ...]:
        row, explainer = self.row, self._explainer
        found = []
        if named := explainer.topics(row):
            found.append(Reason("topic", {"topics": named}))
        if words := explainer.shared_words(self.need, self.offering):
            found.append(Reason("words", {"words": words}))
        if row.region > row.if_far:
            found.append(Reason("distance", {"km": float(row.km)}))
        if row.region > row.if_elsewhere:
            found.append(Reason("state", {"same": float(row.relation == 0)}))
        if row.region > row.if_onsite:
            found.append(Reason("remote"))
        if kinds := explainer.satisfying(self.need, self.offering):
            found.append(Reason("help", {"help": kinds}))
        age = explainer.age(self.offering)
        if age is not None and age <= NEW_DAYS and row.fresh == FACTOR:
            found.append(Reason("fresh", {"days": float(max(age, 0))}))
        return tuple(found)

    def misfits(self) -> list[Reason]:
        """Return what held this match back, or should be known beforehand."""
        row, found = self.row, []
        if row.region < NOTABLE * row.if_near:
            found.append(Reason("far", {"km": float(row.km)}))
        if row.region < NOTABLE * row.if_same:
            found.append(Reason("other_state"))
        if row.help < FACTOR:
            kinds = self.offering.help
            found.append(
                Reason("other_help" if kinds else "open_help", {"help": kinds})
            )
        if self.offering.paid != "none":
            found.append(Reason(f"paid_{self.offering.paid}"))
        if row.fresh < FACTOR:
            found.append(Reason("old"))
        return found


def misfits(matches: Sequence[Explained]) -> tuple[Reason, ...]:
    """Return what does not fit between two companies, each fact once."""
    found = [Reason("one_way")] if len(matches) < 2 else []
    for one in matches:
        found += [reason for reason in one.misfits() if reason not in found]
    return tuple(found)


def as_score(whole: int) -> float:
    """Return a score of whole steps as a number in [0, 1], six digits."""
    return round(whole / COSINE, 6)
