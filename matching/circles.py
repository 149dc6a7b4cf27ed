"""Circles of companies with the same need, and rings of companies that help round.

A circle is 4 to 6 companies that do not compete and want to learn the same thing,
with somebody nearby the topic who can show it. All comparisons are in whole numbers,
so the same circles come out on every machine.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.columns import COSINE, Columns, Firms, Side
from matching.kernels import njit
from matching.knowledge import Knowledge
from matching.market import Market
from matching.region import arc_km, km_between
from matching.scoring import clear, compete, dot, kept_apart, speak, spread_out
from matching.sentences import sentence as pair_sentence
from matching.settings import Settings
from matching.sparse_rows import UNIT, as_matrix
from matching.types import Language, Reason

FEWEST, MOST = 4, 6
CIRCLES_PER_COMPANY = 2
COMPETE_KM = 150  # companies of one sector further apart have other customers
HALF_KM = 100  # at that distance closeness is one half
MOST_OFFERINGS = 3

_ABOUT = UNIT * 35 // 100  # weight of the topic in a need that is about it
_ALIKE = COSINE * 60 // 100  # cosine of two needs that are the same need
_NEARBY = COSINE * 50 // 100  # cosine of an offering nearby the topic
_PER_TOPIC = 256  # needs compared per topic, those most about it
_CLOSE = 1 << 10  # closeness of two companies in one place

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Nearby:
    """An offering near the topic of a circle; fit in [0, 1]."""

    offering: str
    company: str
    fit: float


@dataclass(frozen=True, slots=True)
class Circle:
    """Companies that could exchange experience, needs[i] being that of companies[i]."""

    id: str
    topic: str
    companies: tuple[str, ...]
    needs: tuple[str, ...]
    offerings: tuple[Nearby, ...]
    strength: float  # likeness of the needs times closeness, mean of the pairs
    reasons: tuple[Reason, ...]


def propose(
    market: Market,
    *,
    settings: Settings | None = None,
    columns: Columns | None = None,
    limit: int = 50,
) -> list[Circle]:
    """Propose circles, the strongest first.

    Parameters
    ----------
    market : Market
    settings : Settings, optional
        As of the round: cooling-down periods keep companies apart here as well.
    columns : Columns, optional
        Of the market under these settings, where they are made already.
    limit : int
        Most circles.

    Returns
    -------
    list of Circle
        Members are open to suggestions, do not avoid each other and do not compete:
        they are of other sector classes, or of one class but more than
        `COMPETE_KM` apart, unless one of them minds. Each pair of needs is alike.
        Within a circle the companies stand in order of id; a company is in at most
        `CIRCLES_PER_COMPANY`, a need in one. At least one offering is nearby. Equal
        strengths keep the order of topics, then of companies.

    Notes
    -----
    Per topic the 256 needs most about it are compared, each with each, and the first
    `limit` circles that this gives are looked at.

    Examples
    --------
    >>> for circle in propose(market):  # doctest: +SKIP
    ...     print(circle.topic, circle.companies)
    """
    columns = columns or market.columns(settings or Settings())
    needs, firms = columns.needs, columns.firms
    weights = as_matrix(needs.topics, market.n_topics, np.int32)
    found: list[tuple[int, int, Ints]] = []
    by_topic = weights[:, : len(market.knowledge.topics)].tocsc()
    blank = np.zeros(market.n_topics, np.int16)
    for topic in range(by_topic.shape[1]):
        rows = _about(by_topic, topic, needs.company, firms)
        if len(rows) >= FEWEST:
            found += [
                (strength, topic, members)
                for strength, members in islice(_of_topic(columns, rows, blank), limit)
            ]
    found.sort(key=lambda one: (-one[0], one[1], one[2].tolist()))
    del by_topic  # a tenth of a gigabyte at 300,000 companies
    offerings = as_matrix(columns.offerings.topics, market.n_topics, np.int32)
    return list(_accept(market, columns, found, (weights, offerings), limit))


def sentence(reason: Reason, lang: Language, knowledge: Knowledge) -> str:
    """Say a reason of a circle in a short sentence, as `sentences.sentence` does."""
    n = reason.values.get("n", reason.values.get("km", 0))
    own = {
        "within": (f"Höchstens {n:.0f} km voneinander", f"At most {n:.0f} km apart"),
        "sectors": (f"Aus {n:.0f} Branchen", f"From {n:.0f} sectors"),
        "nearby": (
            f"Angebote nahe am Thema: {n:.0f}",
            f"Offerings near the topic: {n:.0f}",
        ),
    }
    if reason.code in own:
        return own[reason.code][lang == "en"]
    return pair_sentence(reason, lang, knowledge)


def as_json(circle: Circle) -> dict[str, Any]:
    """Return a circle as a line of circles.jsonl; docs/distribution.md has the form."""
    return {
        "id": circle.id,
        "topic": circle.topic,
        "companies": list(circle.companies),
        "needs": list(circle.needs),
        "offerings": [
            {"offering": one.offering, "company": one.company, "fit": one.fit}
            for one in circle.offerings
        ],
        "strength": circle.strength,
        "reasons": [
            {"code": reason.code, "values": reason.values} for reason in circle.reasons
        ],
    }


def _about(by_topic: Any, topic: int, company: NDArray[np.int32], firms: Firms) -> Ints:
    """Return the needs about a topic, the best of each active company."""
    part = slice(by_topic.indptr[topic], by_topic.indptr[topic + 1])
    rows, weight = by_topic.indices[part].astype(np.int64), by_topic.data[part]
    wanted = (weight >= _ABOUT) & firms.active[company[rows]]
    rows, weight = rows[wanted], weight[wanted]
    rows = rows[np.lexsort((rows, -weight))]
    _, first = np.unique(company[rows], return_index=True)
    best: Ints = np.sort(rows[np.sort(first)][:_PER_TOPIC])
    return best


def _of_topic(
    columns: Columns, rows: Ints, blank: NDArray[np.int16]
) -> Iterator[tuple[int, Ints]]:
    """Yield strength and needs of the circles that a topic gives, without overlap."""
    fits = np.zeros((len(rows), len(rows)), np.bool_)
    value = np.zeros(fits.shape, np.int32)
    _compare(columns.needs, columns.firms, rows, blank, fits, value)
    free = np.ones(len(rows), np.bool_)
    queue = _grown(fits, value, np.arange(len(rows)), free)
    heapq.heapify(queue)
    while queue:
        strength, seed, members = heapq.heappop(queue)
        if len(members) < FEWEST or not free[seed]:
            continue
        if free[list(members)].all():
            free[list(members)] = False
            yield -strength, rows[list(members)]
        else:  # somebody has found a stronger circle: look again among the others
            heapq.heappush(queue, *_grown(fits, value, np.array([seed]), free))


def _grown(
    fits: NDArray[np.bool_],
    value: NDArray[np.int32],
    seeds: Ints,
    free: NDArray[np.bool_],
) -> list[tuple[int, int, tuple[int, ...]]]:
    """Add to each seed whoever fits all and brings most, the first of equals.

    Returns the strength (mean of the pairs; negative, for the queue), the seed and
    the members.
    """
    members = np.full((len(seeds), MOST), -1)
    strength = np.zeros(len(seeds), np.int64)
    size = np.zeros(len(seeds), np.int64)
    _grow(fits, value, seeds, free, members, strength, size)
    return [
        (-mean, seed, tuple(sorted(row[:n])))
        for mean, seed, row, n in zip(
            *(one.tolist() for one in (strength, seeds, members, size)), strict=True
        )
    ]


@njit()
def _grow(
    fits: NDArray[np.bool_],
    value: NDArray[np.int32],
    seeds: Ints,
    free: NDArray[np.bool_],
    members: Ints,
    strength: Ints,
    size: Ints,
) -> None:
    n = len(free)
    open_, total = np.empty(n, np.bool_), np.empty(n, np.int64)
    for row in range(len(seeds)):
        last, inside, place = seeds[row], np.int64(0), 0
        open_[:] = free
        total[:] = 0
        while True:
            members[row, place] = last
            place += 1
            best, brings = -1, np.int64(-1)
            for other in range(n):
                open_[other] = open_[other] and fits[last, other]
                total[other] += value[last, other]
                if open_[other] and total[other] > brings:
                    best, brings = other, total[other]
            if best < 0 or place == MOST:
                break
            inside += brings
            last = best
        size[row] = place
        strength[row] = inside // max(1, place * (place - 1) // 2)


@njit()
def _compare(
    needs: Side,
    firms: Firms,
    rows: Ints,
    blank: NDArray[np.int16],
    fits: NDArray[np.bool_],
    value: NDArray[np.int32],
) -> None:
    """Note which needs are alike, of companies that may sit at one table.

    blank : zeros, as many as there are topics
    value : likeness times closeness, where they fit
    """
    start, column, weight = needs.topics
    traits, places, apart, others = firms
    for x in range(len(rows)):
        spread_out(needs.topics, rows[x], blank)
        a = needs.traits[rows[x]].company
        for y in range(x + 1, len(rows)):
            alike = dot(start, column, weight, rows[y], blank)
            b = needs.traits[rows[y]].company
            if alike < _ALIKE or kept_apart(apart, others, a, b):
                continue
            one, other = traits[a], traits[b]
            km = np.int64(-1)
            if one.placed and other.placed:
                p, q = places[a], places[b]
                km = km_between(p[0], p[1], p[2], q[0], q[1], q[2])
            minded = one.no_competitors or other.no_competitors
            if (minded or km < COMPETE_KM) and compete(one, other):
                continue
            if speak(one, other):
                known = np.int64(HALF_KM) if km < 0 else km
                close = _CLOSE * HALF_KM // (HALF_KM + known)
                fits[x, y] = fits[y, x] = True
                value[x, y] = value[y, x] = (alike >> 12) * close
        clear(needs.topics, rows[x], blank)


def _distances(firms: Firms, company: NDArray[np.int32]) -> Ints:
    """Return whole kilometres between companies, -1 where a place is unknown."""
    place = firms.place[company]
    squares = ((place[:, None] - place[None, :]) ** 2).sum(axis=2)
    km: Ints = arc_km(np.sqrt(squares))
    placed = firms.traits["placed"][company]
    km[~(placed[:, None] & placed[None, :])] = -1
    return km


def _accept(
    market: Market,
    columns: Columns,
    found: Sequence[tuple[int, int, Ints]],
    sides: tuple[Any, Any],
    limit: int,
) -> Iterator[Circle]:
    """Yield the strongest with an offering, no company too often, no need twice."""
    needs, offerings = sides
    times = np.zeros(len(market.companies), np.int64)
    taken = np.zeros(market.n_needs, np.bool_)
    accepted = 0
    for strength, topic, members in found:
        company = columns.needs.company[members]
        full = times[company] >= CIRCLES_PER_COMPANY
        if accepted == limit or full.any() or taken[members].any():
            continue
        nearby = _nearby(market, columns, offerings, needs[members].sum(axis=0))
        if nearby:
            accepted += 1
            times[company] += 1
            taken[members] = True
            yield _circle(market, columns, (strength, topic, members), nearby)


def _nearby(
    market: Market, columns: Columns, offerings: Any, middle: Any
) -> tuple[Nearby, ...]:
    """Return the offerings nearest to the middle of the needs, one per company."""
    middle = np.asarray(middle, np.int32).ravel()
    length = np.sqrt(float(middle.astype(np.int64) @ middle))
    products = offerings @ middle
    active = columns.firms.active[columns.offerings.company]
    near = np.flatnonzero(active & (products >= _NEARBY / UNIT * length))
    near = near[np.lexsort((near, -products[near]))]
    company = columns.offerings.company[near]
    _, first = np.unique(company, return_index=True)
    return tuple(
        Nearby(
            offering=market.offerings[at].id,
            company=market.companies[columns.offerings.company[at]].id,
            fit=round(min(1.0, float(products[at]) / (UNIT * length)), 4),
        )
        for at in near[np.sort(first)][:MOST_OFFERINGS]
    )


def _circle(
    market: Market,
    columns: Columns,
    proposal: tuple[int, int, Ints],
    nearby: tuple[Nearby, ...],
) -> Circle:
    strength, topic, members = proposal
    company = columns.needs.company[members]
    km = _distances(columns.firms, company)
    sectors = {one.sector[:2] for at in company if (one := market.companies[at]).sector}
    name = market.knowledge.topics[topic].id
    reasons = [Reason("topic", {"topics": (name,)})]
    if (km >= 0).all():
        reasons.append(Reason("within", {"km": float(km.max())}))
    if len(sectors) > 1:
        reasons.append(Reason("sectors", {"n": float(len(sectors))}))
    reasons.append(Reason("nearby", {"n": float(len(nearby))}))
    companies = tuple(market.companies[at].id for at in company)
    return Circle(
        id=f"{name}:{companies[0]}",
        topic=name,
        companies=companies,
        needs=tuple(market.needs[at].id for at in members),
        offerings=nearby,
        strength=round(strength / (_CLOSE * (COSINE >> 12)), 4),
        reasons=tuple(reasons),
    )
