"""Makes the association of a demo: companies, persons, listings and the hidden truth.

Deterministic: the same seed and number of companies give the same association.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from app.demo import corpus
from app.demo.corpus import House, Situation
from app.demo.firms import (
    FAMILY_NAMES,
    FIRST_NAMES,
    LEGAL_FORMS,
    PHONES,
    POSITIONS,
    TRADES,
)
from app.services import company_names, places
from app.services.places import Place

Kind = Literal["need", "offering"]

SMALLEST_PLACE = 4_000
SIZES = (("micro", 4, 9), ("small", 12, 48), ("medium", 52, 240), ("midcap", 260, 690))
SIZE_SHARES = (18, 42, 32, 8)
COUNTS = ((1, 22), (2, 42), (3, 27), (4, 9))  # listings of a company, and how often
ENGLISH = 0.1  # of the companies write English where they can
EVERYONES = 0.28  # of the listings are about what every trade has in common
TITLED = 0.55
TRIES = 100  # to say it as nobody did before
AREAS = (
    *("app.prod", "app.rnd", "app.log", "app.adm", "app.hr"),
    *("app.mkt", "app.sal", "app.svc", "app.fin", "app.it"),
)


@dataclass(frozen=True, slots=True)
class DemoListing:
    kind: Kind
    title: str  # empty: nobody wrote one
    text: str
    help_kinds: tuple[str, ...]
    reach: Literal["onsite", "state", "national", "remote"]
    radius_km: int | None
    paid: Literal["none", "maybe", "yes"]
    situation: str  # hidden from the engine
    quality: float  # hidden: how good the help is when it comes to it, 0 to 1


@dataclass(frozen=True, slots=True)
class DemoCompany:
    name: str
    trade: str
    sector: str
    place: Place
    size: str
    staff: int
    about: str
    stage: int
    areas: tuple[str, ...]  # where it uses AI
    capacity: int
    english: bool
    show_name: bool | None
    no_paid: bool
    no_competitors: bool
    person: str
    position: str
    phone: str
    email: str
    listings: tuple[DemoListing, ...]
    eagerness: float  # hidden: how readily it answers and accepts


@dataclass(frozen=True, slots=True)
class DemoAssociation:
    companies: tuple[DemoCompany, ...]
    situations: dict[str, Situation]


@dataclass
class _Desk:
    """What was written so far, so that nothing is written twice."""

    draw: random.Random
    names: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    uses: Counter[str] = field(default_factory=Counter)  # of situations and wordings

    def rarest(self, candidates: Iterable[str]) -> str:
        """One of those used least so far."""
        found = list(candidates)
        least = min(self.uses[one] for one in found)
        chosen = self.draw.choice([one for one in found if self.uses[one] == least])
        self.uses[chosen] += 1
        return chosen


def make(seed: int = 1, companies: int = 400) -> DemoAssociation:
    """An association of invented companies in real places."""
    desk = _Desk(random.Random(seed))
    cities = [one for one in places.everywhere() if one.population >= SMALLEST_PLACE]
    # Small towns count more than their people: that is where the Mittelstand is.
    weights = [one.population**0.6 for one in cities]
    made = [
        _company(desk, desk.draw.choices(cities, weights)[0]) for _ in range(companies)
    ]
    return DemoAssociation(tuple(made), {one.id: one for one in corpus.situations()})


def _company(desk: _Desk, place: Place) -> DemoCompany:
    draw = desk.draw
    trades = list(TRADES.values())
    trade = draw.choices(trades, [one.weight for one in trades])[0]
    size, least, most = draw.choices(SIZES, SIZE_SHARES)[0]
    house = House(
        trade=trade,
        kind=draw.choice(list(trade.kinds)),
        staff=draw.randint(least, most),
        english=draw.random() < ENGLISH,
    )
    stage = min(5, int(draw.triangular(0, 6, 1.5)))
    name = _name(desk, house, place)
    person = f"{draw.choice(FIRST_NAMES)} {draw.choice(FAMILY_NAMES)}"
    return DemoCompany(
        name=name,
        trade=trade.key,
        sector=trade.sector,
        place=place,
        size=size,
        staff=house.staff,
        about=f"{corpus.opening_of(draw, house)} in {place.name},"
        f" {house.staff} {draw.choice(corpus.PEOPLE[:3])}.",
        stage=stage,
        areas=_areas(draw, stage),
        capacity=draw.choices((0, 1, 2, 3, 4, 5), (1, 8, 25, 46, 12, 8))[0],
        english=house.english,
        show_name=draw.choices((None, True, False), (40, 35, 25))[0],
        no_paid=draw.random() < 0.3,
        no_competitors=draw.random() < 0.35,
        person=person,
        position=draw.choice(POSITIONS),
        phone=f"{draw.choice(PHONES)}{draw.randrange(1000):03}",
        email=_email(person, name),
        listings=tuple(_listings(desk, house, stage)),
        eagerness=draw.betavariate(6, 2),
    )


def _areas(draw: random.Random, stage: int) -> tuple[str, ...]:
    """Who is further along uses AI in more places; the first two stages nowhere."""
    if stage < 2:
        return ()
    count = draw.randint(1, 2 * stage - 2)
    return tuple(sorted(draw.sample(AREAS, min(count, len(AREAS)))))


def _listings(desk: _Desk, house: House, stage: int) -> Iterable[DemoListing]:
    """One to four listings; who is further along offers more than it needs."""
    draw = desk.draw
    counts, shares = zip(*COUNTS, strict=True)
    known: set[str] = set()
    for _ in range(draw.choices(counts, shares)[0]):
        kind: Kind = "offering" if draw.random() < 0.17 + 0.1 * stage else "need"
        situation = _situation(desk, house, kind, known)
        known.add(situation.id)
        yield _listing(desk, house, kind, situation)


def _situation(desk: _Desk, house: House, kind: Kind, known: set[str]) -> Situation:
    """What the listing is about: of the trade, or of everyone; never twice."""
    own, common = _situations_of(house.trade.key)
    pool = common if desk.draw.random() < EVERYONES else own
    german = replace(house, english=False)
    for speaker, subjects in ((house, pool), (german, pool), (german, common)):
        by_id = {
            one.id: one
            for one in subjects
            if one.id not in known and one.wordings(kind, speaker)
        }
        if by_id:
            return by_id[desk.rarest(by_id)]
    raise ValueError(f"nothing left to say for {house.kind}")


def _listing(desk: _Desk, house: House, kind: Kind, about: Situation) -> DemoListing:
    draw = desk.draw
    titled = draw.random() < TITLED
    reach = draw.choices(("onsite", "state", "national", "remote"), (22, 18, 38, 22))[0]
    price = draw.choices(("none", "maybe", "yes"), (84, 11, 5))[0]
    helps = draw.choice(corpus.HELP[kind])
    return DemoListing(
        kind=kind,
        title=about.titles[kind] if titled and not house.english else "",
        text=_text(desk, house, kind, about, titled=titled),
        help_kinds=about.helps if about.helps and draw.random() < 0.7 else helps,
        reach=reach,  # type: ignore[arg-type]
        radius_km=draw.choice((50, 80, 120)) if reach == "onsite" else None,
        paid=price if kind == "offering" else "none",  # type: ignore[arg-type]
        situation=about.id,
        quality=draw.betavariate(5, 2),
    )


def _text(
    desk: _Desk, house: House, kind: Kind, about: Situation, *, titled: bool
) -> str:
    """The listing in the words of the house; no two houses say the same."""
    if not about.wordings(kind, house):
        house = replace(house, english=False)
    for _ in range(TRIES):
        wording = desk.rarest(about.wordings(kind, house))
        text = corpus.told(desk.draw, wording, kind, house, titled=titled)
        if text not in desk.texts:
            desk.texts.add(text)
            return text
    raise ValueError(f"too few wordings of {about.id} for so many companies")


def _name(desk: _Desk, house: House, place: Place) -> str:
    draw, kind = desk.draw, house.kind
    while True:
        family, form = draw.choice(FAMILY_NAMES), _legal_form(draw, house)
        name = draw.choice(
            (
                f"{kind} {family} {form}",
                f"{family} {kind} {form}",
                f"{family} & {draw.choice(FAMILY_NAMES)} {kind} {form}",
                f"{kind} {place.name} {form}",
            )
        )
        if company_names.key(name) not in desk.names:
            desk.names.add(company_names.key(name))
            return name


def _legal_form(draw: random.Random, house: House) -> str:
    if house.trade.key == "association":
        return "e. V."
    if house.kind in ("Energiegenossenschaft", "Wohnungsgenossenschaft"):
        return "eG"
    return draw.choice(LEGAL_FORMS)


def _email(person: str, company: str) -> str:
    local = company_names.key(person.replace("ş", "s")).replace(" ", ".")
    return f"{local}@{company_names.key(company).replace(' ', '-')[:60]}.example"


@lru_cache(maxsize=64)
def _situations_of(trade: str) -> tuple[tuple[Situation, ...], tuple[Situation, ...]]:
    """Situations that fit a trade, and those of people, law and funding for all."""
    every = corpus.situations()
    return (
        tuple(one for one in every if trade in one.sectors),
        tuple(one for one in every if one.topics[0].startswith(("peo", "fun", "gov"))),
    )
