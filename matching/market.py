"""Records -> columns: the market of a round, checked and put in canonical order."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matching import knowledge as base
from matching.columns import FACTOR, FIRM, LISTING, Columns, Firms, Side, records
from matching.common_words import in_common
from matching.errors import BadInput, BadRow
from matching.kernels import Array, Ints
from matching.knowledge import Knowledge
from matching.references import contradictions
from matching.region import BORDERING, OTHER, SAME, points
from matching.scoring import rules_of
from matching.settings import Settings
from matching.sparse_rows import Rows, between, heaviest
from matching.stages import beside
from matching.tokens import BETWEEN
from matching.types import REACHES, Company, Listing, Meeting
from matching.whole_vectors import WholeVectors

if TYPE_CHECKING:
    from matching.topics import TextVectors

IN_FULL = 10_000  # offerings up to which texts are compared whole
KEPT_WORDS = 128  # of a text in a larger register, the heaviest
MOST_WORDS = 1 << 16  # of a larger register, those in most texts: two bytes each
TOGETHER = 8192  # records written at once for the hash
PAID = ("none", "maybe", "yes")


@dataclass(frozen=True)
class Market:
    """Listings, companies and history of one date, with the listings' vectors.

    Make one with `Market.of`. Companies are ordered by id, listings by company, then
    id; what follows does not depend on the order of the input.
    """

    listings: tuple[Listing, ...]  # needs, then offerings, each in canonical order
    companies: tuple[Company, ...]
    history: tuple[Meeting, ...]
    vectors: WholeVectors  # rows as `listings`; in a large register the heaviest words
    n_needs: int
    as_of: date
    knowledge: Knowledge

    @classmethod
    def of(
        cls,
        listings: Sequence[Listing],
        companies: Sequence[Company],
        history: Sequence[Meeting],
        vectors: "TextVectors | WholeVectors",
        *,
        as_of: date,
        knowledge: Knowledge | None = None,
    ) -> "Market":
        """Check the records and put them in order.

        Parameters
        ----------
        listings : sequence of Listing
            Needs and offerings. Without `company` a listing is its own company.
        companies : sequence of Company
        history : sequence of Meeting
        vectors : TextVectors or WholeVectors
            Row i belongs to `listings[i]`.
        as_of : date
            Ages of listings and cooling-down periods count until then.

        Raises
        ------
        BadInput
            An id is there twice, or a reference leads nowhere; all are named.
        """
        known = base.load() if knowledge is None else knowledge
        bad = list(contradictions(listings, companies, history, known))
        if len(vectors) != len(listings):
            bad.append(BadRow("vectors", len(vectors), "rows", "as many as listings"))
        if bad:
            raise BadInput(bad)
        whole = (
            vectors if isinstance(vectors, WholeVectors) else WholeVectors.of(vectors)
        )
        own = [Company(one.id) for one in listings if one.company is None]
        n_needs = sum(one.kind == "need" for one in listings)
        if len(listings) - n_needs > IN_FULL:
            # A third of the work and of the memory, and nDCG@10 on judged_dev .862
            # instead of .869.
            whole = replace(whole, words=heaviest(whole.words, KEPT_WORDS))
        everyone = sorted([*companies, *own], key=lambda one: one.id)
        order = sorted(
            range(len(listings)),
            key=lambda at: (
                listings[at].kind,
                listings[at].company or listings[at].id,
                listings[at].id,
            ),
        )
        return cls(
            listings=tuple(listings[at] for at in order),
            companies=tuple(everyone),
            history=tuple(sorted(history, key=_meeting_order)),
            vectors=whole.take(np.array(order, np.int64)),
            n_needs=n_needs,
            as_of=as_of,
            knowledge=known,
        )

    @cached_property
    def needs(self) -> Sequence[Listing]:
        """The needs, in the order of `columns.needs`."""
        return self.listings[: self.n_needs]

    @cached_property
    def offerings(self) -> Sequence[Listing]:
        """The offerings, in the order of `columns.offerings`."""
        return self.listings[self.n_needs :]

    @cached_property
    def company_at(self) -> Mapping[str, int]:
        """Place of a company by its id."""
        return {one.id: at for at, one in enumerate(self.companies)}

    def numbers(self, kind: str, names: Sequence[tuple[str, str]]) -> Ints:
        """Return pairs of companies as places a < b, in the order given.

        Raises
        ------
        BadInput
            A company is unknown, or the two are one.
        """
        at, bad = self.company_at, []
        for line, pair in enumerate(names, start=1):
            for one in pair:
                if one not in at:
                    bad.append(BadRow(kind, line, "company", f"unknown {one!r}"))
            if pair[0] == pair[1]:
                bad.append(BadRow(kind, line, "company", f"{pair[0]!r} with itself"))
        if bad:
            raise BadInput(bad)
        found = [sorted((at[a], at[b])) for a, b in names]
        return np.array(found, np.int32).reshape(-1, 2)

    @property
    def widths(self) -> tuple[int, int]:
        """Number of columns of the topic part and of the text part."""
        return self.vectors.widths

    @property
    def n_topics(self) -> int:
        """Number of columns of the topic part."""
        return self.widths[0]

    @property
    def n_words(self) -> int:
        """Number of columns of the text part."""
        return self.widths[1]

    def columns(
        self, settings: Settings, drops: Sequence[tuple[str, str]] = ()
    ) -> Columns:
        """Return the arrays that kernels read, under these settings."""
        with beside(self._words) as words:  # kernels, and what follows is Python
            needs = self._side(self.needs, settings, need=True)
            offerings = self._side(self.offerings, settings, need=False)
            firms = self._firms(settings, drops)
        asked, given = words.result()
        return Columns(
            needs=needs._replace(words=asked),
            offerings=offerings._replace(words=given),
            firms=firms,
            borders=_borders(self.knowledge),
            rules=rules_of(settings),
        )

    def _side(
        self, listings: Sequence[Listing], settings: Settings, *, need: bool
    ) -> Side:
        at = self.company_at
        place, placed, state = self._places
        company = np.array([at[one.company or one.id] for one in listings], np.int32)
        first = np.searchsorted(company, np.arange(len(self.companies) + 1))
        reach = {name: code for code, name in enumerate(REACHES)}
        radii = [
            settings.radius_km if one.radius_km is None else one.radius_km
            for one in listings
        ]
        helps = _help_bits(self.knowledge, need=need)
        begin = 0 if need else self.n_needs
        vectors = self.vectors.between(begin, begin + len(listings))
        traits = records(
            LISTING,
            company=company,
            reach=np.array([reach[one.reach] for one in listings], np.int8),
            radius=np.ceil(np.array(radii, np.float64)).astype(np.int32),
            help=np.array([_bits(helps, one.help) for one in listings], np.uint32),
            paid=np.array([PAID.index(one.paid) for one in listings], np.int8),
            fresh=self._freshness(listings, settings),
            x=place[company, 0],
            y=place[company, 1],
            z=place[company, 2],
            placed=placed[company],
            state=state[company],
        )
        return Side(
            traits=traits,
            first=first.astype(np.int64),
            topics=vectors.topics,
            words=vectors.words,
        )

    def _words(self) -> tuple[Rows, Rows]:
        """Return the words of needs and of offerings that can be found in common."""
        words, n = self.vectors.words, len(self.listings)
        needs, offerings = (
            between(words, 0, self.n_needs),
            between(words, self.n_needs, n),
        )
        most = None if len(self.offerings) <= IN_FULL else MOST_WORDS
        return in_common(needs, offerings, self.n_words, most)

    def _freshness(self, listings: Sequence[Listing], settings: Settings) -> Ints:
        today = self.as_of.toordinal()
        age = np.array(
            [today - one.since.toordinal() if one.since else 0 for one in listings]
        )
        span = settings.stale_days - settings.fresh_days
        beyond = np.clip(age - settings.fresh_days, 0, span)
        lost = FACTOR - round(settings.stale * FACTOR)
        fresh: Ints = (FACTOR - lost * beyond // span).astype(np.int32)
        return fresh

    @cached_property
    def _places(self) -> tuple[Array, Array, Array]:
        """Return points on the sphere, whether they are known, and states."""
        some = self.companies
        lat = np.array([np.nan if c.lat is None else c.lat for c in some], np.float64)
        lon = np.array([np.nan if c.lon is None else c.lon for c in some], np.float64)
        states = {one.iso: at for at, one in enumerate(self.knowledge.states)}
        return (
            points(lat, lon),
            ~np.isnan(lat) & ~np.isnan(lon),
            np.array([states.get(c.state or "", -1) for c in some], np.int8),
        )

    def _firms(self, settings: Settings, drops: Sequence[tuple[str, str]]) -> Firms:
        some = self.companies
        place, placed, state = self._places
        spoken = sorted({word for c in some for word in c.languages})
        language = {word: 1 << min(at, 31) for at, word in enumerate(spoken)}
        apart, others = self._apart(settings, drops)
        traits = records(
            FIRM,
            placed=placed,
            state=state,
            sector=np.array([int(c.sector or 0) for c in some], np.int32),
            digits=np.array([len(c.sector or "") for c in some], np.int8),
            languages=np.array([_bits(language, c.languages) for c in some], np.uint32),
            no_paid=np.array([c.no_paid for c in some], np.bool_),
            no_competitors=np.array([c.no_competitors for c in some], np.bool_),
            active=np.array([not c.paused and c.capacity > 0 for c in some], np.bool_),
        )
        return Firms(traits, place, apart, others)

    def _apart(
        self, settings: Settings, drops: Sequence[tuple[str, str]]
    ) -> tuple[Array, Ints]:
        """Return whom each company must not meet: avoided, cooling down, dropped."""
        at = self.company_at
        pairs = {
            (at[one.id], at[other]) for one in self.companies for other in one.avoid
        }
        pairs |= {(at[a], at[b]) for a, b in self.cooling(settings)}
        pairs |= {(a, b) for a, b in self.numbers("drops", drops).tolist()}
        both = np.array(sorted(pairs | {(b, a) for a, b in pairs}), np.int32)
        both = both.reshape(-1, 2)
        apart = np.searchsorted(both[:, 0], np.arange(len(self.companies) + 1))
        return apart.astype(np.int64), np.ascontiguousarray(both[:, 1])

    def cooling(self, settings: Settings) -> Iterator[tuple[str, str]]:
        """Yield the pairs that met too recently to be suggested again."""
        weeks = {
            "declined": settings.weeks_declined,
            "withdrawn": settings.weeks_withdrawn,
            "expired": settings.weeks_expired,
            "connected": settings.weeks_connected,
        }
        for one in self.history:
            if self.weeks_since(one.week) < weeks[one.outcome]:
                yield one.a, one.b

    def weeks_since(self, week: str) -> int:
        """Return how many weeks lie between an ISO week and `as_of`."""
        monday = week_begins(week)
        return (self.as_of - monday).days // 7

    @cached_property
    def fingerprint(self) -> str:
        """Return a hash of records and vectors, the same for any order of input."""
        digest = hashlib.sha256(self.as_of.isoformat().encode())
        for rows in (self.listings, self.companies, self.history):
            for begin in range(0, len(rows), TOGETHER):
                some = rows[begin : begin + TOGETHER]
                for one in fields(some[0]):
                    digest.update(_written(list(map(attrgetter(one.name), some))))
        for part in (self.vectors.topics, self.vectors.words):
            for array in part:
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]


def _written(values: Sequence[object]) -> bytes:
    """Return a column of records as bytes that no other values have.

    Each value, and the column, ends with a mark: what moves from one column into the
    next is something else. Texts are joined: a tenth of the time of `repr`.
    """
    if set(map(type, values)) == {str}:
        texts: Any = [*values, ""]
        joined: str = BETWEEN.join(texts)
        if joined.count(BETWEEN) == len(values):
            return b"texts:" + joined.encode("utf-8", "surrogatepass")
    return f"values:{values!r}{BETWEEN}".encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1024)
def week_begins(week: str) -> date:
    """Return the Monday of an ISO week such as "2026-W48".

    Raises
    ------
    ValueError
        There is no such week.
    """
    year, sep, number = week.partition("-W")
    if not (sep and len(year) == 4 and len(number) == 2):
        raise ValueError(f"{week!r} is not a week such as 2026-W48")
    return date.fromisocalendar(int(year), int(number), 1)


def _meeting_order(one: Meeting) -> tuple[str, str, str, str]:
    return one.week, one.a, one.b, one.outcome


def _bits(bits: Mapping[str, int], names: Sequence[str]) -> int:
    total = 0
    for name in names:
        total |= bits[name]
    return total


def _help_bits(knowledge: Knowledge, *, need: bool) -> dict[str, int]:
    """Return a bit per kind of help; for a need those of all kinds that satisfy it."""
    own = {kind.id: 1 << at for at, kind in enumerate(knowledge.help_kinds)}
    if not need:
        return own
    return {kind.id: _bits(own, kind.matches_with) for kind in knowledge.help_kinds}


def _borders(knowledge: Knowledge) -> npt.NDArray[np.int8]:
    n = len(knowledge.states)
    borders = np.full((n, n), OTHER, np.int8)
    for i, one in enumerate(knowledge.states):
        for j, other in enumerate(knowledge.states):
            if other.iso in one.adjacent or one.iso in other.adjacent:
                borders[i, j] = BORDERING
    np.fill_diagonal(borders, SAME)
    return borders
