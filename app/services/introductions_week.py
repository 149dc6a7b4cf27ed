"""A member's start page: at most three questions, or why there is nothing to ask."""

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import Company, Kind, Listing, ListingStatus, Round, Uncovered
from app.services import feedback, meetings
from app.services.introductions_sides import Standing, open_count, sides
from app.services.introductions_views import View, asked, views

RUNS_OUT_WITHIN = timedelta(days=14)


class Gap(enum.StrEnum):
    """What is missing in a company's listings, the most useful first."""

    NO_PLACE = "no_place"
    NO_LISTING = "no_listing"
    NO_NEED = "no_need"
    NO_OFFERING = "no_offering"
    RUNS_OUT = "runs_out"


class Silence(enum.StrEnum):
    """Why a company has no suggestion to answer."""

    PAUSED = "paused"
    WANTS_NONE = "wants_none"
    FULL = "full"
    NO_LISTING = "no_listing"
    NO_ROUND = "no_round"
    NO_MATCH = "no_match"
    ALL_ANSWERED = "all_answered"
    NEXT_ROUND = "next_round"


@dataclass(frozen=True, slots=True)
class Week:
    """What a company should look at now."""

    round_week: str | None
    released_at: datetime | None
    asked: list[View]
    waiting: list[View]
    meetings_due: list[View]  # the other side proposed a date
    feedback_due: list[View]
    gap: Gap | None
    silence: Silence | None
    paused_until: date | None


def week_of_company(session: Session, company_id: UUID, *, at: datetime) -> Week:
    """The start page of a member: what is due, what is missing, or why not."""
    company = session.get_one(Company, company_id)
    latest = session.execute(
        sa.select(Round.id, Round.week, Round.released_at)
        .where(Round.released_at.is_not(None))
        .order_by(Round.released_at.desc())
        .limit(1)
    ).one_or_none()
    open_kinds = _open_kinds(session, company_id, at.date())
    to_answer = asked(session, company_id, at=at)
    own = sides(session, company_id, at)
    waiting = [one for one in own if one.standing is Standing.WAITING]
    in_round = [one for one in own if latest and one.round_id == latest.id]
    silence = None
    if not to_answer:
        silence = _own_reason(session, company, open_kinds, at) or _round_reason(
            session, company_id, latest.id if latest else None, answered=bool(in_round)
        )
    return Week(
        round_week=latest.week if latest else None,
        released_at=latest.released_at if latest else None,
        asked=to_answer,
        waiting=views(session, waiting),
        meetings_due=views(session, meetings.awaiting(session, company_id, at=at)),
        feedback_due=views(session, feedback.due(session, company_id, at=at)),
        gap=_gap(company, open_kinds, at.date()),
        silence=silence,
        paused_until=company.paused_until,
    )


def _own_reason(
    session: Session, company: Company, open_kinds: dict[Kind, date], at: datetime
) -> Silence | None:
    if company.is_paused(at.date()):
        return Silence.PAUSED
    if company.capacity == 0 or company.max_open == 0:
        return Silence.WANTS_NONE
    if not open_kinds:
        return Silence.NO_LISTING
    if open_count(session, company.id, at) >= company.max_open:
        return Silence.FULL
    return None


def _round_reason(
    session: Session, company_id: UUID, round_id: UUID | None, *, answered: bool
) -> Silence:
    if round_id is None:
        return Silence.NO_ROUND
    if answered:
        return Silence.ALL_ANSWERED
    uncovered = session.scalar(
        sa.select(Uncovered.reason).where(
            Uncovered.round_id == round_id, Uncovered.company_id == company_id
        )
    )
    # Whatever else the round noted has been asked above; what is left is no partner.
    return Silence.NEXT_ROUND if uncovered is None else Silence.NO_MATCH


def _gap(company: Company, open_kinds: dict[Kind, date], today: date) -> Gap | None:
    if company.lat is None:
        return Gap.NO_PLACE
    if not open_kinds:
        return Gap.NO_LISTING
    if Kind.NEED not in open_kinds:
        return Gap.NO_NEED
    if Kind.OFFERING not in open_kinds:
        return Gap.NO_OFFERING
    if min(open_kinds.values()) <= today + RUNS_OUT_WITHIN:
        return Gap.RUNS_OUT
    return None


def _open_kinds(session: Session, company_id: UUID, today: date) -> dict[Kind, date]:
    """The kinds of open listings and when the first of each runs out."""
    rows = session.execute(
        sa.select(Listing.kind, sa.func.min(Listing.valid_until))
        .where(
            Listing.company_id == company_id,
            Listing.status == ListingStatus.OPEN,
            Listing.valid_until >= today,
        )
        .group_by(Listing.kind)
    )
    return {row[0]: row[1] for row in rows}
