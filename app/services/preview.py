"""How many companies could fit a text: numbers only, for whoever is typing it."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from app import db
from app.models import Company, Listing, Reach
from app.services import topics
from app.services.listings import DEFAULT_RADIUS, Draft, typed
from app.services.listings_vectors import vectors_of
from app.services.places import Place
from app.services.rounds_market import register_of
from matching.topics import TextVectors


@dataclass(frozen=True)
class Fits:
    """Companies that could fit, and those of them in the region; `near` is None as
    long as it is not known where the company is."""

    companies: int
    near: int | None


class Index(Protocol):
    """What counts: `matching.live.LiveIndex`."""

    def count(
        self,
        vectors: TextVectors,
        kind: str,
        lat: float | None,
        lon: float | None,
        state: str | None,
        reach: str,
        radius_km: float | None,
    ) -> tuple[int, int]: ...


SECONDS_FRESH = 300


class _Shared:
    """The index of this process; None until there is one."""

    index: Index | None = None
    built_at: float | None = None  # None: handed in, or not built yet
    lock = threading.Lock()


_shared = _Shared()


def use(index: Index | None) -> None:
    """Count in this index from now on."""
    _shared.index, _shared.built_at = index, None


def warm() -> threading.Thread:
    """Build the index of the open listings in the background and count in it."""
    thread = threading.Thread(target=_build, name="live-index", daemon=True)
    thread.start()
    return thread


def _build() -> None:
    from matching.live import LiveIndex

    if not _shared.lock.acquire(blocking=False):
        return  # somebody is at it
    try:
        register = register_of(db.session(), datetime.now(UTC))
        vectors = topics.model().unpack(register.vectors)
        index = LiveIndex(register.listings, register.companies, vectors)
        _shared.index, _shared.built_at = index, time.monotonic()
    finally:
        db.remove()
        _shared.lock.release()


def _refresh_when_old() -> None:
    built_at = _shared.built_at
    if built_at is not None and time.monotonic() - built_at > SECONDS_FRESH:
        warm()


def of_draft(
    session: Session, draft: Draft, company_id: UUID, place: Place | None = None
) -> Fits | None:
    """Companies that could fit a draft, from its place or else the company's.

    None as long as there is no index.
    """
    _refresh_when_old()
    if _shared.index is None:
        return None
    company = session.get_one(Company, company_id)
    here: Place | Company = company if place is None else place
    vectors, _ = vectors_of(session, [draft.wording])
    radius = draft.radius_km or DEFAULT_RADIUS
    fits, near = _shared.index.count(
        vectors,
        draft.kind.value,
        here.lat,
        here.lon,
        here.state,
        draft.reach.value,
        radius if draft.reach is Reach.ONSITE else None,
    )
    return Fits(fits, near if here.lat is not None else None)


def of_listing(session: Session, listing: Listing) -> Fits | None:
    """Companies that could fit a stored listing."""
    return of_draft(session, typed(session, listing), listing.company_id)
