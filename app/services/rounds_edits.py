"""How organizers change a draft: drop, pin, add, and undo.

Edits are kept beside the round and hold when it is computed anew. A dropped pair
leaves the draft at once; a pinned or added one comes with the next computing.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Conflict, Invalid, NotFound
from app.models import (
    MOST_PER_WEEK,
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
from app.services.rounds_market import Pair, forbidden, open_counts
from app.services.rounds_week import day_of

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
        _check_room(session, row, {pair}, at)
        _edit(session, row, pair, EditKind.PIN, by=by, at=at)
        return row.week


def add(week: str, a: UUID, b: UUID, *, by: UUID, at: datetime) -> None:
    """Have two companies introduced by the next computing; as `add_all`."""
    add_all(week, [(a, b)], by=by, at=at)


def add_all(week: str, pairs: Collection[Pair], *, by: UUID, at: datetime) -> None:
    """Have several pairs introduced by the next computing of the draft: all or none.

    Raises Invalid for one company twice, NotFound for one that takes no part,
    Conflict for a pair that may not meet now and for a company that would get more
    suggestions than it takes.
    """
    if any(a == b for a, b in pairs):
        raise Invalid(N_("Bitte wählen Sie zwei verschiedene Firmen."), field="other")
    wanted = sorted({(min(pair), max(pair)) for pair in pairs})
    companies = {one for pair in wanted for one in pair}
    with db.transaction() as session:
        row = _draft(session, week)
        part = session.scalar(
            sa.select(sa.func.count()).where(
                Company.id.in_(companies), Company.status == CompanyStatus.APPROVED
            )
        )
        if part != len(companies):
            raise NotFound
        refused = forbidden(session, at, but_for=row.id)
        for pair in wanted:
            if pair in refused:
                raise Conflict(REFUSALS[refused[pair]])
        _check_room(session, row, wanted, at)
        for pair in wanted:
            _edit(session, row, pair, EditKind.PIN, by=by, at=at)


def room(
    session: Session, row: Round, companies: Collection[UUID], *, at: datetime
) -> dict[UUID, int]:
    """How many more pairs of each company can be pinned into a round.

    A company that takes no part is missing; one that paused has room for none.
    """
    most = int(row.settings.get("most_per_company", MOST_PER_WEEK))
    busy, today = open_counts(session, at), day_of(at)
    pins = Counter(one for pair in _pinned(session, row) for one in pair)
    taking_part = session.scalars(
        sa.select(Company).where(
            Company.id.in_(companies), Company.status == CompanyStatus.APPROVED
        )
    )
    return {
        one.id: (
            0
            if one.is_paused(today)
            else max(0, min(one.capacity, one.max_open - busy.get(one.id, 0), most))
        )
        - pins[one.id]
        for one in taking_part
    }


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


def _check_room(
    session: Session, row: Round, pairs: Collection[Pair], at: datetime
) -> None:
    """Conflict for a pin that no computing could keep: it would fail as a whole."""
    new = set(pairs) - _pinned(session, row)
    number = Counter(one for pair in new for one in pair)
    free = room(session, row, number, at=at)
    if any(number[one] > free.get(one, 0) for one in number):
        raise Conflict(
            N_("Eine dieser Firmen nimmt in dieser Woche nicht so viele Vorschläge.")
        )


def _pinned(session: Session, row: Round) -> set[Pair]:
    rows = session.execute(
        sa.select(RoundEdit.company_lo_id, RoundEdit.company_hi_id).where(
            RoundEdit.round_id == row.id, RoundEdit.kind == EditKind.PIN
        )
    )
    return {(lo, hi) for lo, hi in rows}


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
