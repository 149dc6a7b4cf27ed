"""Where needs find no offering: topics to act on, needs to look at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log2
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import (
    Company,
    CompanyStatus,
    Introduction,
    Kind,
    Listing,
    ListingStatus,
    ListingTopic,
    Match,
    State,
)

WAITING = timedelta(days=28)  # a need that old without introduction counts as unmet
PRIOR = 10  # needs' worth of the overall rate that small topics are drawn to
LONG = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic with its needs and offerings; `unmet` is U_t, `tension` S_t."""

    topic: str
    needs: int
    offerings: int
    waiting: int
    unmet: float
    tension: float

    @property
    def rank(self) -> float:
        return self.needs * self.unmet


@dataclass(frozen=True, slots=True)
class NeedRow:
    """An open need that nobody was introduced for."""

    id: UUID
    title: str
    text: str
    company_id: UUID
    company: str
    created_at: datetime
    is_long: bool


def topics(
    session: Session, *, at: datetime, state: str | None = None, demo: bool = False
) -> list[TopicRow]:
    """All topics with open needs, those to act on first.

    U_t = (waiting needs + 10·U) / (needs + 10), U the share over all topics;
    S_t = log2((needs + 1) / (free offering capacity + 1)); ranked by needs · U_t.
    """
    open_ones = _open_listings(session, at=at, state=state, demo=demo)
    met = _introduced(session)
    needs: dict[str, int] = {}
    waiting: dict[str, int] = {}
    offerings: dict[str, int] = {}
    free: dict[str, int] = {}
    for topic, kind, listing_id, created_at, capacity in open_ones:
        if kind is Kind.OFFERING:
            offerings[topic] = offerings.get(topic, 0) + 1
            free[topic] = free.get(topic, 0) + capacity
            continue
        needs[topic] = needs.get(topic, 0) + 1
        if at - created_at >= WAITING and listing_id not in met:
            waiting[topic] = waiting.get(topic, 0) + 1
    overall = sum(waiting.values()) / max(sum(needs.values()), 1)
    rows = [
        TopicRow(
            topic=topic,
            needs=count,
            offerings=offerings.get(topic, 0),
            waiting=waiting.get(topic, 0),
            unmet=(waiting.get(topic, 0) + PRIOR * overall) / (count + PRIOR),
            tension=log2((count + 1) / (free.get(topic, 0) + 1)),
        )
        for topic, count in needs.items()
    ]
    return sorted(rows, key=lambda row: (-row.rank, row.topic))


def needs_without_introduction(
    session: Session, *, at: datetime, demo: bool = False, limit: int = 200
) -> list[NeedRow]:
    """Open needs that were never part of a shown introduction, oldest first."""
    statement = (
        sa.select(Listing, Company.name)
        .join(Company, Company.id == Listing.company_id)
        .where(
            *_open(at, demo),
            Listing.kind == Kind.NEED,
            Listing.id.not_in(_introduced_needs()),
        )
        .order_by(Listing.created_at, Listing.id)
        .limit(limit)
    )
    return [
        NeedRow(
            id=listing.id,
            title=listing.title,
            text=listing.text,
            company_id=listing.company_id,
            company=name,
            created_at=listing.created_at,
            is_long=at - listing.created_at > LONG,
        )
        for listing, name in session.execute(statement)
    ]


def _open_listings(
    session: Session, *, at: datetime, state: str | None, demo: bool
) -> list[tuple[str, Kind, UUID, datetime, int]]:
    statement = (
        sa.select(
            ListingTopic.topic_id,
            Listing.kind,
            Listing.id,
            Listing.created_at,
            Company.capacity,
        )
        .join(Listing, Listing.id == ListingTopic.listing_id)
        .join(Company, Company.id == Listing.company_id)
        .where(*_open(at, demo))
    )
    if state:
        statement = statement.where(Company.state == state)
    return [
        (topic, kind, listing_id, created_at, capacity)
        for topic, kind, listing_id, created_at, capacity in session.execute(statement)
    ]


def _open(at: datetime, demo: bool) -> list[sa.ColumnElement[bool]]:
    found = [
        Listing.status == ListingStatus.OPEN,
        Listing.valid_until >= at.date(),
        Company.status == CompanyStatus.APPROVED,
    ]
    return found if demo else [*found, ~Company.is_demo]


def _introduced_needs() -> sa.Select[UUID]:
    return (
        sa.select(Match.need_id)
        .join(Introduction, Introduction.id == Match.introduction_id)
        .where(Introduction.shown_at.is_not(None), Introduction.state != State.DRAFT)
    )


def _introduced(session: Session) -> set[UUID]:
    return set(session.scalars(_introduced_needs()))
