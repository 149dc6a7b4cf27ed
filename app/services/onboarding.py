"""The first value in three fields: a place, one need, one offering."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app import db
from app.errors import N_, Invalid
from app.models import Company
from app.services import listings
from app.services.listings import Draft
from app.services.places import Place


@dataclass(frozen=True)
class Start:
    """What a company begins with; one of need and offering may be missing."""

    place: Place
    need: Draft | None = None
    offering: Draft | None = None

    @property
    def drafts(self) -> list[Draft]:
        return [draft for draft in (self.need, self.offering) if draft is not None]


def finish(start: Start, *, by: UUID, at: datetime) -> list[UUID]:
    """Store place and listings in one go; returns the listings' ids.

    Sent twice it makes one listing of each. Raises Invalid as `listings.create`, and
    when there is neither a need nor an offering.
    """
    if not start.drafts:
        raise Invalid(
            N_("Bitte beschreiben Sie einen Bedarf oder ein Angebot."), field="need"
        )
    drafts = [listings.checked(db.session(), draft) for draft in start.drafts]
    described = listings.describe(db.session(), [draft.wording for draft in drafts])
    with db.transaction() as session:
        company_id = listings.lock_company(session, by)
        company = session.get_one(Company, company_id)
        company.place, company.state = start.place.name, start.place.state
        company.lat, company.lon = start.place.lat, start.place.lon
        if company.onboarded_at is None:
            company.onboarded_at = at
        return [
            listings.insert(session, company_id, draft, vector, by=by, at=at)
            for draft, vector in zip(drafts, described, strict=True)
        ]


def skip(*, by: UUID, at: datetime) -> None:
    """Begin without it; the start page says what is missing."""
    with db.transaction() as session:
        company = session.get_one(Company, listings.lock_company(session, by))
        if company.onboarded_at is None:
            company.onboarded_at = at
