"""Fills an empty database with the invented association and its past weeks.

Companies join over time; each past week is planned by the real engine and released
by the real service. Only the many decisions are written in bulk, as the rows that
the services would have written.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from app import db
from app.demo import association, decisions
from app.demo.association import DemoAssociation, DemoCompany, DemoListing
from app.errors import Conflict
from app.models import (
    Company,
    CompanyStatus,
    ConsentAction,
    ConsentEvent,
    ConsentKind,
    Kind,
    Listing,
    ListingTopic,
    Membership,
    Paid,
    Person,
    Reach,
    Role,
    RoleName,
)
from app.models.listing import VALID_DAYS
from app.services import company_names, consent, listings, rounds
from app.services.listings_vectors import Described, Wording, describe
from app.services.rounds_week import day_of, week_of_day

ROUNDS = 10
FOUNDERS = 0.7  # of the companies were there before the first round
MEMBER, ORGANIZER, ADMIN = (
    "mitglied@demo.example",
    "organisation@demo.example",
    "verwaltung@demo.example",
)
READERS = 12  # persons who agreed to weekly mails

Progress = Callable[[str, float], None]


@dataclass
class World:
    """What was written so far, and the truth behind it."""

    draw: random.Random
    made: DemoAssociation
    companies: dict[UUID, DemoCompany] = field(default_factory=dict)
    persons: dict[UUID, UUID] = field(default_factory=dict)  # of each company
    situations: dict[UUID, str] = field(default_factory=dict)  # of each listing


def fill(
    *,
    at: datetime,
    seed: int = 1,
    companies: int = 400,
    progress: Progress | None = None,
) -> None:
    """Write the demo. Raises Conflict when the database holds companies already."""
    if not is_empty():
        raise Conflict(
            "Die Datenbank ist nicht leer: Die Vorführung käme zu echten Daten."
        )
    tell = progress or (lambda step, share: None)
    tell("companies", 0.0)
    made = association.make(seed, companies)
    world = World(random.Random(seed + 1), made)
    texts = [entry for firm in made.companies for entry in firm.listings]
    described = _described(texts)
    tell("companies", 1.0)
    _staff(at)
    instants = _instants(at)
    waves = _waves(made.companies)
    for number, (instant, wave) in enumerate(zip(instants, waves, strict=True)):
        tell("rounds", number / ROUNDS)
        joined_at = instant - timedelta(days=3)
        for firm in wave:
            _join(world, firm, described, at=joined_at)
        if number == ROUNDS - 1:
            _consent(world, at=joined_at)
        week = week_of_day(day_of(instant))
        computed = rounds.run(week, at=instant)
        rounds.release(week, by=None, at=instant + timedelta(hours=2))
        if number < ROUNDS - 1:
            until = instants[number + 1]
            decisions.write(world, computed.round_id, now=at)
            decisions.expire(until=until)
        else:
            decisions.write(world, computed.round_id, now=at, share=0.25)
    decisions.expire(until=at)
    decisions.choose_member(world, MEMBER)
    tell("rounds", 1.0)


def is_empty() -> bool:
    session = db.session()
    found = session.scalar(sa.select(Company.id).limit(1))
    session.rollback()
    return found is None


def _instants(at: datetime) -> list[datetime]:
    """Monday mornings of the last weeks; the last one never lies in the future."""
    week = week_of_day(day_of(at))
    latest = min(rounds.due_at(week, weekday=1, hour=6), at - timedelta(hours=3))
    return [latest - timedelta(weeks=back) for back in range(ROUNDS - 1, -1, -1)]


def _waves(firms: tuple[DemoCompany, ...]) -> list[tuple[DemoCompany, ...]]:
    """Who joins before which round: most at first, then a few every week."""
    first = round(FOUNDERS * len(firms))
    rest = firms[first:]
    step = max(1, -(-len(rest) // (ROUNDS - 1)))
    later = [rest[k * step : (k + 1) * step] for k in range(ROUNDS - 1)]
    return [firms[:first], *later]


def _described(entries: list[DemoListing]) -> dict[str, Described]:
    """Topics and vectors of all texts at once, by text."""
    session = db.session()
    wordings = [Wording(_title(one), one.text) for one in entries]
    found = describe(session, wordings)
    session.rollback()
    return {
        one.text: one_described
        for one, one_described in zip(entries, found, strict=True)
    }


def _title(entry: DemoListing) -> str:
    return entry.title or listings.heading(entry.text)


def _join(
    world: World, firm: DemoCompany, described: dict[str, Described], *, at: datetime
) -> None:
    company_id, person_id = uuid4_of(world.draw), uuid4_of(world.draw)
    world.companies[company_id] = firm
    world.persons[company_id] = person_id
    with db.transaction() as session:
        member = session.scalars(
            sa.select(Role).where(Role.name == RoleName.MEMBER)
        ).one()
        session.add(_company(firm, company_id, at))
        session.flush()
        session.add(_person(firm, person_id, company_id, member, at))
        session.flush()
        for entry in firm.listings:
            listing_id = uuid4_of(world.draw)
            world.situations[listing_id] = entry.situation
            found = described[entry.text]
            session.add(_listing(entry, listing_id, company_id, person_id, found, at))
            session.flush()
            session.add_all(ListingTopic(**row) for row in found.rows(listing_id))


def _company(firm: DemoCompany, company_id: UUID, at: datetime) -> Company:
    return Company(
        id=company_id,
        name=firm.name,
        name_key=company_names.key(firm.name),
        status=CompanyStatus.APPROVED,
        membership=Membership.MEMBER,
        is_demo=True,
        place=firm.place.name,
        state=firm.place.state,
        lat=firm.place.lat,
        lon=firm.place.lon,
        sector=firm.sector,
        size=firm.size,
        about=firm.about,
        stage=firm.stage,
        areas=list(firm.areas),
        languages=["en", "de"] if firm.english else ["de"],
        capacity=firm.capacity,
        max_open=6,
        show_name=firm.show_name,
        no_paid=firm.no_paid,
        no_competitors=firm.no_competitors,
        created_at=at - timedelta(days=2),
        approved_at=at - timedelta(days=1),
        onboarded_at=at,
    )


def _person(
    firm: DemoCompany, person_id: UUID, company_id: UUID, role: Role, at: datetime
) -> Person:
    return Person(
        id=person_id,
        company_id=company_id,
        name=firm.person,
        position=firm.position,
        phone=firm.phone,
        release_phone=True,
        email=firm.email,
        locale="en" if firm.english else "de",
        fs_uniquifier=person_id.hex,
        confirmed_at=at,
        created_at=at - timedelta(days=2),
        is_demo=True,
        roles=[role],
    )


def _listing(
    entry: DemoListing,
    listing_id: UUID,
    company_id: UUID,
    person_id: UUID,
    found: Described,
    at: datetime,
) -> Listing:
    return Listing(
        id=listing_id,
        company_id=company_id,
        author_id=person_id,
        kind=Kind(entry.kind),
        title=_title(entry),
        text=entry.text,
        help_kinds=list(entry.help_kinds),
        reach=Reach(entry.reach),
        radius_km=entry.radius_km,
        paid=Paid(entry.paid),
        valid_until=day_of(at) + timedelta(days=VALID_DAYS),
        created_at=at,
        updated_at=at,
        **found.columns(),
    )


def _staff(at: datetime) -> None:
    """An organizer and an admin, without a company of their own."""
    with db.transaction() as session:
        roles = {role.name: role for role in session.scalars(sa.select(Role))}
        for email, name, role in (
            (ORGANIZER, "Organisation der Vorführung", RoleName.ORGANIZER),
            (ADMIN, "Verwaltung der Vorführung", RoleName.ADMIN),
        ):
            session.add(
                Person(
                    name=name,
                    email=email,
                    fs_uniquifier=uuid4().hex,
                    confirmed_at=at,
                    created_at=at,
                    is_demo=True,
                    roles=[roles[role]],
                )
            )


def _consent(world: World, *, at: datetime) -> None:
    """Some persons agreed to the weekly mail."""
    with db.transaction() as session:
        for person_id in list(world.persons.values())[:READERS]:
            for kind in (ConsentKind.DIGEST, ConsentKind.FEEDBACK):
                session.add(
                    ConsentEvent(
                        person_id=person_id,
                        kind=kind,
                        action=ConsentAction.GRANTED,
                        at=at,
                        wording=consent.WORDING,
                        source=consent.MAIL_LINK,
                    )
                )


def uuid4_of(draw: random.Random) -> UUID:
    """A random id drawn from the seed, so that a demo can be repeated."""
    return UUID(int=draw.getrandbits(128), version=4)
