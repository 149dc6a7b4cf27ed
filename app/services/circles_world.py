"""What has changed since a round was computed: companies, listings, pairs."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import (
    Avoidance,
    Company,
    EditKind,
    Introduction,
    Listing,
    Round,
    RoundEdit,
    State,
)
from app.services.regions import distance_km
from app.services.rounds_edits import room
from app.services.rounds_market import Pair, forbidden
from app.services.rounds_review import Named
from app.services.rounds_week import day_of


class Trouble(enum.StrEnum):
    """Why a company cannot be asked for what the round wanted of it."""

    GONE = "gone"  # suspended, closed or erased: not named any more
    PAUSED = "paused"
    CLOSED = "closed"  # its need or offering is


class Standing(enum.StrEnum):
    """How two companies stand to each other now."""

    FREE = "free"
    DRAFT = "draft"  # the draft introduces them already
    PINNED = "pinned"  # the next computing will
    DROPPED = "dropped"  # an organizer took them out of this round
    OPEN = "open"
    CONNECTED = "connected"
    COOLING = "cooling"
    BLOCKED = "blocked"
    AVOIDED = "avoided"  # one of them does not want to meet the other

    @property
    def parts(self) -> bool:
        """Whether somebody said that the two should not meet."""
        return self in (Standing.BLOCKED, Standing.AVOIDED, Standing.DROPPED)


@dataclass(frozen=True, slots=True)
class Part:
    """A company with the need or offering that it brings."""

    company: Named | None  # None where it takes no part any more
    title: str  # the text where there is no title; empty where it is erased
    text: str
    trouble: Trouble | None


class World:
    """Companies, listings and pairs of a round as they are now."""

    def __init__(
        self,
        session: Session,
        row: Round,
        *,
        companies: Iterable[UUID],
        listings: Iterable[UUID],
        at: datetime,
    ) -> None:
        ids = set(companies)
        self._today = day_of(at)
        self._companies = {
            one.id: one
            for one in session.scalars(sa.select(Company).where(Company.id.in_(ids)))
        }
        self._listings = {
            one.id: one
            for one in session.scalars(
                sa.select(Listing).where(Listing.id.in_(set(listings)))
            )
        }
        self._pairs = _standings(session, row, at)
        self.room = room(session, row, ids, at=at)

    def part(self, company_id: UUID, listing_id: UUID) -> Part:
        company = self._companies.get(company_id)
        listing = self._listings.get(listing_id)
        if company is None or not company.is_active:
            return Part(None, "", "", Trouble.GONE)
        trouble = None
        if company.is_paused(self._today):
            trouble = Trouble.PAUSED
        elif listing is None or not listing.is_open(self._today):
            trouble = Trouble.CLOSED
        text = listing.text if listing else ""
        return Part(
            Named(company.id, company.name, company.place, company.state),
            (listing.title if listing else "") or text,
            text,
            trouble,
        )

    def standing(self, a: UUID, b: UUID) -> Standing:
        return self._pairs.get((min(a, b), max(a, b)), Standing.FREE)

    def km(self, a: UUID, b: UUID) -> int | None:
        """How far apart two companies are; None without both places."""
        one, other = self._companies.get(a), self._companies.get(b)
        if one is None or other is None:
            return None
        return distance_km(one.lat, one.lon, other.lat, other.lon)


def _standings(session: Session, row: Round, at: datetime) -> dict[Pair, Standing]:
    """All pairs that are not simply free."""
    refused = {
        pair: Standing(reason)
        for pair, reason in forbidden(session, at, but_for=row.id).items()
    }
    drafts = session.execute(
        sa.select(Introduction.company_lo_id, Introduction.company_hi_id).where(
            Introduction.round_id == row.id, Introduction.state == State.DRAFT
        )
    )
    by_hand = {EditKind.PIN: Standing.PINNED, EditKind.DROP: Standing.DROPPED}
    edits = session.execute(
        sa.select(
            RoundEdit.company_lo_id, RoundEdit.company_hi_id, RoundEdit.kind
        ).where(RoundEdit.round_id == row.id)
    )
    here = dict.fromkeys(((lo, hi) for lo, hi in drafts), Standing.DRAFT)
    here |= {(lo, hi): by_hand[kind] for lo, hi, kind in edits}
    # What the database would refuse is refused, whatever the draft says.
    found = here | refused
    avoided = session.execute(sa.select(Avoidance.company_id, Avoidance.other_id))
    for one, other in avoided:
        pair = min(one, other), max(one, other)
        if found.get(pair) is not Standing.BLOCKED:
            found[pair] = Standing.AVOIDED
    return found
