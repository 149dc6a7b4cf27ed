"""Consent to mails: events that are appended, and what they add up to.

Each kind is asked for on its own. Ticking a box only requests it; the link in the
mail that follows grants it (double opt-in). Taking back works at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.models import ConsentAction, ConsentEvent, ConsentKind, MailKind, Person
from app.services import outbox

# The version of the sentences beside the boxes; a new wording is a new version.
WORDING = "2026-11"

PAGE = "page"
MAIL_LINK = "mail link"


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a person stands with one kind of mail."""

    kind: ConsentKind
    granted: bool
    requested: bool  # ticked, but not confirmed by mail yet
    since: datetime | None


def state(session: Session, person_id: UUID) -> dict[ConsentKind, bool]:
    """Which kinds a person agrees to now; every kind is named."""
    return {one.kind: one.granted for one in choices(session, person_id)}


def choices(session: Session, person_id: UUID) -> list[Choice]:
    """Every kind with its state, in the order of `ConsentKind`."""
    latest: dict[ConsentKind, ConsentEvent] = {}
    for event in session.scalars(
        sa.select(ConsentEvent)
        .where(ConsentEvent.person_id == person_id)
        .order_by(ConsentEvent.at, _weight())
    ):
        known = latest.get(event.kind)
        # Asking again does not undo what was granted.
        asked_again = event.action is ConsentAction.REQUESTED
        if not (asked_again and known and known.action is ConsentAction.GRANTED):
            latest[event.kind] = event
    return [
        Choice(
            kind,
            granted=kind in latest and latest[kind].action is ConsentAction.GRANTED,
            requested=kind in latest and latest[kind].action is ConsentAction.REQUESTED,
            since=latest[kind].at if kind in latest else None,
        )
        for kind in ConsentKind
    ]


def granted(
    session: Session, kind: ConsentKind, person_ids: Iterable[UUID] | None = None
) -> dict[UUID, UUID]:
    """Persons who agree to a kind now, with the event that says so."""
    decisive = (ConsentAction.GRANTED, ConsentAction.WITHDRAWN)
    rank = (
        sa.func.row_number()
        .over(
            partition_by=ConsentEvent.person_id,
            order_by=(ConsentEvent.at.desc(), _weight().desc()),
        )
        .label("rank")
    )
    ranked = sa.select(
        ConsentEvent.person_id, ConsentEvent.id, ConsentEvent.action, rank
    ).where(ConsentEvent.kind == kind, ConsentEvent.action.in_(decisive))
    if person_ids is not None:
        ranked = ranked.where(ConsentEvent.person_id.in_(set(person_ids)))
    latest = ranked.subquery()
    rows = session.execute(
        sa.select(latest.c.person_id, latest.c.id).where(
            latest.c.rank == 1, latest.c.action == ConsentAction.GRANTED
        )
    )
    return {row[0]: row[1] for row in rows}


def choose(
    person_id: UUID, wanted: Iterable[ConsentKind], *, at: datetime
) -> list[ConsentKind]:
    """Set all boxes of the page at once; returns the kinds to be confirmed by mail.

    What is no longer ticked is withdrawn, what is newly ticked is requested.
    """
    ticked = set(wanted)
    with db.transaction() as session:
        _lock(session, person_id)
        now = choices(session, person_id)
        ends = [one.kind for one in now if one.kind not in ticked]
        _append(
            session,
            person_id,
            [one.kind for one in now if one.kind in ends and _stands(one)],
            ConsentAction.WITHDRAWN,
            at=at,
            source=PAGE,
        )
        asked = [one.kind for one in now if one.kind in ticked and not one.granted]
        request(session, person_id, asked, at=at)
        return asked


def request(
    session: Session,
    person_id: UUID,
    kinds: Iterable[ConsentKind],
    *,
    at: datetime,
    source: str = PAGE,
) -> None:
    """Ask for kinds; the person gets one mail with a link that grants them."""
    asked = sorted(set(kinds))
    if not asked:
        return
    _append(session, person_id, asked, ConsentAction.REQUESTED, at=at, source=source)
    outbox.enqueue(
        session,
        MailKind.CONFIRM,
        person_id,
        at=at,
        params={"consent": [kind.value for kind in asked]},
        dedupe_key=f"consent:{person_id}:{'+'.join(asked)}:{at:%Y%m%d%H%M%S}",
    )


def grant(
    person_id: UUID,
    kinds: Iterable[ConsentKind],
    *,
    at: datetime,
    source: str = MAIL_LINK,
) -> list[ConsentKind]:
    """Grant what was requested and not taken back since; returns what is new.

    An old link does nothing for a kind that was withdrawn after it was sent.
    """
    wanted = set(kinds)
    with db.transaction() as session:
        _lock(session, person_id)
        open_ones = [
            one.kind
            for one in choices(session, person_id)
            if one.kind in wanted and one.requested
        ]
        _append(
            session, person_id, open_ones, ConsentAction.GRANTED, at=at, source=source
        )
    return open_ones


def withdraw(
    person_id: UUID,
    kinds: Iterable[ConsentKind],
    *,
    at: datetime,
    source: str = MAIL_LINK,
) -> list[ConsentKind]:
    """Take consent back; returns the kinds for which that changed something."""
    wanted = set(kinds)
    with db.transaction() as session:
        _lock(session, person_id)
        standing = [
            one.kind
            for one in choices(session, person_id)
            if one.kind in wanted and _stands(one)
        ]
        _append(
            session, person_id, standing, ConsentAction.WITHDRAWN, at=at, source=source
        )
    return standing


def _stands(choice: Choice) -> bool:
    return choice.granted or choice.requested


def _append(
    session: Session,
    person_id: UUID,
    kinds: Iterable[ConsentKind],
    action: ConsentAction,
    *,
    at: datetime,
    source: str,
) -> None:
    session.add_all(
        ConsentEvent(
            person_id=person_id,
            kind=kind,
            action=action,
            at=at,
            wording=WORDING,
            source=source,
        )
        for kind in kinds
    )
    session.flush()


def _lock(session: Session, person_id: UUID) -> None:
    """One change of a person at a time: two clicks must not append twice."""
    session.execute(
        sa.select(Person.id)
        .where(Person.id == person_id)
        .with_for_update(key_share=True)
    )


def _weight() -> sa.ColumnElement[int]:
    """Of events of the same instant the more careful one counts."""
    return sa.case(
        (ConsentEvent.action == ConsentAction.REQUESTED, 0),
        (ConsentEvent.action == ConsentAction.GRANTED, 1),
        else_=2,
    )
