"""Makes the association of a demo: companies, persons, listings and the hidden truth.

Deterministic: the same seed and number of companies give the same association.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.demo import corpus
from app.demo.corpus import Situation
from app.demo.firms import (
    FAMILY_NAMES,
    FIRST_NAMES,
    LEGAL_FORMS,
    POSITIONS,
    TRADES,
    Trade,
)
from app.services import places
from app.services.places import Place

SMALLEST_PLACE = 4_000
SIZES = (("micro", 4, 9), ("small", 12, 48), ("medium", 52, 240), ("midcap", 260, 690))
SIZE_SHARES = (18, 42, 32, 8)


@dataclass(frozen=True, slots=True)
class DemoListing:
    kind: Literal["need", "offering"]
    text: str
    help_kinds: tuple[str, ...]
    reach: Literal["onsite", "state", "national", "remote"]
    radius_km: int | None
    paid: Literal["none", "maybe", "yes"]
    situation: str  # hidden from the engine


@dataclass(frozen=True, slots=True)
class DemoCompany:
    name: str
    trade: str
    sector: str
    place: Place
    size: str
    staff: int
    stage: int
    capacity: int
    show_name: bool | None
    no_paid: bool
    no_competitors: bool
    person: str
    position: str
    listings: tuple[DemoListing, ...]
    eagerness: float  # hidden: how readily it answers and accepts


@dataclass(frozen=True, slots=True)
class DemoAssociation:
    companies: tuple[DemoCompany, ...]
    situations: dict[str, Situation]


def make(seed: int = 1, companies: int = 400) -> DemoAssociation:
    """An association of invented companies in real places."""
    draw = random.Random(seed)
    cities = [one for one in places.everywhere() if one.population >= SMALLEST_PLACE]
    # Small towns count more than their people: that is where the Mittelstand is.
    weights = [one.population**0.6 for one in cities]
    by_trade = _situations_of_trades()
    taken: set[str] = set()
    made = [
        _company(draw, draw.choices(cities, weights)[0], by_trade, taken)
        for _ in range(companies)
    ]
    return DemoAssociation(tuple(made), {one.id: one for one in corpus.situations()})


def _company(
    draw: random.Random,
    place: Place,
    by_trade: dict[str, list[Situation]],
    taken: set[str],
) -> DemoCompany:
    trade = TRADES[draw.choice(list(by_trade))]
    size, least, most = draw.choices(SIZES, SIZE_SHARES)[0]
    staff = draw.randint(least, most)
    stage = min(5, int(draw.triangular(0, 6, 1.5)))
    return DemoCompany(
        name=_name(draw, trade, place, taken),
        trade=trade.key,
        sector=trade.sector,
        place=place,
        size=size,
        staff=staff,
        stage=stage,
        capacity=draw.choices((0, 1, 2, 3, 4, 5), (1, 8, 25, 46, 12, 8))[0],
        show_name=draw.choices((None, True, False), (40, 35, 25))[0],
        no_paid=draw.random() < 0.3,
        no_competitors=draw.random() < 0.35,
        person=f"{draw.choice(FIRST_NAMES)} {draw.choice(FAMILY_NAMES)}",
        position=draw.choice(POSITIONS),
        listings=tuple(
            _listings(draw, trade, by_trade[trade.key], staff, stage, taken)
        ),
        eagerness=draw.betavariate(6, 2),
    )


def _listings(
    draw: random.Random,
    trade: Trade,
    known: list[Situation],
    staff: int,
    stage: int,
    taken: set[str],
) -> list[DemoListing]:
    """One to four listings; who is further along offers more than it needs."""
    count = draw.choices((1, 2, 3, 4), (22, 40, 28, 10))[0]
    chosen = draw.sample(known, min(count, len(known)))
    offers = [draw.random() < 0.18 + 0.11 * stage for _ in chosen]
    return [
        _listing(draw, situation, trade, staff, is_offer, taken)
        for situation, is_offer in zip(chosen, offers, strict=True)
    ]


def _listing(
    draw: random.Random,
    situation: Situation,
    trade: Trade,
    staff: int,
    is_offer: bool,
    taken: set[str],
) -> DemoListing:
    cores = situation.offers if is_offer else situation.needs
    tell = corpus.offer_text if is_offer else corpus.need_text
    text = tell(draw, draw.choice(cores), trade, staff)
    while text in taken:  # no two houses say the same
        text = tell(draw, draw.choice(cores), trade, staff)
    taken.add(text)
    reach = draw.choices(("onsite", "state", "national", "remote"), (22, 18, 38, 22))[0]
    helps = corpus.OFFER_HELP if is_offer else corpus.NEED_HELP
    return DemoListing(
        kind="offering" if is_offer else "need",
        text=text,
        help_kinds=draw.choice(helps),
        reach=reach,  # type: ignore[arg-type]
        radius_km=draw.choice((50, 80, 120)) if reach == "onsite" else None,
        paid=draw.choices(("none", "maybe", "yes"), (84, 11, 5))[0]
        if is_offer
        else "none",
        situation=situation.id,
    )


def _name(draw: random.Random, trade: Trade, place: Place, taken: set[str]) -> str:
    while True:
        family, kind = draw.choice(FAMILY_NAMES), draw.choice(trade.names)
        form = "e. V." if trade.key == "association" else draw.choice(LEGAL_FORMS)
        name = draw.choice(
            (
                f"{kind} {family} {form}",
                f"{family} {kind} {form}",
                f"{family} & {draw.choice(FAMILY_NAMES)} {kind} {form}",
                f"{kind} {place.name} {form}",
            )
        )
        if name not in taken:
            taken.add(name)
            return name


@lru_cache(maxsize=1)
def _situations_of_trades() -> dict[str, list[Situation]]:
    found: dict[str, list[Situation]] = {key: [] for key in TRADES}
    for situation in corpus.situations():
        for key in situation.sectors:
            found[key].append(situation)
    everyone = [one for one in corpus.situations() if one.topics[0].startswith("peo")]
    return {
        key: [*own, *(one for one in everyone if one not in own)]
        for key, own in found.items()
        if own
    }
