"""Makes the association of a demo: companies, persons, listings and the hidden truth.

Deterministic: the same seed and number of companies give the same association.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
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
from app.services.regions import distance_km

Kind = Literal["need", "offering"]

OTHER: Mapping[Kind, Kind] = MappingProxyType({"need": "offering", "offering": "need"})

SMALLEST_PLACE = 4_000
SIZES = (("micro", 4, 9), ("small", 12, 48), ("medium", 52, 240), ("midcap", 260, 690))
SIZE_SHARES = (18, 42, 32, 8)
COUNTS = ((1, 22), (2, 42), (3, 27), (4, 9))  # listings of a company, and how often
ENGLISH = 0.1  # of the companies write English where they can
EVERYONES = 0.28  # of the listings are about what every trade has in common
TITLED = 0.55
NEAR_KM = 90
FRIENDS = 3  # companies made for the guest, who was among the first
GUEST_EMAIL = "mitglied@demo.example"
GUEST_AMONG = 3  # the first third of the companies
MIRRORED, ASKED = 0.15, 60  # of the companies answer to another one in both ways
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
    guest: DemoCompany  # whom a visitor signs in as
    situations: dict[str, Situation]


@dataclass
class _Desk:
    """What was written so far, so that nothing is written twice."""

    draw: random.Random
    names: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    made: list[tuple[DemoListing, ...]] = field(default_factory=list)
    uses: Counter[str] = field(default_factory=Counter)  # of situations and wordings

    def worn(self, subjects: Sequence[tuple[Kind, Situation]]) -> int:
        """How often what these are about was written about, at most."""
        return max(self.uses[one.id] for _, one in subjects)

    def rarest(self, candidates: Iterable[str]) -> str:
        """One of those used least so far."""
        found = list(candidates)
        least = min(self.uses[one] for one in found)
        return self.draw.choice([one for one in found if self.uses[one] == least])


def make(seed: int = 1, companies: int = 400) -> DemoAssociation:
    """An association of invented companies in real places.

    The last `FRIENDS` companies can help the guest, and the guest them.
    """
    desk = _Desk(random.Random(seed))
    cities = [one for one in places.everywhere() if one.population >= SMALLEST_PLACE]
    # Small towns count more than their people: that is where the Mittelstand is.
    weights = [one.population**0.6 for one in cities]
    homes = desk.draw.choices(cities, weights, k=companies - FRIENDS)
    made = [_company(desk, place, _house(desk.draw)) for place in homes]
    chosen = _guest(made[: max(1, companies // GUEST_AMONG)])
    made[made.index(chosen)] = guest = replace(
        _open(chosen), email=GUEST_EMAIL, show_name=True, eagerness=0.95
    )
    near = [one for one in cities if _between(guest.place, one) < NEAR_KM]
    made += [_friend(desk, desk.draw.choice(near), guest) for _ in range(FRIENDS)]
    known = {one.id: one for one in corpus.situations()}
    return DemoAssociation(tuple(made), guest, known)


def _between(one: Place, other: Place) -> float:
    """Kilometres as the crow flies."""
    return distance_km(one.lat, one.lon, other.lat, other.lon) or 0.0


def _house(draw: random.Random) -> House:
    trades = list(TRADES.values())
    trade = draw.choices(trades, [one.weight for one in trades])[0]
    _, least, most = draw.choices(SIZES, SIZE_SHARES)[0]
    return House(
        trade=trade,
        kind=draw.choice(list(trade.kinds)),
        staff=draw.randint(least, most),
        english=draw.random() < ENGLISH,
    )


def _company(
    desk: _Desk,
    place: Place,
    house: House,
    answers: Sequence[tuple[Kind, Situation]] = (),
) -> DemoCompany:
    """A company of this house; `answers` are what its listings are about."""
    draw = desk.draw
    stage = min(5, int(draw.triangular(0, 6, 1.5)))
    name = _name(desk, house, place)
    person = f"{draw.choice(FIRST_NAMES)} {draw.choice(FAMILY_NAMES)}"
    subjects = answers or _subjects(desk, house, stage)
    desk.uses.update(situation.id for _, situation in subjects)
    entries = tuple(_listing(desk, house, *subject) for subject in subjects)
    desk.made.append(entries)
    return DemoCompany(
        name=name,
        trade=house.trade.key,
        sector=house.trade.sector,
        place=place,
        size=next(size for size, _, most in SIZES if house.staff <= most),
        staff=house.staff,
        about=f"{corpus.opening_of(draw, house)} in {place.name},"
        f" {house.staff} {draw.choice(corpus.PEOPLE[:3])}.",
        stage=stage,
        areas=_areas(draw, stage),
        capacity=draw.choices((0, 1, 2, 3, 4, 5), (1, 24, 40, 23, 8, 4))[0],
        english=house.english,
        show_name=draw.choices((None, True, False), (40, 35, 25))[0],
        no_paid=draw.random() < 0.3,
        no_competitors=draw.random() < 0.35,
        person=person,
        position=draw.choice(POSITIONS),
        phone=f"{draw.choice(PHONES)}{draw.randrange(1000):03}",
        email=_email(person, name),
        listings=entries,
        eagerness=draw.betavariate(6, 2),
    )


def _guest(firms: Sequence[DemoCompany]) -> DemoCompany:
    """The company that a visitor of the demo signs in to: with something to give and
    to look for, in good German."""

    def worth(firm: DemoCompany) -> tuple[int, int]:
        careful = all(one.text != one.text.lower() for one in firm.listings)
        both = len({one.kind for one in firm.listings}) == 2
        titled = sum(bool(one.title) for one in firm.listings)
        return both + careful + (not firm.english), min(3, len(firm.listings)) + titled

    return max(firms, key=worth)


def _friend(desk: _Desk, place: Place, guest: DemoCompany) -> DemoCompany:
    """A company of another sector that needs what the guest offers and offers what
    it needs; as much of both as a trade can say."""
    houses = [
        House(trade, kind, desk.draw.randint(15, 200), english=False)
        for trade in TRADES.values()
        for kind in trade.kinds
        if trade.sector != guest.sector
    ]
    desk.draw.shuffle(houses)

    def worth(house: House) -> tuple[int, int]:
        answers = _answers(house, guest.listings)
        return len({kind for kind, _ in answers}), len(answers)

    house = max(houses, key=worth)
    return _open(_company(desk, place, house, _answers(house, guest.listings)))


def _open(firm: DemoCompany) -> DemoCompany:
    """The same company, glad of every exchange with anybody."""
    listings = tuple(
        replace(
            one,
            reach="national",
            radius_km=None,
            paid="none",
            help_kinds=tuple(dict.fromkeys(("exp-exchange", *one.help_kinds))),
        )
        for one in firm.listings
    )
    return replace(
        firm, capacity=3, no_paid=False, no_competitors=False, listings=listings
    )


def _areas(draw: random.Random, stage: int) -> tuple[str, ...]:
    """Who is further along uses AI in more places; the first two stages nowhere."""
    if stage < 2:
        return ()
    count = draw.randint(1, 2 * stage - 2)
    return tuple(sorted(draw.sample(AREAS, min(count, len(AREAS)))))


def _subjects(
    desk: _Desk, house: House, stage: int
) -> Sequence[tuple[Kind, Situation]]:
    """What one to four listings are about; who is further along offers more than it
    needs. Some answer to a company that came before, both ways: such luck is rare,
    and what everybody hopes for."""
    draw = desk.draw
    if draw.random() < MIRRORED:
        german = replace(house, english=False)
        asked = draw.sample(desk.made, min(ASKED, len(desk.made)))
        found = [_answers(german, entries) for entries in asked]
        both = [one for one in found if len({kind for kind, _ in one}) == 2]
        if both:
            return min(both, key=desk.worn)
    counts, shares = zip(*COUNTS, strict=True)
    chosen: dict[str, tuple[Kind, Situation]] = {}
    for _ in range(draw.choices(counts, shares)[0]):
        kind: Kind = "offering" if draw.random() < 0.17 + 0.1 * stage else "need"
        situation = _situation(desk, house, kind, set(chosen))
        chosen[situation.id] = kind, situation
    return list(chosen.values())


def _answers(
    house: House, entries: Sequence[DemoListing]
) -> list[tuple[Kind, Situation]]:
    """The needs and offerings of this house that would meet those of another."""
    own, common = _situations_of(house.trade.key)
    by_id = {one.id: one for one in (*own, *common)}
    return [
        (OTHER[one.kind], by_id[one.situation])
        for one in entries
        if one.situation in by_id
        and by_id[one.situation].wordings(OTHER[one.kind], house)
    ]


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
        desk.uses[wording] += 1
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
