"""Companies: what the public may know of them all, and what each says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Invalid, NotFound
from app.models import (
    Avoidance,
    Company,
    CompanyStatus,
    Introduction,
    Kind,
    Listing,
    ListingStatus,
    State,
)
from app.services import audit, company_names, introductions, texts

if TYPE_CHECKING:
    from app.services.places import Place

FEWEST_SHOWN = 5  # figures about fewer companies could point at one
SHORTEST_NAME = 2
LONGEST_ABOUT = 1000
LONGEST_PAUSE_DAYS = 366


@dataclass(frozen=True)
class PublicFigures:
    """How much there is to meet; shown to everybody."""

    companies: int
    needs: int
    offerings: int
    connections: int


def public_figures(
    session: Session, *, today: date, with_demo: bool = False
) -> PublicFigures | None:
    """Counts of active companies and their open listings; None below five companies.

    Demo companies count only if asked for.
    """
    active = select(Company.id).where(Company.status == CompanyStatus.APPROVED)
    if not with_demo:
        active = active.where(Company.is_demo.is_(False))
    companies = session.scalar(select(func.count()).select_from(active.subquery())) or 0
    if companies < FEWEST_SHOWN:
        return None

    rows = session.execute(
        select(Listing.kind, func.count())
        .where(
            Listing.company_id.in_(active),
            Listing.status == ListingStatus.OPEN,
            Listing.valid_until >= today,
        )
        .group_by(Listing.kind)
    )
    by_kind: dict[Kind, int] = {row[0]: row[1] for row in rows}
    connections = session.scalar(
        select(func.count())
        .select_from(Introduction)
        .where(
            Introduction.state == State.CONNECTED,
            Introduction.company_lo_id.in_(active),
            Introduction.company_hi_id.in_(active),
        )
    )
    return PublicFigures(
        companies=companies,
        needs=by_kind.get(Kind.NEED, 0),
        offerings=by_kind.get(Kind.OFFERING, 0),
        connections=connections or 0,
    )


@dataclass(frozen=True)
class Profile:
    """What a company says of itself; every field replaces what was there."""

    name: str
    place: Place | None
    postal_code: str
    sector: str
    size: str
    stage: int | None
    areas: list[str]
    languages: list[str]
    about: str
    capacity: int
    max_open: int
    show_name: bool | None
    no_paid: bool
    no_competitors: bool


def update_profile(company_id: UUID, profile: Profile, *, at: datetime) -> None:
    """Store the profile. A new name is checked by nobody but recorded."""
    about = texts.checked(
        profile.about, field="about", longest=LONGEST_ABOUT, required=False
    )
    name = profile.name.strip()
    if len(name) < SHORTEST_NAME:
        raise Invalid(N_("Bitte nennen Sie den Namen der Firma."), field="name")
    with db.transaction() as session:
        company = session.get(Company, company_id)
        if company is None:
            raise NotFound
        if company.name != name:
            audit.record(
                session,
                "company.rename",
                actor_id=None,
                subject=("company", company_id),
                detail={"from": company.name, "to": name},
                at=at,
            )
        company.name, company.name_key = name, company_names.key(name)
        _settle(company, profile)
        company.about = about or None


def _settle(company: Company, profile: Profile) -> None:
    place = profile.place
    company.place = place.name if place else None
    company.state = place.state if place else None
    company.lat = place.lat if place else None
    company.lon = place.lon if place else None
    company.postal_code = profile.postal_code or None
    company.sector = profile.sector or None
    company.size = profile.size or None
    company.stage = profile.stage
    company.areas = profile.areas
    company.languages = profile.languages
    company.capacity = profile.capacity
    company.max_open = profile.max_open
    company.show_name = profile.show_name
    company.no_paid = profile.no_paid
    company.no_competitors = profile.no_competitors


def pause(company_id: UUID, until: date | None, *, at: datetime) -> None:
    """Take no part until a day: open introductions end. None: take part again."""
    today = at.date()
    if until is not None and until <= today:
        raise Invalid(N_("Bitte wählen Sie einen Tag in der Zukunft."), field="until")
    if until is not None and (until - today).days > LONGEST_PAUSE_DAYS:
        raise Invalid(N_("Eine Pause dauert höchstens ein Jahr."), field="until")
    with db.transaction() as session:
        company = session.get(Company, company_id)
        if company is None:
            raise NotFound
        company.paused_until = until
        if until is not None:
            introductions.cancel_for_company(session, company_id, "paused", at=at)


def avoided(session: Session, company_id: UUID) -> list[Company]:
    """Companies that this one does not want to be introduced to, by name."""
    return list(
        session.scalars(
            select(Company)
            .join(Avoidance, Avoidance.other_id == Company.id)
            .where(Avoidance.company_id == company_id)
            .order_by(Company.name, Company.id)
        )
    )


def avoid(company_id: UUID, other_id: UUID, *, at: datetime) -> None:
    """No introductions to that company any more; doing it twice changes nothing."""
    if company_id == other_id:
        raise Invalid(N_("Das ist Ihre eigene Firma."), field="name")
    with db.transaction() as session:
        if session.get(Company, other_id) is None:
            raise NotFound
        if session.get(Avoidance, (company_id, other_id)) is None:
            session.add(
                Avoidance(company_id=company_id, other_id=other_id, created_at=at)
            )


def meet_again(company_id: UUID, other_id: UUID) -> None:
    """Take a company off the list; fine if it was not on it."""
    with db.transaction() as session:
        session.execute(
            delete(Avoidance).where(
                Avoidance.company_id == company_id, Avoidance.other_id == other_id
            )
        )


def missing(company: Company) -> list[str]:
    """What a profile still lacks for good suggestions, the most important first."""
    lacks = {
        "place": company.place is None,
        "sector": company.sector is None,
        "size": company.size is None,
        "show_name": company.show_name is None,
    }
    return [field for field, lacking in lacks.items() if lacking]
