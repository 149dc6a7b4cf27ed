"""Needs and offerings: create, edit, renew, close, reopen.

A company's listings are reached through `of_person` alone: it answers NotFound alike
for what is absent and what belongs to another company.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from app import db
from app.errors import N_, Conflict, Invalid, NotFound
from app.models import (
    LONGEST_TEXT,
    VALID_DAYS,
    Company,
    Kind,
    Listing,
    ListingStatus,
    Paid,
    Reach,
)
from app.services import introductions, texts, topics
from app.services.introductions_sides import deciding_company
from app.services.listings_vectors import (
    Described,
    Wording,
    describe,
    due_vectors,
    refresh_vectors,
    store_topics,
    wording_of,
)
from matching import knowledge

__all__ = [
    "Described",
    "Draft",
    "Wording",
    "checked",
    "close",
    "create",
    "describe",
    "due_vectors",
    "edit",
    "insert",
    "lock_company",
    "of_company",
    "of_person",
    "refresh_vectors",
    "renew",
    "reopen",
    "today",
    "typed",
]

LONGEST_TITLE = 120
MOST_OPEN = 50
MOST_TOPICS = 12
DEFAULT_RADIUS = 50
HEADING = 70  # characters of the text that stand for a missing title
RUNS_OUT_WITHIN = timedelta(days=14)
ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Draft:
    """What a person typed into the form of a need or an offering."""

    kind: Kind
    text: str
    title: str = ""
    added: tuple[str, ...] = ()  # topics that the person added to the recognised ones
    removed: tuple[str, ...] = ()
    help_kinds: tuple[str, ...] = ()
    reach: Reach = Reach.NATIONAL
    radius_km: int | None = None
    paid: Paid = Paid.NONE

    @property
    def wording(self) -> Wording:
        return Wording(self.title, self.text, self.added, self.removed)


def today(at: datetime) -> date:
    """The calendar day of an instant where the members are."""
    return at.astimezone(ZONE).date()


def of_company(session: Session, company_id: UUID) -> list[Listing]:
    """All listings of a company with their topics: open ones first, then the newest."""
    return list(
        session.scalars(
            sa.select(Listing)
            .where(Listing.company_id == company_id)
            .order_by(
                Listing.status != ListingStatus.OPEN,
                Listing.created_at.desc(),
                Listing.id,
            )
            .options(selectinload(Listing.topics))
        )
    )


def of_person(session: Session, person_id: UUID, listing_id: UUID) -> Listing:
    """A listing of the person's own company; NotFound for absent and foreign alike."""
    listing = session.scalar(
        sa.select(Listing).where(
            Listing.id == listing_id,
            Listing.company_id == deciding_company(session, person_id),
        )
    )
    if listing is None:
        raise NotFound
    return listing


def typed(session: Session, listing: Listing) -> Draft:
    """A stored listing as the form shows it."""
    wording = wording_of(listing, topics.replacements(session))
    return Draft(
        kind=listing.kind,
        text=listing.text,
        title=listing.title,
        added=wording.added,
        removed=wording.removed,
        help_kinds=tuple(listing.help_kinds),
        reach=listing.reach,
        radius_km=listing.radius_km,
        paid=listing.paid,
    )


def create(draft: Draft, *, by: UUID, at: datetime) -> UUID:
    """Record a need or an offering of the person's company; returns its id.

    The same words sent twice make one listing. Raises Invalid with the field and the
    reason, Conflict when the company has too many open listings.
    """
    draft = checked(db.session(), draft)
    described = describe(db.session(), [draft.wording])[0]
    with db.transaction() as session:
        company_id = lock_company(session, by)
        return insert(session, company_id, draft, described, by=by, at=at)


def insert(
    session: Session,
    company_id: UUID,
    draft: Draft,
    described: Described,
    *,
    by: UUID | None,
    at: datetime,
) -> UUID:
    """Store a checked and described draft: the part of `create` that writes."""
    twin = session.scalar(_twin(company_id, draft))
    if twin is not None:
        return twin
    _check_room(session, company_id)
    listing_id = uuid4()
    session.add(
        Listing(
            id=listing_id,
            company_id=company_id,
            author_id=by,
            kind=draft.kind,
            valid_until=today(at) + timedelta(days=VALID_DAYS),
            created_at=at,
            updated_at=at,
            **_values(draft),
            **described.columns(),
        )
    )
    session.flush()
    store_topics(session, listing_id, described)
    return listing_id


def edit(listing_id: UUID, draft: Draft, *, by: UUID, at: datetime) -> None:
    """Replace what an open listing says; its kind stays.

    Raises as `create`, and Conflict when the listing is closed.
    """
    kind = of_person(db.session(), by, listing_id).kind
    draft = checked(db.session(), replace(draft, kind=kind))
    described = describe(db.session(), [draft.wording])[0]
    with db.transaction() as session:
        listing = _locked(session, by, listing_id)
        _check_open(listing)
        for name, value in (_values(draft) | described.columns()).items():
            setattr(listing, name, value)
        listing.updated_at = at
        session.flush()
        store_topics(session, listing_id, described)
        session.expire(listing)


def renew(listing_id: UUID, *, by: UUID, at: datetime) -> date:
    """Keep an open listing for another 180 days; returns its last day."""
    with db.transaction() as session:
        listing = _locked(session, by, listing_id)
        _check_open(listing)
        listing.valid_until = today(at) + timedelta(days=VALID_DAYS)
        return listing.valid_until


def close(listing_id: UUID, *, by: UUID, at: datetime) -> None:
    """End a listing, and the open introductions that rest on it alone.

    Closing it again changes nothing.
    """
    with db.transaction() as session:
        listing = _locked(session, by, listing_id)
        if listing.status is ListingStatus.CLOSED:
            return
        listing.status, listing.closed_at = ListingStatus.CLOSED, at
        introductions.cancel_for_listing(
            session, listing_id, "listing_closed", at=at, by=by
        )


def reopen(listing_id: UUID, *, by: UUID, at: datetime) -> None:
    """Open a closed listing again for 180 days; an open one stays as it is."""
    with db.transaction() as session:
        company_id = lock_company(session, by)
        listing = _locked(session, by, listing_id)
        if listing.status is ListingStatus.OPEN:
            return
        _check_room(session, company_id)
        listing.status, listing.closed_at = ListingStatus.OPEN, None
        listing.valid_until = today(at) + timedelta(days=VALID_DAYS)


def checked(session: Session, draft: Draft) -> Draft:
    """The draft with cleaned texts and values that fit together.

    Raises Invalid, whose field is a name of `Draft`.
    """
    text = texts.checked(draft.text, field="text", longest=LONGEST_TEXT)
    title = texts.checked(
        draft.title, field="title", longest=LONGEST_TITLE, required=False
    )
    unknown = set(draft.help_kinds) - knowledge.load().help_kind.keys()
    if unknown:
        raise Invalid(N_("Diese Art der Hilfe gibt es nicht."), field="help_kinds")
    added, removed = _checked_topics(session, draft)
    return replace(
        draft,
        text=text,
        title=" ".join(title.split()) or heading(text),
        added=added,
        removed=removed,
        help_kinds=tuple(dict.fromkeys(draft.help_kinds)),
        radius_km=_checked_radius(draft),
        paid=draft.paid if draft.kind is Kind.OFFERING else Paid.NONE,
    )


def heading(text: str) -> str:
    """The first words of a text, in place of a title that nobody wrote."""
    line = " ".join(text.split())
    if len(line) <= HEADING:
        return line
    return line[: HEADING + 1].rpartition(" ")[0][:HEADING].rstrip(" ,;:–-") + " …"


def _checked_radius(draft: Draft) -> int | None:
    if draft.reach is not Reach.ONSITE:
        return None
    radius = DEFAULT_RADIUS if draft.radius_km is None else draft.radius_km
    if not 1 <= radius <= 1000:
        raise Invalid(N_("Der Umkreis ist 1 bis 1000 km."), field="radius_km")
    return radius


def _checked_topics(
    session: Session, draft: Draft
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if len(set(draft.added)) > MOST_TOPICS:
        raise Invalid(
            N_("Mehr als 12 Themen kann ein Eintrag nicht haben."), field="topics"
        )
    chosen = (set(draft.added) | set(draft.removed)) - {""}
    known = {
        chip.id for chip in topics.chips(session, dict.fromkeys(chosen, 1.0), "de")
    }
    if chosen - known:
        raise Invalid(N_("Dieses Thema gibt es nicht."), field="topics")
    added = topics.usable(session, [one for one in draft.added if one])
    return tuple(added), tuple(one for one in draft.removed if one and one not in added)


def _values(draft: Draft) -> dict[str, object]:
    return {
        "title": draft.title,
        "text": draft.text,
        "help_kinds": list(draft.help_kinds),
        "reach": draft.reach,
        "radius_km": draft.radius_km,
        "paid": draft.paid,
    }


def lock_company(session: Session, person_id: UUID) -> UUID:
    """The person's company, locked: of two equal forms at once one comes second."""
    company_id = deciding_company(session, person_id)
    session.execute(
        sa.select(Company.id).where(Company.id == company_id).with_for_update()
    )
    # Asked again: whoever held the lock may have closed or erased the company.
    return deciding_company(session, person_id)


def _locked(session: Session, person_id: UUID, listing_id: UUID) -> Listing:
    listing = of_person(session, person_id, listing_id)
    session.refresh(listing, with_for_update=True)
    return listing


def _twin(company_id: UUID, draft: Draft) -> sa.Select[UUID]:
    return sa.select(Listing.id).where(
        Listing.company_id == company_id,
        Listing.status == ListingStatus.OPEN,
        Listing.kind == draft.kind,
        Listing.title == draft.title,
        Listing.text == draft.text,
    )


def _check_open(listing: Listing) -> None:
    if listing.status is not ListingStatus.OPEN:
        raise Conflict(
            N_("Dieser Eintrag ist geschlossen. Öffnen Sie ihn zuerst wieder.")
        )


def _check_room(session: Session, company_id: UUID) -> None:
    count = session.scalar(
        sa.select(sa.func.count()).where(
            Listing.company_id == company_id, Listing.status == ListingStatus.OPEN
        )
    )
    if (count or 0) >= MOST_OPEN:
        raise Conflict(
            N_("Ihre Firma hat schon 50 offene Einträge. Schließen Sie zuerst einen.")
        )
