"""Writes invented companies, persons and listings, many at a time."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.demo.association import DemoAssociation, DemoCompany, DemoListing
from app.demo.diary import MOST_OPEN, People
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
from app.models.person import person_role
from app.services import company_names, consent, listings
from app.services.listings_vectors import Described, Wording, describe
from app.services.rounds_week import day_of

MENDED = 0.7  # of those whose text shows no topic name one
NUMBERED = 0.8  # of the companies are members of the association, the others interested


def described(
    made: DemoAssociation, firms: Iterable[DemoCompany], draw: random.Random
) -> dict[str, Described]:
    """Topics and vectors of all texts, by text. Where no topic was recognised, most
    authors choose one, as the form asks them to."""
    entries = [entry for firm in firms for entry in firm.listings]
    session = db.session()
    found = describe(session, [Wording(_title(one), one.text) for one in entries])
    known = {entry.text: one for entry, one in zip(entries, found, strict=True)}
    mended = [
        one
        for one in entries
        if not known[one.text].topics
        and (one in made.guest.listings or draw.random() < MENDED)
    ]
    wordings = [
        Wording(_title(one), one.text, added=made.situations[one.situation].topics[:2])
        for one in mended
    ]
    again = describe(session, wordings) if mended else []
    session.rollback()
    return known | {one.text: new for one, new in zip(mended, again, strict=True)}


def join(
    firms: Iterable[DemoCompany],
    known: dict[str, Described],
    people: People,
    draw: random.Random,
    *,
    at: datetime,
) -> None:
    """These companies were approved and wrote their listings."""
    companies, persons, texts, topics = [], [], [], []
    for firm in firms:
        company_id, person_id = random_id(draw), random_id(draw)
        people.companies[company_id] = firm
        people.persons[company_id] = person_id
        companies.append(_company(firm, company_id, draw, at=at))
        persons.append(_person(firm, person_id, company_id, at=at))
        for entry in firm.listings:
            listing_id = random_id(draw)
            people.add(entry, listing_id)
            found = known[entry.text]
            texts.append(
                _listing(entry, listing_id, company_id, person_id, at=at)
                | found.columns()
            )
            topics += found.rows(listing_id)
    with db.transaction() as session:
        session.execute(sa.insert(Company), companies)
        _insert_members(session, persons)
        session.execute(sa.insert(Listing), texts)
        session.execute(sa.insert(ListingTopic), topics)


def apply(firms: Sequence[DemoCompany], draw: random.Random, *, at: datetime) -> None:
    """These companies registered and wait for an organizer; the last one has not
    confirmed its address."""
    companies, persons = [], []
    for number, firm in enumerate(firms):
        company_id = random_id(draw)
        since = at - timedelta(days=number + 1, hours=3)
        companies.append(
            _company(firm, company_id, draw, at=since)
            | {"status": CompanyStatus.APPLIED, "approved_at": None}
            | {"onboarded_at": None, "created_at": since}
        )
        persons.append(_person(firm, random_id(draw), company_id, at=since))
    persons[-1]["confirmed_at"] = None
    with db.transaction() as session:
        session.execute(sa.insert(Company), companies)
        _insert_members(session, persons)


def add_staff(people: Iterable[tuple[str, str, RoleName]], *, at: datetime) -> None:
    """Persons who organize, without a company of their own: address, name, role."""
    with db.transaction() as session:
        roles = {role.name: role for role in session.scalars(sa.select(Role))}
        session.add_all(
            Person(
                name=name,
                email=email,
                fs_uniquifier=f"demo-{role}",
                confirmed_at=at,
                created_at=at,
                is_demo=True,
                roles=[roles[role]],
            )
            for email, name, role in people
        )


def agree(persons: Iterable[UUID], *, at: datetime) -> None:
    """These persons want the weekly mail and be asked what came of it."""
    rows = [
        {
            "person_id": person_id,
            "kind": kind,
            "action": ConsentAction.GRANTED,
            "at": at,
            "wording": consent.WORDING,
            "source": consent.MAIL_LINK,
        }
        for person_id in persons
        for kind in (ConsentKind.DIGEST, ConsentKind.FEEDBACK)
    ]
    with db.transaction() as session:
        session.execute(sa.insert(ConsentEvent), rows)


def random_id(draw: random.Random) -> UUID:
    """A random id drawn from the seed, so that a demo can be repeated."""
    return UUID(int=draw.getrandbits(128), version=4)


def _insert_members(session: Session, persons: list[dict[str, Any]]) -> None:
    member = session.scalar(sa.select(Role.id).where(Role.name == RoleName.MEMBER))
    session.execute(sa.insert(Person), persons)
    session.execute(
        sa.insert(person_role),
        [{"person_id": one["id"], "role_id": member} for one in persons],
    )


def _company(
    firm: DemoCompany, company_id: UUID, draw: random.Random, *, at: datetime
) -> dict[str, Any]:
    numbered = draw.random() < NUMBERED
    return {
        "id": company_id,
        "name": firm.name,
        "name_key": company_names.key(firm.name),
        "status": CompanyStatus.APPROVED,
        "membership": Membership.MEMBER if numbered else Membership.INTERESTED,
        "member_number": f"D-{draw.randrange(10_000, 99_999)}" if numbered else None,
        "is_demo": True,
        "place": firm.place.name,
        "state": firm.place.state,
        "lat": firm.place.lat,
        "lon": firm.place.lon,
        "sector": firm.sector,
        "size": firm.size,
        "stage": firm.stage,
        "areas": list(firm.areas),
        "languages": ["en", "de"] if firm.english else ["de"],
        "about": firm.about,
        "capacity": firm.capacity,
        "max_open": MOST_OPEN,
        "show_name": firm.show_name,
        "no_paid": firm.no_paid,
        "no_competitors": firm.no_competitors,
        "created_at": at - timedelta(days=2),
        "approved_at": at - timedelta(days=1),
        "onboarded_at": at,
    }


def _person(
    firm: DemoCompany, person_id: UUID, company_id: UUID, *, at: datetime
) -> dict[str, Any]:
    return {
        "id": person_id,
        "company_id": company_id,
        "name": firm.person,
        "position": firm.position,
        "phone": firm.phone,
        "release_phone": True,
        "email": firm.email,
        "locale": "en" if firm.english else "de",
        "fs_uniquifier": person_id.hex,
        "confirmed_at": at,
        "created_at": at - timedelta(days=2),
        "is_demo": True,
    }


def _listing(
    entry: DemoListing,
    listing_id: UUID,
    company_id: UUID,
    person_id: UUID,
    *,
    at: datetime,
) -> dict[str, Any]:
    return {
        "id": listing_id,
        "company_id": company_id,
        "author_id": person_id,
        "kind": Kind(entry.kind),
        "title": _title(entry),
        "text": entry.text,
        "help_kinds": list(entry.help_kinds),
        "reach": Reach(entry.reach),
        "radius_km": entry.radius_km,
        "paid": Paid(entry.paid),
        "valid_until": day_of(at) + timedelta(days=VALID_DAYS),
        "created_at": at,
        "updated_at": at,
    }


def _title(entry: DemoListing) -> str:
    return entry.title or listings.heading(entry.text)
