"""Companies: what the public may know of them all, and what each says of itself."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Company, CompanyStatus, Introduction, Kind, Listing, State
from app.models.listing import ListingStatus

FEWEST_SHOWN = 5  # figures about fewer companies could point at one


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

    by_kind = dict(
        session.execute(
            select(Listing.kind, func.count())
            .where(
                Listing.company_id.in_(active),
                Listing.status == ListingStatus.OPEN,
                Listing.valid_until >= today,
            )
            .group_by(Listing.kind)
        ).tuples()
    )
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
