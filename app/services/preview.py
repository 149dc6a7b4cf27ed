"""How many companies could fit a text: numbers only, for whoever is typing it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from app.models import Company, Listing, Reach
from app.services.listings import DEFAULT_RADIUS, Draft, typed
from app.services.listings_vectors import vectors_of
from app.services.places import Place
from app.services.preview_index import Opened
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
        reach: str,
        radius_km: float | None,
        but: str = "",
    ) -> tuple[int, int]: ...


class _Place:
    """Where this process finds its index; None: nowhere yet."""

    find: Callable[[], Index | None] = staticmethod(lambda: None)


def look_in(data_dir: Path) -> None:
    """Count in what the worker keeps in this folder from now on."""
    _Place.find = Opened(data_dir).index


def use(index: Index | None) -> None:
    """Count in this index from now on."""
    _Place.find = staticmethod(lambda: index)


def of_draft(
    session: Session, draft: Draft, company_id: UUID, place: Place | None = None
) -> Fits | None:
    """Companies that could fit a draft, from its place or else the company's.

    None as long as there is no index.
    """
    index = _Place.find()
    if index is None:
        return None
    company = session.get_one(Company, company_id)
    here: Place | Company = company if place is None else place
    vectors, _ = vectors_of(session, [draft.wording])
    radius = draft.radius_km or DEFAULT_RADIUS
    fits, near = index.count(
        vectors,
        draft.kind.value,
        here.lat,
        here.lon,
        draft.reach.value,
        radius if draft.reach is Reach.ONSITE else None,
        str(company_id),
    )
    return Fits(fits, near if here.lat is not None else None)


def of_listing(session: Session, listing: Listing) -> Fits | None:
    """Companies that could fit a stored listing."""
    return of_draft(session, typed(session, listing), listing.company_id)
