"""What a side sees of its introductions: built of what it may see and no more.

Names are read for companies that show theirs or are connected, contact data for
connections only; nothing of the other side's decision is read at all.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.models import (
    Band,
    Company,
    Introduction,
    Listing,
    Match,
    Meeting,
    MeetingState,
    Round,
    Side,
)
from app.models.feedback import DUE_AFTER_DAYS
from app.services.introductions_contacts import ContactCard, contact_card
from app.services.introductions_sides import (
    Answer,
    SideOf,
    Standing,
    sides,
    visible_to,
)
from app.services.regions import distance_km, region_name
from app.services.rounds_week import day_of


@dataclass(frozen=True, slots=True)
class CompanyCard:
    """The other company; name and place are None until it wants them known."""

    name: str | None
    place: str | None
    sector: str | None
    size: str | None
    state: str | None
    region: str | None  # the nearest city
    distance_km: int | None
    is_gone: bool = False  # erased since: nothing else is known of it


@dataclass(frozen=True, slots=True)
class Words:
    """A listing as the other side reads it."""

    title: str
    text: str
    help_kinds: tuple[str, ...]
    reach: str
    paid: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One side's need met by the other's offering, and why the two fit."""

    need: Words
    offering: Words
    parts: dict[str, float]
    reasons: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class View:
    """An introduction as one side sees it. Before that side has decided it is the
    same whatever the other side did."""

    id: UUID
    standing: Standing
    answer: Answer
    told: bool
    week: str
    band: Band
    company: CompanyCard
    gets: tuple[Exchange, ...]
    gives: tuple[Exchange, ...]
    misfits: tuple[dict[str, Any], ...]
    shown_at: datetime
    expires_at: datetime
    connected_at: datetime | None
    meets_at: datetime | None  # the date that both agreed on
    feedback_given: bool
    contact: ContactCard | None

    def asks_feedback(self, at: datetime) -> bool:
        """Whether it is time to say what came of it: two weeks after the connection,
        and not before the day after a date that both agreed on."""
        return (
            self.connected_at is not None
            and not self.feedback_given
            and at >= self.connected_at + timedelta(days=DUE_AFTER_DAYS)
            and (self.meets_at is None or day_of(self.meets_at) < day_of(at))
        )


@dataclass(frozen=True, slots=True)
class Overview:
    """All introductions of a company, the newest first."""

    asked: list[View]
    waiting: list[View]
    connected: list[View]
    ended: list[View]
    n_ended: int


def view(
    session: Session, person_id: UUID, introduction_id: UUID, *, at: datetime
) -> View:
    """One introduction for a person; NotFound as `visible_to`."""
    seen = visible_to(session, person_id, introduction_id, at=at)
    return views(session, [seen], contacts=True)[0]


def overview(
    session: Session, company_id: UUID, *, at: datetime, page: int = 1, size: int = 20
) -> Overview:
    """All introductions of a company; those that ended by pages of `size`."""
    found: dict[Standing, list[SideOf]] = defaultdict(list)
    for one in sides(session, company_id, at):
        found[one.standing].append(one)
    ended = found[Standing.ENDED]
    return Overview(
        asked=views(session, found[Standing.ASKED]),
        waiting=views(session, found[Standing.WAITING]),
        connected=views(session, found[Standing.CONNECTED]),
        ended=views(session, ended[(page - 1) * size : page * size]),
        n_ended=len(ended),
    )


def asked(session: Session, company_id: UUID, *, at: datetime) -> list[View]:
    """The suggestions that await a company's answer, the strongest first."""
    open_ones = sides(session, company_id, at, Introduction.expires_at > at)
    found = views(session, [one for one in open_ones if one.standing is Standing.ASKED])
    order = list(Band)
    return sorted(found, key=lambda one: (order.index(one.band), one.expires_at))


def views(
    session: Session, of: Sequence[SideOf], *, contacts: bool = False
) -> list[View]:
    """The views of one company's sides, in their order; contact data if asked for
    and released."""
    if not of:
        return []
    ids = [one.introduction_id for one in of]
    facts = {
        row.id: row
        for row in session.execute(
            sa.select(
                Introduction.id, Introduction.band, Introduction.misfits, Round.week
            )
            .join(Round, Round.id == Introduction.round_id)
            .where(Introduction.id.in_(ids))
        )
    }
    companies = _companies(session, of)
    matches = _matches(session, ids)
    meets = _meets(session, ids)
    return [
        View(
            id=one.introduction_id,
            standing=one.standing,
            answer=one.answer,
            told=one.told and one.standing is Standing.ASKED,
            week=facts[one.introduction_id].week,
            band=facts[one.introduction_id].band,
            company=companies[one.other_id],
            gets=_given(matches[one.introduction_id], one.side.other),
            gives=_given(matches[one.introduction_id], one.side),
            misfits=tuple(facts[one.introduction_id].misfits),
            shown_at=one.shown_at,
            expires_at=one.expires_at,
            connected_at=one.connected_at,
            meets_at=meets.get(one.introduction_id),
            feedback_given=one.feedback_given,
            contact=contact_card(session, one.introduction_id, one.side)
            if contacts and one.standing is Standing.CONNECTED
            else None,
        )
        for one in of
    ]


def _companies(session: Session, of: Sequence[SideOf]) -> dict[UUID, CompanyCard]:
    connected = {one.other_id for one in of if one.standing is Standing.CONNECTED}
    named = sa.and_(
        sa.or_(Company.show_name.is_(True), Company.id.in_(connected)),
        Company.erased_at.is_(None),
    )
    here = session.execute(
        sa.select(Company.lat, Company.lon).where(Company.id == of[0].company_id)
    ).one()
    rows = session.execute(
        sa.select(
            Company.id,
            sa.case((named, Company.name)).label("name"),
            sa.case((named, Company.place)).label("place"),
            Company.sector,
            Company.size,
            Company.state,
            Company.lat,
            Company.lon,
            Company.erased_at.is_not(None).label("is_gone"),
        ).where(Company.id.in_({one.other_id for one in of}))
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
            is_gone=row.is_gone,
        )
        for row in rows
    }


def _meets(session: Session, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When those meet that agreed on a date."""
    rows = session.execute(
        sa.select(Meeting.introduction_id, Meeting.starts_at).where(
            Meeting.introduction_id.in_(ids), Meeting.state == MeetingState.FIXED
        )
    )
    return {row.introduction_id: row.starts_at for row in rows}


def _matches(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    need, offering = aliased(Listing), aliased(Listing)
    rows = session.execute(
        sa.select(
            Match.introduction_id,
            Match.giver,
            Match.parts,
            Match.reasons,
            need.title.label("need_title"),
            need.text.label("need_text"),
            need.help_kinds.label("need_help"),
            need.reach.label("need_reach"),
            need.paid.label("need_paid"),
            offering.title.label("offering_title"),
            offering.text.label("offering_text"),
            offering.help_kinds.label("offering_help"),
            offering.reach.label("offering_reach"),
            offering.paid.label("offering_paid"),
        )
        .join(need, need.id == Match.need_id)
        .join(offering, offering.id == Match.offering_id)
        .where(Match.introduction_id.in_(ids))
        .order_by(Match.score.desc(), Match.id)
    )
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.introduction_id].append(row)
    return found


def _given(rows: Sequence[Any], giver: Side) -> tuple[Exchange, ...]:
    return tuple(
        Exchange(
            need=Words(
                row.need_title,
                row.need_text,
                tuple(row.need_help),
                row.need_reach.value,
                row.need_paid.value,
            ),
            offering=Words(
                row.offering_title,
                row.offering_text,
                tuple(row.offering_help),
                row.offering_reach.value,
                row.offering_paid.value,
            ),
            parts=dict(row.parts),
            reasons=tuple(row.reasons),
        )
        for row in rows
        if row.giver is giver
    )
