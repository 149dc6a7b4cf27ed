"""The one bridge from the database to the engine.

What crosses it is a frozen set of fields under names that mean nothing outside of
one run: no company name, no person, no contact. The way back is kept here only.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import (
    AWAITING,
    OPEN_STATES,
    Avoidance,
    Block,
    Company,
    CompanyStatus,
    Cooldown,
    Decision,
    Feedback,
    Introduction,
    Listing,
    ListingStatus,
    Round,
    Side,
    State,
)
from app.services import topics
from app.services.introductions_sides import BUSY_DAYS
from app.services.rounds_week import ZONE
from matching import knowledge
from matching.types import Company as Firm
from matching.types import Listing as Entry
from matching.types import Meeting, Outcome

if TYPE_CHECKING:
    from matching import Market
    from matching.topics import TextVectors

# What the engine does not suggest again anyway is of no use to it when it is older.
REMEMBERED_WEEKS = 106

OUTCOMES: dict[State, Outcome] = {
    State.CONNECTED: "connected",
    State.DECLINED: "declined",
    State.WITHDRAWN: "withdrawn",
    State.EXPIRED: "expired",
    # Still open: shown already, so not again soon.
    State.PROPOSED: "expired",
    State.HALF: "expired",
}

Pair = tuple[UUID, UUID]


@dataclass(frozen=True)
class Register:
    """The records of a market, and whom their names stand for."""

    companies: list[Firm]
    listings: list[Entry]
    vectors: list[bytes]  # of the listings, in their order
    history: list[Meeting]
    apart: list[tuple[str, str]]  # pairs that must not meet now
    as_of: date
    company_ids: dict[str, UUID]
    listing_ids: dict[str, UUID]

    def market(self) -> "Market":
        """The arrays that the engine works on. Takes no look at the database."""
        from matching import Market
        from matching.whole_vectors import WholeVectors

        model = topics.model()
        vectors = self.text_vectors()
        return Market.of(
            self.listings,
            self.companies,
            self.history,
            model.in_market(WholeVectors.of(vectors)),
            as_of=self.as_of,
        )

    def text_vectors(self) -> "TextVectors":
        """The vectors of the listings, in their order."""
        model = topics.model()
        return model.unpack(self.vectors) if self.vectors else model.transform([])

    def names(self, pairs: Iterable[Pair]) -> list[tuple[str, str]]:
        """The engine's names of pairs; pairs with a company that takes no part are
        left out."""
        name = {identity: name for name, identity in self.company_ids.items()}
        return [(name[a], name[b]) for a, b in pairs if a in name and b in name]


def market_of(session: Session, today: date) -> "Market":
    """What the engine would work on today."""
    return register_of(session, datetime.combine(today, time(12), ZONE)).market()


def register_of(
    session: Session,
    at: datetime,
    *,
    but_for: UUID | None = None,
    only: Collection[UUID] | None = None,
) -> Register:
    """Read all that a round is computed from, as it stands now.

    `but_for` is a round whose own drafts do not count as open introductions; `only`
    leaves out all companies but these.
    """
    today = at.astimezone(ZONE).date()
    known = knowledge.load()
    sizes = {one.id for one in known.size_classes}
    among: sa.ColumnElement[bool] = sa.true() if only is None else Company.id.in_(only)
    rows = session.execute(_companies().where(among)).all()
    company_names = _numbered("c", (row.id for row in rows))
    busy = open_counts(session, at)
    avoided = _avoided(session, company_names)
    companies = [
        Firm(
            id=company_names[row.id],
            lat=row.lat,
            lon=row.lon,
            state=row.state if row.state in known.state else None,
            sector=row.sector if (row.sector or "").isdecimal() else None,
            size=row.size if row.size in sizes else None,
            stage=row.stage,
            languages=tuple(row.languages),
            capacity=max(0, min(row.capacity, row.max_open - busy.get(row.id, 0))),
            avoid=avoided.get(row.id, ()),
            no_paid=row.no_paid,
            no_competitors=row.no_competitors,
            paused=row.paused_until is not None and today < row.paused_until,
        )
        for row in rows
    ]
    entries = session.execute(_open_listings(today).where(among)).all()
    listing_names = _numbered("l", (row.id for row in entries))
    return Register(
        companies=companies,
        listings=[
            _entry(row, listing_names, company_names, known.help_kind)
            for row in entries
        ],
        vectors=[row.vector for row in entries],
        history=list(_history(session, at, company_names)),
        apart=_apart(session, at, company_names, but_for),
        as_of=today,
        company_ids={name: identity for identity, name in company_names.items()},
        listing_ids={name: identity for identity, name in listing_names.items()},
    )


def _companies() -> sa.Select[Any]:
    columns: list[Any] = [
        *(Company.id, Company.lat, Company.lon, Company.state, Company.sector),
        *(Company.size, Company.stage, Company.languages, Company.capacity),
        *(Company.max_open, Company.no_paid, Company.no_competitors),
        Company.paused_until,
    ]
    return (
        sa.select(*columns)
        .where(Company.status == CompanyStatus.APPROVED)
        .order_by(Company.id)
    )


def _open_listings(today: date) -> sa.Select[Any]:
    """Open listings of companies that take part, with a vector of today's model."""
    columns: list[Any] = [
        *(Listing.id, Listing.company_id, Listing.kind, Listing.title),
        *(Listing.text, Listing.help_kinds, Listing.reach, Listing.radius_km),
        *(Listing.paid, Listing.updated_at, Listing.vector),
    ]
    return (
        sa.select(*columns)
        .join(Company, Company.id == Listing.company_id)
        .where(
            Company.status == CompanyStatus.APPROVED,
            Listing.status == ListingStatus.OPEN,
            Listing.valid_until >= today,
            Listing.vector_version == topics.model().version,
        )
        .order_by(Listing.id)
    )


def _entry(
    row: Any,
    names: dict[UUID, str],
    company_names: dict[UUID, str],
    help_kinds: Iterable[str],
) -> Entry:
    return Entry(
        id=names[row.id],
        kind=row.kind.value,
        text=row.text,
        title=row.title,
        company=company_names[row.company_id],
        help=tuple(kind for kind in row.help_kinds if kind in help_kinds),
        reach=row.reach.value,
        radius_km=row.radius_km,
        paid=row.paid.value,
        since=row.updated_at.astimezone(ZONE).date(),
    )


def open_counts(session: Session, at: datetime) -> dict[UUID, int]:
    """Introductions that keep each company busy, as `introductions.open_count`."""
    found: dict[UUID, int] = {}
    for side in Side:
        company = getattr(Introduction, f"company_{side.value}_id")
        waits = sa.and_(
            getattr(Introduction, f"{side.value}_decision") == Decision.ACCEPTED,
            Introduction.state.not_in((State.CONNECTED, State.WITHDRAWN)),
            Introduction.expires_at > at,
        )
        answered = sa.exists().where(
            Feedback.introduction_id == Introduction.id, Feedback.side == side
        )
        in_touch = sa.and_(
            Introduction.connected_at > at - timedelta(days=BUSY_DAYS),
            sa.not_(answered),
        )
        rows = session.execute(
            sa.select(company, sa.func.count())
            .where(sa.or_(waits, in_touch))
            .group_by(company)
        )
        for company_id, number in rows:
            found[company_id] = found.get(company_id, 0) + number
    return found


def _avoided(session: Session, names: dict[UUID, str]) -> dict[UUID, tuple[str, ...]]:
    found: dict[UUID, list[str]] = {}
    rows = session.execute(
        sa.select(Avoidance.company_id, Avoidance.other_id).order_by(
            Avoidance.company_id, Avoidance.other_id
        )
    )
    for company_id, other_id in rows:
        if company_id in names and other_id in names:
            found.setdefault(company_id, []).append(names[other_id])
    return {company_id: tuple(others) for company_id, others in found.items()}


def _history(
    session: Session, at: datetime, names: dict[UUID, str]
) -> Iterator[Meeting]:
    """What was shown before and how it ended: who waits longest, who cools down."""
    rows = session.execute(
        sa.select(
            Introduction.company_lo_id,
            Introduction.company_hi_id,
            Introduction.state,
            Round.week,
        )
        .join(Round, Round.id == Introduction.round_id)
        .where(
            Introduction.state.in_(OUTCOMES),
            Introduction.shown_at > at - timedelta(weeks=REMEMBERED_WEEKS),
        )
        .order_by(Round.week, Introduction.company_lo_id, Introduction.company_hi_id)
    )
    for row in rows:
        if row.company_lo_id in names and row.company_hi_id in names:
            yield Meeting(
                a=names[row.company_lo_id],
                b=names[row.company_hi_id],
                week=row.week,
                outcome=OUTCOMES[row.state],
            )


def _apart(
    session: Session, at: datetime, names: dict[UUID, str], but_for: UUID | None
) -> list[tuple[str, str]]:
    pairs = forbidden(session, at, but_for=but_for)
    return sorted(
        (names[lo], names[hi]) for lo, hi in pairs if lo in names and hi in names
    )


def forbidden(
    session: Session, at: datetime, *, but_for: UUID | None = None
) -> dict[Pair, str]:
    """Pairs that the database would refuse to introduce now, and why."""
    open_now: sa.ColumnElement[bool] = Introduction.state.in_(OPEN_STATES)
    if but_for is not None:
        open_now = sa.and_(
            open_now,
            sa.or_(Introduction.round_id != but_for, Introduction.state.in_(AWAITING)),
        )
    sources: tuple[tuple[str, Any, sa.ColumnElement[bool]], ...] = (
        ("open", Introduction, open_now),
        ("connected", Introduction, Introduction.state == State.CONNECTED),
        ("cooling", Cooldown, Cooldown.until > at),
        ("blocked", Block, sa.true()),
    )
    found: dict[Pair, str] = {}
    for reason, table, condition in sources:
        rows = session.execute(
            sa.select(table.company_lo_id, table.company_hi_id).where(condition)
        )
        found |= {(row[0], row[1]): reason for row in rows}
    return found


def _numbered(letter: str, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names that mean nothing outside of this run, in the order of the ids."""
    return {identity: f"{letter}{number:07}" for number, identity in enumerate(ids)}
