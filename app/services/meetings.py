"""Agree on a date: one side of a connection proposes starts, the other chooses.

What is chosen stands until a later proposal is chosen in its place or one side calls
it off. Commands on one introduction queue at its row, and each change is a
compare-and-set statement: of two at once one counts, the other is told so. Members
write and read the clock of Berlin; stored is UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Conflict, Invalid, NotFound
from app.models import (
    LONGEST_NOTE,
    Introduction,
    MailKind,
    Meeting,
    MeetingKind,
    MeetingState,
    Side,
)
from app.services import texts
from app.services.introductions_contacts import contact_card
from app.services.introductions_sides import (
    SideOf,
    connected_to,
    sides,
)
from app.services.meetings_states import (
    Changed,
    call_off,
    change,
    in_state,
    lock,
    next_sequence,
    replace,
    tell,
    withdraw,
)
from app.services.meetings_times import PAST, slots_of

MOST_A_DAY = 6  # proposals of a side, each of which is a mail to the other
SHORTEST_MINUTES, LONGEST_MINUTES = 15, 480

NO_MINUTES = N_("Bitte wählen Sie die Dauer.")
NO_PLACE = N_("Bitte schreiben Sie, wo Sie sich treffen.")
CHOOSE = N_("Bitte wählen Sie einen der Termine.")


class NotReachable(Conflict):
    message = N_("Mit dieser Firma lässt sich kein Termin mehr vereinbaren.")


class TooMany(Conflict):
    message = N_("Für heute sind es genug Vorschläge. Bitte rufen Sie die Firma an.")


class Begun(Conflict):
    message = N_("Dieser Termin hat schon begonnen.")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a side proposes: up to three starts by the clock of Berlin, None where a
    row of the form was left empty."""

    starts: Sequence[datetime | None]
    minutes: int
    kind: MeetingKind
    note: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the two stand about a date, for one side."""

    side: Side
    open: Meeting | None  # a proposal that waits for the choice
    fixed: Meeting | None
    cancelled: Meeting | None  # a date was called off, and nothing came after it
    reachable: bool  # both may still be told

    @property
    def awaits_us(self) -> bool:
        return self.open is not None and self.open.proposed_by is not self.side


def agreement(
    session: Session, person_id: UUID, introduction_id: UUID, *, at: datetime
) -> Agreement:
    """What was proposed and fixed; NotFound unless connected and the person's own."""
    seen = connected_to(session, person_id, introduction_id, at=at)
    rows = session.scalars(
        sa.select(Meeting)
        .where(
            Meeting.introduction_id == introduction_id,
            Meeting.state != MeetingState.REPLACED,
        )
        .order_by(Meeting.sequence.desc())
    ).all()
    latest = rows[0] if rows else None
    found = {row.state: row for row in reversed(rows)}
    called_off = (
        latest is not None
        and latest.state is MeetingState.CANCELLED
        and latest.starts_at is not None
    )
    return Agreement(
        side=seen.side,
        open=found.get(MeetingState.PROPOSED),
        fixed=found.get(MeetingState.FIXED),
        cancelled=latest if called_off else None,
        reachable=_are_reachable(session, introduction_id),
    )


def awaiting(session: Session, company_id: UUID, *, at: datetime) -> list[SideOf]:
    """Connections where the other side proposed starts that may still be chosen."""
    last = sa.func.coalesce(Meeting.slot_3, Meeting.slot_2, Meeting.slot_1)
    proposed_by_other = sa.or_(
        sa.and_(
            Introduction.company_lo_id == company_id, Meeting.proposed_by == Side.HI
        ),
        sa.and_(
            Introduction.company_hi_id == company_id, Meeting.proposed_by == Side.LO
        ),
    )
    waits = sa.exists().where(
        Meeting.introduction_id == Introduction.id,
        Meeting.state == MeetingState.PROPOSED,
        last > sa.literal(at, Meeting.slot_1.type),
        proposed_by_other,
    )
    return sides(session, company_id, at, waits)


def propose(
    introduction_id: UUID, proposal: Proposal, *, by: UUID, at: datetime
) -> UUID:
    """Propose starts to the other side, in place of any open proposal; a date that is
    fixed stands until one of them is chosen. Returns the meeting's id.

    Raises NotFound unless connected, Invalid with the field, NotReachable, TooMany.
    """
    content = _content(proposal, at)
    with db.transaction() as session:
        seen = connected_to(session, by, introduction_id, at=at)
        lock(session, introduction_id)
        if not _are_reachable(session, introduction_id):
            raise NotReachable
        if _proposed_today(session, seen, at) >= MOST_A_DAY:
            raise TooMany
        fixed = in_state(session, introduction_id, MeetingState.FIXED)
        replace(session, introduction_id, MeetingState.PROPOSED)
        row = Meeting(
            id=uuid4(),
            introduction_id=introduction_id,
            entry_id=fixed.entry_id if fixed and fixed.is_ahead(at) else uuid4(),
            sequence=next_sequence(session, introduction_id),
            proposed_by=seen.side,
            proposed_person_id=by,
            proposed_at=at,
            **content,
        )
        session.add(row)
        session.flush()
        tell(session, MailKind.MEETING_PROPOSED, row.id, at=at, to=[seen.side.other])
        return row.id


def choose(
    introduction_id: UUID, meeting_id: UUID, number: int, *, by: UUID, at: datetime
) -> None:
    """Fix the start with this number (from 1) of a proposal of the other side. The
    same choice again changes nothing.

    Raises NotFound, Invalid (no such start, or it is past), NotReachable, Changed
    (replaced, withdrawn or chosen otherwise meanwhile, or one's own proposal).
    """
    with db.transaction() as session:
        seen = connected_to(session, by, introduction_id, at=at)
        lock(session, introduction_id)
        row = _one_of(session, introduction_id, meeting_id)
        if not 1 <= number <= len(row.slots):
            raise Invalid(CHOOSE, field="slot")
        start = row.slots[number - 1]
        if (row.state, row.starts_at) == (MeetingState.FIXED, start):
            return
        if start <= at:
            raise Invalid(PAST, field="slot")
        if not _are_reachable(session, introduction_id):
            raise NotReachable
        earlier = in_state(session, introduction_id, MeetingState.FIXED)
        moves = earlier is not None and earlier.entry_id == row.entry_id
        _fix(session, row, start, by=by, side=seen.side, at=at)
        kind = MailKind.MEETING_MOVED if moves else MailKind.MEETING_FIXED
        tell(session, kind, meeting_id, at=at)


def cancel(introduction_id: UUID, meeting_id: UUID, *, by: UUID, at: datetime) -> None:
    """Call off a date before it begins, or take one's own proposal back. Done twice,
    it was done once.

    Raises NotFound, Begun, Changed.
    """
    with db.transaction() as session:
        seen = connected_to(session, by, introduction_id, at=at)
        lock(session, introduction_id)
        row = _one_of(session, introduction_id, meeting_id)
        if row.state is MeetingState.CANCELLED:
            return
        if row.state is MeetingState.FIXED:
            if not row.is_ahead(at):
                raise Begun
            call_off(session, row, by=seen.side, at=at)
            return
        own = (Meeting.id == meeting_id, Meeting.proposed_by == seen.side)
        if not withdraw(session, introduction_id, *own, by=seen.side, at=at):
            raise Changed


def _are_reachable(session: Session, introduction_id: UUID) -> bool:
    """Whether each side may still have the other's contact."""
    cards = [contact_card(session, introduction_id, side) for side in Side]
    return None not in cards


def _proposed_today(session: Session, seen: SideOf, at: datetime) -> int:
    found = session.scalar(
        sa.select(sa.func.count(Meeting.id)).where(
            Meeting.introduction_id == seen.introduction_id,
            Meeting.proposed_by == seen.side,
            Meeting.proposed_at > at - timedelta(days=1),
        )
    )
    return found or 0


def _one_of(session: Session, introduction_id: UUID, meeting_id: UUID) -> Meeting:
    row = session.get(Meeting, meeting_id)
    if row is None or row.introduction_id != introduction_id:
        raise NotFound
    return row


def _fix(
    session: Session,
    row: Meeting,
    start: datetime,
    *,
    by: UUID,
    side: Side,
    at: datetime,
) -> None:
    """The start is agreed on, in place of an earlier one; Changed if it cannot be."""
    replace(session, row.introduction_id, MeetingState.FIXED)
    fixed = change(
        session,
        Meeting.id == row.id,
        Meeting.state == MeetingState.PROPOSED,
        Meeting.proposed_by == side.other,
        state=MeetingState.FIXED,
        starts_at=start,
        chosen_by=side,
        chosen_person_id=by,
        chosen_at=at,
    )
    if not fixed:
        raise Changed


def _content(proposal: Proposal, at: datetime) -> dict[str, Any]:
    """The columns of what is proposed; Invalid with the field."""
    slots = slots_of(proposal.starts, at)
    note = _note(proposal)
    if not SHORTEST_MINUTES <= proposal.minutes <= LONGEST_MINUTES:
        raise Invalid(NO_MINUTES, field="minutes")
    return {
        "kind": proposal.kind,
        "minutes": proposal.minutes,
        "note": note,
        **{f"slot_{number}": start for number, start in enumerate(slots, 1)},
    }


def _note(proposal: Proposal) -> str:
    """One line; required where the two meet in person."""
    text = texts.plain(proposal.note, field="note", longest=LONGEST_NOTE)
    line = " ".join(text.split())
    if proposal.kind is MeetingKind.ONSITE and not line:
        raise Invalid(NO_PLACE, field="note")
    return line
