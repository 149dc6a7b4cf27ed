"""An introduction as organizers see it: reasons, states, decisions; no contact data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import (
    Band,
    Block,
    Decision,
    DecisionAct,
    DecisionEvent,
    DeclineReason,
    Introduction,
    Side,
    Slot,
    State,
)


@dataclass(frozen=True, slots=True)
class Party:
    """One company of a case and what it decided."""

    company_id: UUID
    name: str | None  # None where the company was erased
    decision: Decision
    decided_at: datetime | None
    reason: DeclineReason | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a case's life."""

    act: DecisionAct
    side: Side | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """An introduction for the organizers."""

    id: UUID
    week: str
    state: State
    band: Band
    slot: Slot
    score: float
    parties: dict[Side, Party]
    reasons: tuple[dict[str, Any], ...]
    misfits: tuple[dict[str, Any], ...]
    steps: tuple[Step, ...]
    expires_at: datetime | None
    cancel_reason: str | None
    complaint: str | None

    @property
    def is_connected(self) -> bool:
        return self.state is State.CONNECTED


def case(session: Session, introduction_id: UUID) -> Case:
    """One introduction for an organizer; NotFound if there is none."""
    row = session.get(Introduction, introduction_id)
    if row is None:
        raise NotFound
    steps = session.execute(
        sa.select(DecisionEvent.act, DecisionEvent.side, DecisionEvent.at)
        .where(DecisionEvent.introduction_id == introduction_id)
        .order_by(DecisionEvent.at, DecisionEvent.id)
    )
    complaint = session.scalar(
        sa.select(Block.reason).where(
            Block.company_lo_id == row.company_lo_id,
            Block.company_hi_id == row.company_hi_id,
        )
    )
    return Case(
        id=row.id,
        week=row.round.week,
        state=row.state,
        band=row.band,
        slot=row.slot,
        score=row.score,
        parties={side: _party(row, side) for side in Side},
        reasons=tuple(one for match in row.matches for one in match.reasons),
        misfits=tuple(row.misfits),
        steps=tuple(Step(act, side, at) for act, side, at in steps),
        expires_at=row.expires_at,
        cancel_reason=row.cancel_reason,
        complaint=complaint,
    )


def _party(row: Introduction, side: Side) -> Party:
    lo = side is Side.LO
    return Party(
        company_id=row.company(side).id,
        name=None if row.company(side).is_erased else row.company(side).name,
        decision=row.decision(side),
        decided_at=row.lo_decided_at if lo else row.hi_decided_at,
        reason=row.lo_reason if lo else row.hi_reason,
        seen_at=row.seen_at(side),
    )
