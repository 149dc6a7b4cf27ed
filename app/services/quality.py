"""How good the matches are: the figures of the organizers' dashboard.

Counted by the week in which the introduction was shown. A cohort is final after 14
days for decisions, 42 for meetings, 90 for outcomes; until then it is provisional.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import log2
from typing import Literal
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from app.models import Decision, DeclineReason, Side, Slot, State
from app.services import intervals, quality_data
from app.services.intervals import Interval
from app.services.quality_data import Filter, RoundRow, Shown

DECISIONS_FINAL = timedelta(days=14)
MEETINGS_FINAL = timedelta(days=42)
OUTCOMES_FINAL = timedelta(days=90)
ENOUGH = 30  # below: "too little data yet"
FEWEST_COMPANIES = 5  # below: hidden, it would speak of single companies
GOOD = 4  # of 5: this helped
NORTH_STAR_DAYS = 28

Unit = Literal["share", "per_100", "days", "number", "difference"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with all that is needed to judge it."""

    key: str
    value: float | None
    n: int
    unit: Unit = "share"
    interval: Interval | None = None
    companies: int | None = None
    provisional: bool = False

    @property
    def is_hidden(self) -> bool:
        return self.companies is not None and 0 < self.companies < FEWEST_COMPANIES

    @property
    def is_thin(self) -> bool:
        return self.n < ENOUGH


@dataclass(frozen=True, slots=True)
class WeekRow:
    """One week of the dashboard's main table."""

    week: str
    mutual: Figure
    reaction: Figure
    accepted: Figure
    coverage: Figure
    without_candidate: Figure
    held: Figure
    helpful: Figure
    load_highest: float | None
    load_p95: float | None
    overloaded: int
    certificate: float | None


@dataclass(frozen=True, slots=True)
class ReasonRow:
    reason: DeclineReason
    share: Figure


@dataclass(frozen=True, slots=True)
class ExposureRow:
    company_id: UUID
    name: str
    exposure: float


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything the page shows, computed once."""

    filter: Filter
    figures: dict[str, Figure]
    weeks: list[WeekRow]
    reasons: list[ReasonRow]
    exposure: list[ExposureRow]
    gini: float | None
    unseen: int
    mails: dict[str, int] = field(default_factory=dict)


def dashboard(session: Session, chosen: Filter, *, at: datetime) -> Dashboard:
    """Compute all figures for the weeks, state and topic of the filter."""
    rounds = quality_data.rounds(session, chosen)
    shown = quality_data.shown(session, chosen)
    load = quality_data.load(session, chosen)
    exposed = exposure(session, chosen, shown, at=at)
    values = [row.exposure for row in exposed]
    return Dashboard(
        filter=chosen,
        figures=_headline(session, chosen, rounds, shown, at),
        weeks=[
            _week(one, [row for row in shown if row.week == one.week], load, at)
            for one in rounds
        ],
        reasons=decline_reasons(shown),
        exposure=exposed,
        gini=intervals.gini(np.array(values, dtype=np.float64)),
        unseen=sum(value == 0 for value in values),
        mails=quality_data.mails(session, chosen),
    )


def _headline(
    session: Session,
    chosen: Filter,
    rounds: Sequence[RoundRow],
    shown: Sequence[Shown],
    at: datetime,
) -> dict[str, Figure]:
    latest = rounds[-1] if rounds else None
    found = [
        north_star(session, chosen, rounds, at=at),
        mutual_acceptance(shown, at),
        coverage(rounds),
        without_candidate(rounds),
        *reactions(shown, at),
        held(shown, at),
        helpful(shown, at),
        answered(shown, at),
        reaction_time(shown, at),
        benefit_over_chance(shown),
        novelty(session, chosen, shown),
        Figure(
            "certificate",
            latest.certificate if latest else None,
            sum(one.week == latest.week for one in shown) if latest else 0,
        ),
    ]
    return {figure.key: figure for figure in found}


def _week(
    one: RoundRow,
    shown: Sequence[Shown],
    load: dict[str, list[float]],
    at: datetime,
) -> WeekRow:
    loads = load.get(one.week, [])
    reaction, accepted, _ = reactions(shown, at)
    return WeekRow(
        week=one.week,
        mutual=mutual_acceptance(shown, at),
        reaction=reaction,
        accepted=accepted,
        coverage=coverage([one]),
        without_candidate=without_candidate([one]),
        held=held(shown, at),
        helpful=helpful(shown, at),
        load_highest=max(loads, default=None),
        load_p95=float(np.quantile(loads, 0.95)) if loads else None,
        overloaded=sum(value > 1 for value in loads),
        certificate=one.certificate,
    )


def mutual_acceptance(shown: Sequence[Shown], at: datetime) -> Figure:
    """Pairs that both accepted within 14 days, of pairs shown to both."""
    return _of_pairs(
        "mutual",
        shown,
        lambda row: (
            row.connected_at is not None
            and row.connected_at - row.shown_at <= DECISIONS_FINAL
        ),
        provisional=_younger(shown, DECISIONS_FINAL, at),
    )


def coverage(rounds: Sequence[RoundRow]) -> Figure:
    """Active companies with a suggestion, of active companies (mean over rounds)."""
    covered = sum(row.covered for row in rounds)
    active = sum(row.active for row in rounds)
    once = intervals.wilson(covered, active) if len(rounds) == 1 else None
    return Figure(
        "coverage",
        covered / active if active else None,
        active,
        interval=once,
        companies=max((row.active for row in rounds), default=0),
    )


def without_candidate(rounds: Sequence[RoundRow]) -> Figure:
    """Open needs with no eligible offering above the floor, of open needs."""
    unmet = sum(row.unmet for row in rounds)
    needs = sum(row.needs for row in rounds)
    return Figure("without_candidate", unmet / needs if needs else None, needs)


def reactions(shown: Sequence[Shown], at: datetime) -> tuple[Figure, Figure, Figure]:
    """Decided of shown; accepted of shown; accepted of decided: by side."""
    sides = len(shown) * 2
    decided = sum(row.decided(side) for row in shown for side in Side)
    accepted = sum(
        row.decisions[side] is Decision.ACCEPTED for row in shown for side in Side
    )
    young = _younger(shown, DECISIONS_FINAL, at)
    who = _companies(shown)
    return (
        Figure("reaction", _share(decided, sides), sides, "share", None, who, young),
        Figure("accepted", _share(accepted, sides), sides, "share", None, who, young),
        Figure(
            "accepted_of_decided",
            _share(accepted, decided),
            decided,
            "share",
            None,
            who,
            young,
        ),
    )


def held(shown: Sequence[Shown], at: datetime) -> Figure:
    """Meetings that took place, of introductions; the interval are the bounds that
    unanswered ones leave open."""
    connected = [row for row in shown if row.state is State.CONNECTED]
    yes = sum(row.held is True for row in connected)
    unknown = sum(row.held is None for row in connected)
    n = len(connected)
    return Figure(
        "held",
        _share(yes, n),
        n,
        interval=Interval(yes / n, (yes + unknown) / n) if n else None,
        companies=_companies(connected),
        provisional=_younger(connected, MEETINGS_FINAL, at),
    )


def helpful(shown: Sequence[Shown], at: datetime) -> Figure:
    """Introductions that every answering side found helpful, of those held and
    answered."""
    rated = [row for row in shown if row.held and row.ratings]
    return _of_pairs(
        "helpful",
        rated,
        lambda row: row.is_helpful,
        provisional=_younger(rated, OUTCOMES_FINAL, at),
    )


def answered(shown: Sequence[Shown], at: datetime) -> Figure:
    """How many of the sides that were connected gave feedback."""
    connected = [row for row in shown if row.state is State.CONNECTED]
    sides = 2 * len(connected)
    given = sum(row.answers for row in connected)
    return Figure(
        "answered",
        _share(given, sides),
        sides,
        companies=_companies(connected),
        provisional=_younger(connected, MEETINGS_FINAL, at),
    )


def reaction_time(shown: Sequence[Shown], at: datetime) -> Figure:
    """Median days from showing to a side's decision; open ones are censored."""
    done, still_open = [], []
    for row in shown:
        for side in Side:
            decided_at = row.decided_at[side]
            if decided_at is not None:
                done.append((decided_at - row.shown_at) / timedelta(days=1))
            else:
                end = min(at, row.closed_at or at)
                still_open.append((end - row.shown_at) / timedelta(days=1))
    median, n = intervals.median_time(done, still_open)
    return Figure("reaction_time", median, n, "days", companies=_companies(shown))


def benefit_over_chance(shown: Sequence[Shown]) -> Figure:
    """Mutual acceptance in the model's slots minus that in exploration slots."""
    by_slot = {
        slot: (
            sum(row.connected_at is not None for row in shown if row.slot is slot),
            sum(row.slot is slot for row in shown),
        )
        for slot in (Slot.MODEL, Slot.EXPLORE)
    }
    found = intervals.newcombe(by_slot[Slot.MODEL], by_slot[Slot.EXPLORE])
    explored = by_slot[Slot.EXPLORE][1]
    if found is None:
        return Figure("benefit", None, explored, "difference")
    return Figure("benefit", found[0], explored, "difference", found[1])


def novelty(session: Session, chosen: Filter, shown: Sequence[Shown]) -> Figure:
    """Pairs not shown within the 180 days before, of pairs shown."""
    repeated = quality_data.repeated(session, chosen)
    return _of_pairs("novelty", shown, lambda row: row.id not in repeated)


def north_star(
    session: Session, chosen: Filter, rounds: Sequence[RoundRow], *, at: datetime
) -> Figure:
    """Helpful connections per 100 active companies in the 28 days up to the end of
    the filter; only the first helpful one of each pair counts."""
    end = min(at, quality_data.end_of(chosen, at))
    first = quality_data.first_helpful(session, chosen)
    fresh = [row for row in first if end - timedelta(NORTH_STAR_DAYS) < row[2] <= end]
    active = [row.active for row in rounds[-4:]]
    mean = sum(active) / len(active) if active else 0
    companies = len({one for lo, hi, _ in fresh for one in (lo, hi)})
    return Figure(
        "north_star",
        100 * len(fresh) / mean if mean else None,
        round(mean),
        "per_100",
        _per_company_interval(fresh, rounds),
        companies=companies if fresh else None,
    )


def decline_reasons(shown: Sequence[Shown]) -> list[ReasonRow]:
    """Share of each reason among declines, most frequent first."""
    reasons = Counter(
        row.reasons[side]
        for row in shown
        for side in Side
        if row.decisions[side] is Decision.DECLINED
    )
    n = reasons.total()
    return [
        ReasonRow(
            reason,
            Figure(reason.value, count / n, n, interval=intervals.wilson(count, n)),
        )
        for reason, count in reasons.most_common()
        if reason is not None
    ]


def exposure(
    session: Session, chosen: Filter, shown: Iterable[Shown], *, at: datetime
) -> list[ExposureRow]:
    """How visible each company with an open offering and capacity was in the last
    28 days: the sum of 1 / log2(1 + rank) over the suggestions that showed it."""
    end = quality_data.end_of(chosen, at)
    seen: dict[UUID, float] = defaultdict(float)
    viewers: dict[tuple[str, UUID], list[tuple[float, UUID]]] = {}
    for row in shown:
        if end - row.shown_at <= timedelta(NORTH_STAR_DAYS):
            for viewer, other in ((row.lo, row.hi), (row.hi, row.lo)):
                viewers.setdefault((row.week, viewer), []).append((-row.score, other))
    for suggestions in viewers.values():
        for rank, (_, other) in enumerate(sorted(suggestions), 1):
            seen[other] += 1 / log2(1 + rank)
    offering = quality_data.offering_companies(session, chosen, at.date())
    rows = [ExposureRow(one, name, seen.get(one, 0.0)) for one, name in offering]
    return sorted(rows, key=lambda row: (row.exposure, row.name))


def _of_pairs(
    key: str,
    rows: Sequence[Shown],
    hit: Callable[[Shown], bool],
    *,
    provisional: bool = False,
) -> Figure:
    hits = np.array([hit(row) for row in rows], dtype=bool)
    numbers = {one: k for k, one in enumerate(sorted({*_ends(rows)}))}
    lo = np.array([numbers[row.lo] for row in rows], dtype=np.int64)
    hi = np.array([numbers[row.hi] for row in rows], dtype=np.int64)
    return Figure(
        key,
        float(hits.mean()) if len(hits) else None,
        len(hits),
        interval=intervals.of_pairs(hits, lo, hi) if len(numbers) > 2 else None,
        companies=len(numbers),
        provisional=provisional,
    )


def _per_company_interval(
    fresh: Sequence[tuple[UUID, UUID, datetime]], rounds: Sequence[RoundRow]
) -> Interval | None:
    """Wilson's interval of companies with a helpful connection, in the unit of the
    north star: each pair counts once for two companies."""
    active = rounds[-1].active if rounds else 0
    helped = len({one for lo, hi, _ in fresh for one in (lo, hi)})
    if not active or not fresh:
        return None
    found = intervals.wilson(min(helped, active), active)
    per_company = 100 * len(fresh) / helped
    return (
        Interval(found.low * per_company, found.high * per_company) if found else None
    )


def _ends(rows: Iterable[Shown]) -> Iterable[UUID]:
    return (one for row in rows for one in (row.lo, row.hi))


def _companies(rows: Iterable[Shown]) -> int:
    return len(set(_ends(rows)))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _younger(rows: Sequence[Shown], age: timedelta, at: datetime) -> bool:
    return any(at - row.shown_at < age for row in rows)


def last_weeks(today: date, count: int) -> tuple[str, str]:
    """The last `count` ISO weeks up to today's, as first and last week."""
    first = today - timedelta(weeks=count - 1)
    return _iso(first), _iso(today)


def _iso(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
