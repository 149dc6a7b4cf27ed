"""How organizers change a draft: drop, pin, add, and undo.

Edits are kept beside the round and hold when it is computed anew. A dropped pair
leaves the draft at once; a pinned or added one comes with the next computing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Conflict, Invalid, NotFound
from app.models import (
    Company,
    CompanyStatus,
    EditKind,
    Introduction,
    Round,
    RoundEdit,
    RoundState,
    State,
)
from app.services import audit
from app.services.rounds_market import forbidden

# Why a pair cannot be added, in words.
REFUSALS = {
    "open": N_("Zwischen diesen Firmen ist eine Vorstellung offen."),
    "connected": N_("Diese Firmen sind schon miteinander bekannt gemacht."),
    "cooling": N_("Diese Firmen wurden vor Kurzem vorgeschlagen."),
    "blocked": N_("Diese Firmen sollen einander nicht vorgestellt werden."),
}


def drop(introduction_id: UUID, *, by: UUID, at: datetime) -> str:
    """Take a pair out of its draft, also when it is computed anew; returns the week."""
    with db.transaction() as session:
        row, pair = _draft_of(session, introduction_id)
        _edit(session, row, pair, EditKind.DROP, by=by, at=at)
        session.execute(
            sa.delete(Introduction)
            .where(
                Introduction.id == introduction_id, Introduction.state == State.DRAFT
            )
            .execution_options(synchronize_session=False)
        )
        return row.week


def pin(introduction_id: UUID, *, by: UUID, at: datetime) -> str:
    """Keep a pair in the draft whenever it is computed anew; returns the week."""
    with db.transaction() as session:
        row, pair = _draft_of(session, introduction_id)
        _edit(session, row, pair, EditKind.PIN, by=by, at=at)
        return row.week


def add(week: str, a: UUID, b: UUID, *, by: UUID, at: datetime) -> None:
    """Have two companies introduced by the next computing of the draft.

    Raises Invalid for one company twice, NotFound for one that takes no part,
    Conflict for a pair that may not meet now.
    """
    if a == b:
        raise Invalid(N_("Bitte wählen Sie zwei verschiedene Firmen."), field="other")
    lo, hi = sorted((a, b))
    with db.transaction() as session:
        row = _draft(session, week)
        part = session.scalar(
            sa.select(sa.func.count()).where(
                Company.id.in_((lo, hi)), Company.status == CompanyStatus.APPROVED
            )
        )
        if part != 2:
            raise NotFound
        reason = forbidden(session, at, but_for=row.id).get((lo, hi))
        if reason is not None:
            raise Conflict(REFUSALS[reason])
        _edit(session, row, (lo, hi), EditKind.PIN, by=by, at=at)


def undo(edit_id: UUID, *, by: UUID, at: datetime) -> str:
    """Forget a pin or a drop; the next computing decides again. Returns the week."""
    with db.transaction() as session:
        edit = session.get(RoundEdit, edit_id)
        if edit is None:
            raise NotFound
        week = session.get_one(Round, edit.round_id).week
        row = _draft(session, week)
        pair = edit.company_lo_id, edit.company_hi_id
        _note(session, row, pair, f"round.undo_{edit.kind.value}", by=by, at=at)
        session.delete(edit)
        return week


def _edit(
    session: Session,
    row: Round,
    pair: tuple[UUID, UUID],
    kind: EditKind,
    *,
    by: UUID,
    at: datetime,
) -> None:
    dialect = session.get_bind().dialect.name
    insert: Any = (sqlite if dialect == "sqlite" else postgresql).insert(RoundEdit)
    values = {"kind": kind, "by_id": by, "at": at}
    session.execute(
        insert.values(
            round_id=row.id, company_lo_id=pair[0], company_hi_id=pair[1], **values
        ).on_conflict_do_update(
            index_elements=["round_id", "company_lo_id", "company_hi_id"], set_=values
        )
    )
    _note(session, row, pair, f"round.{kind.value}", by=by, at=at)


def _note(
    session: Session,
    row: Round,
    pair: tuple[UUID, UUID],
    action: str,
    *,
    by: UUID,
    at: datetime,
) -> None:
    audit.record(
        session,
        action,
        actor_id=by,
        subject=("round", row.id),
        detail={"week": row.week, "lo": str(pair[0]), "hi": str(pair[1])},
        at=at,
    )


def _draft_of(
    session: Session, introduction_id: UUID
) -> tuple[Round, tuple[UUID, UUID]]:
    """The draft round of a draft pair, locked; NotFound, Conflict."""
    found = session.get(Introduction, introduction_id)
    if found is None:
        raise NotFound
    week = session.get_one(Round, found.round_id).week
    return _draft(session, week), (found.company_lo_id, found.company_hi_id)


def _draft(session: Session, week: str) -> Round:
    """The round, locked while it is a draft: nobody releases it meanwhile."""
    row = session.scalars(
        sa.select(Round).where(Round.week == week).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound
    if row.state is not RoundState.DRAFT:
        raise Conflict(
            N_("Diese Runde ist kein Entwurf mehr oder wird gerade berechnet.")
        )
    return row
