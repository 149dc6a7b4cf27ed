"""Dates that the invented companies propose and agree on, through the real service."""

import random
from datetime import datetime, timedelta
from uuid import UUID

from app.demo.diary import Case, Diary
from app.errors import Conflict
from app.models import MeetingKind, Side, State
from app.models.feedback import DUE_AFTER_DAYS
from app.services import meetings
from app.services.meetings import Proposal
from app.services.rounds_week import ZONE

RECENT = timedelta(days=DUE_AFTER_DAYS)  # nobody is asked yet what came of it
SATURDAY = 5
HOURS = (9, 10, 11, 13, 14, 15, 16)
MOST = 24  # of all companies, the newest connections first
AGREED = 0.6  # of the proposals are answered
NOTES = {
    MeetingKind.PHONE: "Ich rufe Sie unter Ihrer Nummer an.",
    MeetingKind.VIDEO: "Den Link schicke ich Ihnen am Vortag.",
}


def arrange(diary: Diary, guest_id: UUID, draw: random.Random, *, at: datetime) -> None:
    """Of the newest connections some agree on a date. The guest finds both: dates
    proposed to it, and one that is fixed."""
    recent = _connected_since(diary, at - RECENT)
    others = [case for case in recent if guest_id not in case.pair]
    since = _connected_since(diary, at - 4 * RECENT)
    own = [case for case in since if guest_id in case.pair]
    for number, case in enumerate(own[:2]):
        lo = case.seen.ids[Side.LO] == guest_id
        by = Side.HI if lo else Side.LO  # the other side proposes
        _meet(diary, case, by, draw, at=at, agreed=number == 1)
    for case in others[:MOST]:
        by, agreed = draw.choice(list(Side)), draw.random() < AGREED
        _meet(diary, case, by, draw, at=at, agreed=agreed)


def _connected_since(diary: Diary, since: datetime) -> list[Case]:
    """Connections, the newest first."""
    found = {
        case.seen.id: case
        for cases in diary.of_company.values()
        for case, _ in cases
        if case.state is State.CONNECTED
        and case.closed_at is not None
        and case.closed_at > since
    }
    return sorted(found.values(), key=lambda one: (one.closed_at, one.pair))[::-1]


def _meet(
    diary: Diary,
    case: Case,
    by: Side,
    draw: random.Random,
    *,
    at: datetime,
    agreed: bool,
) -> None:
    """One side proposes three starts; the other chooses one, or has not yet."""
    kind = draw.choice(list(MeetingKind))
    place = case.seen.companies[by].place.name
    proposal = Proposal(
        _starts(draw, at), 45, kind, NOTES.get(kind, f"Bei uns in {place}, Empfang")
    )
    asks, answers = (diary.people.of(case, side) for side in (by, by.other))
    try:
        made = meetings.propose(
            case.seen.id, proposal, by=asks, at=at - timedelta(hours=2)
        )
    except Conflict:
        return  # somebody complained
    if agreed:
        number = draw.randint(1, 3)
        answered_at = at - timedelta(hours=1)
        meetings.choose(case.seen.id, made, number, by=answers, at=answered_at)


def _starts(draw: random.Random, at: datetime) -> list[datetime | None]:
    """Three working days soon, by the clock of Berlin."""
    today = at.astimezone(ZONE).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    days = [today + timedelta(days=ahead) for ahead in range(3, 18)]
    free = [day for day in days if day.weekday() < SATURDAY]
    return [day.replace(hour=draw.choice(HOURS)) for day in draw.sample(free, 3)]
