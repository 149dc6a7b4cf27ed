"""What the invented companies decide: driven by the hidden truth, not by the score.

Each match is judged by whether need and offering are about the same situation, by
distance and by how eager the companies are. The engine's own score plays no part,
so that the figures of the dashboard say something about the engine.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.demo.association import DemoCompany, DemoListing
from app.demo.corpus import Situation
from app.models import DAYS_TO_ANSWER, DeclineReason, Outcome, Side
from app.models.feedback import DUE_AFTER_DAYS
from app.services.regions import distance_km

SAME_SITUATION, SAME_TOPIC, SAME_AREA, UNRELATED = 0.97, 0.7, 0.4, 0.15
FAR_KM = 300
TELLS = 0.3  # of those who accept let the other side know
WITHDRAWS = 0.02  # of those who accept think again
WRITES, PUBLISHES = 0.45, 0.4  # of those who met: a sentence; it may be published
NEVER_ANSWERS = 0.08  # share of suggestions that nobody looks at, for the keenest


OUTCOMES = {
    1: (Outcome.LITTLE,),
    2: (Outcome.LITTLE, Outcome.INFORMATIVE),
    3: (Outcome.INFORMATIVE,),
    4: (Outcome.HELPFUL, Outcome.HELPFUL, Outcome.INFORMATIVE),
    5: (Outcome.HELPFUL, Outcome.COOPERATION),
}
SENTENCES = {
    Outcome.LITTLE: (
        "Nett, aber wir hatten aneinander vorbeigeredet.",
        "Am Ende war es doch ein Verkaufsgespräch.",
        "Deren Stückzahlen sind mit unseren nicht zu vergleichen.",
        "Der Termin wurde zweimal verschoben, dann war die Luft raus.",
    ),
    Outcome.INFORMATIVE: (
        "Gut zu wissen, wie andere daran gehen. Umsetzen werden wir es anders.",
        "Eine Stunde am Telefon, danach waren zwei von drei Fragen beantwortet.",
        "Wir haben vor allem gelernt, womit man besser nicht anfängt.",
        "Interessant, für uns aber ein Jahr zu früh.",
    ),
    Outcome.HELPFUL: (
        "Der Rundgang hat uns mehr gebracht als drei Angebote von Anbietern.",
        "Sehr offen, auch über das, was schiefging. Wir haben unseren Plan geändert.",
        "Die Checkliste benutzen wir seitdem bei jedem Gespräch.",
        "Unser Meister ist mitgefahren und überzeugt zurückgekommen.",
        "They showed us the real numbers. That settled our internal debate.",
    ),
    Outcome.COOPERATION: (
        "Wir treffen uns jetzt jeden Monat und machen einen gemeinsamen Versuch.",
        "Daraus ist ein kleiner Kreis mit zwei weiteren Firmen geworden.",
        "Unsere Leute tauschen sich inzwischen ohne uns aus. Besser geht es nicht.",
        "Wir teilen uns ab Januar den Aufbau und die Kosten.",
    ),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A shown introduction with the truth about it."""

    id: UUID
    round_id: UUID
    ids: Mapping[Side, UUID]
    companies: Mapping[Side, DemoCompany]
    matches: tuple[tuple[Side, DemoListing, DemoListing], ...]  # giver, need, offering
    shown_at: datetime

    @property
    def is_mutual(self) -> bool:
        return len({giver for giver, _, _ in self.matches}) == len(Side)


@dataclass(frozen=True, slots=True)
class Told:
    """One side's feedback."""

    at: datetime
    held: bool
    outcome: Outcome | None
    helpful: int | None
    sentence: str | None
    may_publish: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one side decides: a refusal has a reason, some acceptances end again."""

    at: datetime
    reason: DeclineReason | None = None
    tells: bool = False  # the other side may know of it
    withdrawn_at: datetime | None = None

    @property
    def accepts(self) -> bool:
        return self.reason is None


def compatibility(seen: Seen, situations: Mapping[str, Situation]) -> float:
    """How well the two could really help each other, in [0, 1]."""
    best = max(
        (
            _fit(situations[need.situation], situations[offering.situation])
            for _, need, offering in seen.matches
        ),
        default=UNRELATED,
    )
    lo, hi = seen.companies[Side.LO].place, seen.companies[Side.HI].place
    far = distance_km(lo.lat, lo.lon, hi.lat, hi.lon) or 0
    return min(
        1.0,
        best * (1.1 if seen.is_mutual else 1.0) * (1 - 0.25 * min(1, far / FAR_KM)),
    )


def _fit(need: Situation, offering: Situation) -> float:
    if need.id == offering.id:
        return SAME_SITUATION
    if set(need.topics) & set(offering.topics):
        return SAME_TOPIC
    areas = [{topic.split(".")[0] for topic in one.topics} for one in (need, offering)]
    return SAME_AREA if areas[0] & areas[1] else UNRELATED


def verdict(draw: random.Random, seen: Seen, side: Side, fit: float) -> Verdict | None:
    """What a side decides, and when; None if it never answers."""
    company = seen.companies[side]
    if draw.random() < NEVER_ANSWERS + 0.3 * (1 - company.eagerness):
        return None
    gives_only = all(giver is side for giver, _, _ in seen.matches)
    chance = company.eagerness * (0.3 + 0.7 * fit) * (0.85 if gives_only else 1.0)
    days = min(DAYS_TO_ANSWER - 0.5, draw.expovariate(1 / 2.6) + 0.05)
    at = seen.shown_at + timedelta(days=days)
    if draw.random() >= chance:
        return Verdict(at, reason=_reason(draw, seen, fit))
    regrets = draw.random() < WITHDRAWS
    return Verdict(
        at,
        tells=draw.random() < TELLS,
        withdrawn_at=at + timedelta(days=draw.uniform(0.2, 4)) if regrets else None,
    )


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
    """What a side tells after two weeks, if it tells anything.

    How helpful it was rests on what the two have in common and on how good the help
    was, which nobody could know before.
    """
    if draw.random() > 0.45 + 0.4 * seen.companies[side].eagerness:
        return None
    at = connected_at + timedelta(days=DUE_AFTER_DAYS + draw.expovariate(1 / 3))
    if draw.random() > 0.6 + 0.35 * fit:
        return Told(at, False, None, None, None, False)
    quality = max((offer.quality for _, _, offer in seen.matches), default=0.5)
    points = 0.8 + 2.4 * fit + 1.8 * quality + draw.gauss(0, 0.7)
    helpful = min(5, max(1, round(points)))
    outcome = draw.choice(OUTCOMES[helpful])
    writes = draw.random() < WRITES
    return Told(
        at,
        True,
        outcome,
        helpful,
        draw.choice(SENTENCES[outcome]) if writes else None,
        writes and helpful >= 4 and draw.random() < PUBLISHES,
    )
