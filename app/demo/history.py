"""What the invented companies decide: driven by the hidden truth, not by the score.

Each match is judged by whether need and offering are about the same situation, by
distance and by how eager the companies are. The engine's own score plays no part,
so that the figures of the dashboard say something about the engine.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.demo.association import DemoCompany
from app.demo.corpus import Situation
from app.models import DAYS_TO_ANSWER, DeclineReason, Outcome, Side
from app.services.regions import distance_km

SAME_SITUATION, SAME_TOPIC, SAME_AREA, UNRELATED = 0.97, 0.7, 0.4, 0.15
FAR_KM = 300
NEVER_ANSWERS = 0.08  # share of suggestions that nobody looks at, for the keenest


@dataclass(frozen=True, slots=True)
class Seen:
    """A shown introduction with the truth about it."""

    id: UUID
    round_id: UUID
    ids: Mapping[Side, UUID]
    companies: Mapping[Side, DemoCompany]
    matches: tuple[tuple[Side, str, str], ...]  # giver, situations of need and offering
    shown_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One side's feedback."""

    at: datetime
    held: bool
    outcome: Outcome | None
    helpful: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one side does: None decides nothing in time."""

    accepts: bool | None
    at: datetime | None
    reason: DeclineReason | None = None


def compatibility(seen: Seen, situations: Mapping[str, Situation]) -> float:
    """How well the two could really help each other, in [0, 1]."""
    best = max(
        (
            _fit(situations[need], situations[offering])
            for _, need, offering in seen.matches
        ),
        default=UNRELATED,
    )
    ways = len({giver for giver, _, _ in seen.matches})
    lo, hi = seen.companies[Side.LO].place, seen.companies[Side.HI].place
    far = distance_km(lo.lat, lo.lon, hi.lat, hi.lon) or 0
    return min(
        1.0, best * (1.1 if ways == 2 else 1.0) * (1 - 0.25 * min(1, far / FAR_KM))
    )


def _fit(need: Situation, offering: Situation) -> float:
    if need.id == offering.id:
        return SAME_SITUATION
    if set(need.topics) & set(offering.topics):
        return SAME_TOPIC
    areas = [{topic.split(".")[0] for topic in one.topics} for one in (need, offering)]
    return SAME_AREA if areas[0] & areas[1] else UNRELATED


def verdict(draw: random.Random, seen: Seen, side: Side, fit: float) -> Verdict:
    """What a side decides, and when."""
    company = seen.companies[side]
    if draw.random() < NEVER_ANSWERS + 0.3 * (1 - company.eagerness):
        return Verdict(None, None)
    gives_only = all(giver is side for giver, _, _ in seen.matches)
    chance = company.eagerness * (0.3 + 0.7 * fit) * (0.85 if gives_only else 1.0)
    days = min(DAYS_TO_ANSWER - 0.5, draw.expovariate(1 / 2.6) + 0.05)
    at = seen.shown_at + timedelta(days=days)
    if draw.random() < chance:
        return Verdict(True, at)
    return Verdict(False, at, _reason(draw, seen, fit))


def _reason(draw: random.Random, seen: Seen, fit: float) -> DeclineReason:
    lo, hi = seen.companies[Side.LO], seen.companies[Side.HI]
    far = distance_km(lo.place.lat, lo.place.lon, hi.place.lat, hi.place.lon) or 0
    weights = {
        DeclineReason.NO_TIME: 1.0,
        DeclineReason.NOT_THE_TOPIC: 3.0 * (1 - fit),
        DeclineReason.TOO_FAR: 0.8 if far > FAR_KM else 0.05,
        DeclineReason.COMPETITOR: 1.4 if lo.sector == hi.sector else 0.02,
        DeclineReason.KNOW_EACH_OTHER: 0.5 if far < 40 else 0.05,
        DeclineReason.ONLY_SELLING: 0.15,
        DeclineReason.OTHER: 0.2,
    }
    return draw.choices(list(weights), list(weights.values()))[0]


def feedback(
    draw: random.Random, seen: Seen, side: Side, connected_at: datetime, fit: float
) -> Told | None:
    """What a side tells after two weeks, if it tells anything."""
    if draw.random() > 0.45 + 0.4 * seen.companies[side].eagerness:
        return None
    at = connected_at + timedelta(days=14 + draw.expovariate(1 / 3))
    if draw.random() > 0.6 + 0.35 * fit:
        return Told(at, False, None, None)
    helpful = min(5, max(1, round(1.6 + 3.2 * fit + draw.gauss(0, 0.8))))
    ranked = (Outcome.LITTLE, Outcome.INFORMATIVE, Outcome.HELPFUL, Outcome.COOPERATION)
    outcome = ranked[min(3, max(0, math.ceil(helpful / 1.3) - 1))]
    return Told(at, True, outcome, helpful)
