"""Find needs and offerings of other companies: by words, topic, place, kind of help.

A text is searched by the topics it speaks of and by its words; what does both comes
first. Only companies that could be introduced are found: approved, not pausing, and
not kept apart from the one that searches.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import (
    Avoidance,
    Block,
    Company,
    CompanyStatus,
    Kind,
    Listing,
    ListingStatus,
    ListingTopic,
)
from app.services import places, topics
from app.services.introductions_views import CompanyCard
from app.services.regions import distance_km, region_name

PER_PAGE = 20
MOST_FOUND = 300  # of each way of searching; nobody turns more pages
MOST_WORDS = 3
SHORTEST_WORD = 3
WORD_SHARE = 0.6  # of a result's rank; the rest is topics
KM_PER_DEGREE = 111.2

_ENDING = re.compile("(?:en|er|es|em|e|n|s)$")

DISTANCES = (25, 50, 100, 200)


@dataclass(frozen=True)
class Wanted:
    """What is searched for; empty values do not restrict."""

    words: str = ""
    kind: Kind | None = None
    topic: str = ""
    state: str = ""
    help_kind: str = ""
    within_km: int | None = None


@dataclass(frozen=True)
class Hit:
    """A listing as another company may read it."""

    id: UUID
    kind: Kind
    title: str
    text: str
    help_kinds: tuple[str, ...]
    reach: str
    radius_km: int | None
    paid: str
    topics: tuple[str, ...]
    since: datetime
    company: CompanyCard


@dataclass(frozen=True)
class Found:
    """One page of hits, the best first, and how many there are in all."""

    hits: list[Hit]
    total: int
    page: int
    is_cut: bool  # there are more than are counted

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


def find(
    session: Session,
    company_id: UUID,
    wanted: Wanted,
    *,
    today: date,
    page: int = 1,
    language: str = "de",
) -> Found:
    """One page of what others need and offer, for a member of a company."""
    here = session.execute(
        sa.select(Company.lat, Company.lon).where(Company.id == company_id)
    ).one()
    rows, is_cut = _candidates(session, company_id, wanted, here, today)
    ranked = _ranked(rows, wanted.words)
    pages = max(1, -(-len(ranked) // PER_PAGE))
    page = min(max(1, page), pages)
    shown = ranked[(page - 1) * PER_PAGE : page * PER_PAGE]
    return Found(
        hits=_hits(session, shown, here, language),
        total=len(ranked),
        page=page,
        is_cut=is_cut,
    )


def _candidates(
    session: Session, company_id: UUID, wanted: Wanted, here: Any, today: date
) -> tuple[list[Any], bool]:
    """The rows that fit the filters and, where there are words, speak of them.

    Each way of searching reads along an index and stops at `MOST_FOUND`.
    """
    apart = _apart(session, company_id)
    fitting = _fitting(company_id, apart, wanted, here, today)
    if wanted.words:
        spoken = topics.spoken_of(wanted.words, topics.replacements(session))
        searches = [_by_words(session, fitting, wanted.words)]
        searches += [_by_topic(fitting, topic) for topic in spoken]
    else:
        searches, spoken = [_by_time(fitting)], {}
    found = [session.scalars(one.limit(MOST_FOUND)).all() for one in searches]
    ids = {listing_id for some in found for listing_id in some}
    rows = session.execute(_rows(ids, spoken)).all()
    near = [row for row in rows if _is_near(row, here, wanted.within_km)]
    return near, any(len(some) == MOST_FOUND for some in found)


def _fitting(
    company_id: UUID, apart: Sequence[UUID], wanted: Wanted, here: Any, today: date
) -> list[sa.ColumnElement[bool]]:
    conditions = [
        Listing.status == ListingStatus.OPEN,
        Listing.valid_until >= today,
        Listing.company_id.not_in([company_id, *apart]),
        Company.status == CompanyStatus.APPROVED,
        sa.or_(Company.paused_until.is_(None), Company.paused_until <= today),
    ]
    if wanted.kind:
        conditions.append(Listing.kind == wanted.kind)
    if wanted.state:
        conditions.append(Company.state == wanted.state)
    if wanted.help_kind:
        named = f'%"{_escaped(wanted.help_kind)}"%'
        conditions.append(sa.cast(Listing.help_kinds, sa.Text).like(named, escape="\\"))
    if wanted.topic:
        conditions.append(
            Listing.id.in_(
                sa.select(ListingTopic.listing_id).where(
                    ListingTopic.topic_id == wanted.topic
                )
            )
        )
    if wanted.within_km and here.lat is not None:
        # A box first, which the database can compare; the circle comes after.
        degrees = wanted.within_km / KM_PER_DEGREE
        conditions += [
            Company.lat.between(here.lat - degrees, here.lat + degrees),
            Company.lon.between(here.lon - 2 * degrees, here.lon + 2 * degrees),
        ]
    return conditions


def _apart(session: Session, company_id: UUID) -> list[UUID]:
    """Companies that do not want to meet this one, or must not; a short list."""
    pairs = (
        (Avoidance.company_id, Avoidance.other_id),
        (Block.company_lo_id, Block.company_hi_id),
    )
    others = [
        sa.select(other).where(one == company_id)
        for pair in pairs
        for one, other in (pair, pair[::-1])
    ]
    return list(session.scalars(sa.union(*others)))


def _ids(fitting: Sequence[sa.ColumnElement[bool]]) -> sa.Select[UUID]:
    return (
        sa.select(Listing.id)
        .join(Company, Company.id == Listing.company_id)
        .where(*fitting)
    )


def _by_time(fitting: Sequence[sa.ColumnElement[bool]]) -> sa.Select[UUID]:
    return _ids(fitting).order_by(Listing.created_at.desc())


def _by_words(
    session: Session, fitting: Sequence[sa.ColumnElement[bool]], words: str
) -> sa.Select[UUID]:
    patterns = [_pattern(word) for word in _words(words) or [words]]
    # SQLite's LIKE folds case by itself; ILIKE would make it copy every text first.
    like = "like" if session.get_bind().dialect.name == "sqlite" else "ilike"
    says = [
        getattr(column, like)(pattern, escape="\\")
        for pattern in patterns
        for column in (Listing.text, Listing.title)
    ]
    return _by_time(fitting).where(sa.or_(*says))


def _by_topic(fitting: Sequence[sa.ColumnElement[bool]], topic: str) -> sa.Select[UUID]:
    return (
        _ids(fitting)
        .join(ListingTopic, ListingTopic.listing_id == Listing.id)
        .where(ListingTopic.topic_id == topic)
        .order_by(ListingTopic.weight.desc())
    )


def _rows(ids: set[UUID], spoken: topics.Weights) -> sa.Select[Any]:
    """What ranking needs to know; `spoken` is the cosine of the two lists of topics,
    but for the length of the listing's."""
    worth = sa.case(spoken, value=ListingTopic.topic_id, else_=0.0) if spoken else 0.0
    shared = (
        sa.select(sa.func.sum(worth * ListingTopic.weight))
        .where(ListingTopic.listing_id == Listing.id)
        .scalar_subquery()
    )
    most = sum(weight * weight for weight in spoken.values()) or 1.0
    columns: list[Any] = [Listing.id, Listing.title, Listing.text, Listing.created_at]
    return (
        sa.select(
            *columns,
            Company.lat,
            Company.lon,
            (sa.func.coalesce(shared, 0.0) / most).label("spoken"),
        )
        .join(Company, Company.id == Listing.company_id)
        .where(Listing.id.in_(ids))
    )


def _is_near(row: Any, here: Any, within_km: int | None) -> bool:
    if not within_km or here.lat is None:
        return True
    km = distance_km(here.lat, here.lon, row.lat, row.lon)
    return km is not None and km <= within_km


def _ranked(rows: Iterable[Any], words: str) -> list[UUID]:
    """Ids, the best first: what speaks of the same and says the same words."""
    wanted = [places.fold(word) for word in _words(words)]

    def rank(row: Any) -> tuple[float, float, str]:
        said = places.fold(f"{row.title} {row.text}")
        hits = sum(word in said for word in wanted) / len(wanted) if wanted else 0.0
        score = WORD_SHARE * hits + (1 - WORD_SHARE) * min(1.0, row.spoken)
        return -round(score, 6), -row.created_at.timestamp(), str(row.id)

    return [row.id for row in sorted(rows, key=rank)]


def _hits(session: Session, ids: Sequence[UUID], here: Any, language: str) -> list[Hit]:
    listings = {
        row.id: row
        for row in session.scalars(sa.select(Listing).where(Listing.id.in_(ids)))
    }
    cards = _cards(session, {row.company_id for row in listings.values()}, here)
    names = topics.names(session, listings.values(), language)
    return [
        Hit(
            id=one.id,
            kind=one.kind,
            title=one.title,
            text=one.text,
            help_kinds=tuple(one.help_kinds),
            reach=one.reach.value,
            radius_km=one.radius_km,
            paid=one.paid.value,
            topics=tuple(names[one.id]),
            since=one.created_at,
            company=cards[one.company_id],
        )
        for one in (
            listings[listing_id] for listing_id in ids if listing_id in listings
        )
    ]


def hit(session: Session, viewer: UUID, listing_id: UUID, *, language: str) -> Hit:
    """One open listing of another company, as `asking.listing_of_other` checked it."""
    here = session.get_one(Company, viewer)
    return _hits(session, [listing_id], here, language)[0]


def _cards(session: Session, ids: set[UUID], here: Any) -> dict[UUID, CompanyCard]:
    """Company cards; names and places are not even read unless they may be shown."""
    shown = Company.show_name.is_(True)
    rows = session.execute(
        sa.select(
            Company.id,
            sa.case((shown, Company.name)).label("name"),
            sa.case((shown, Company.place)).label("place"),
            Company.sector,
            Company.size,
            Company.state,
            Company.lat,
            Company.lon,
        ).where(Company.id.in_(ids))
    )
    return {
        row.id: CompanyCard(
            name=row.name,
            place=row.place,
            sector=row.sector,
            size=row.size,
            state=row.state,
            region=region_name(row.lat, row.lon),
            distance_km=distance_km(here.lat, here.lon, row.lat, row.lon),
        )
        for row in rows
    }


def _words(text: str) -> list[str]:
    """The longest words of a query, which tell most, without their endings."""
    words = dict.fromkeys(word.strip(".,;:!?()\"'„“-") for word in text.lower().split())
    telling = [word for word in words if len(word) >= SHORTEST_WORD]
    longest = sorted(telling, key=lambda word: -len(word))[:MOST_WORDS]
    return [_ENDING.sub("", word) if len(word) > 6 else word for word in longest]


def _pattern(word: str) -> str:
    """A LIKE pattern; SQLite folds the case of ASCII only: other letters match any."""
    return (
        "%"
        + "".join(_escaped(letter) if letter.isascii() else "_" for letter in word)
        + "%"
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
