"""The introductions behind a figure of the dashboard, for a table of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import Company, Side, Slot, State
from app.services import quality_data
from app.services.quality_data import Filter, Shown

# Which of the shown introductions the numerator of a figure counts.
LISTS: dict[str, Callable[[Shown], bool]] = {
    "mutual": lambda row: row.state is State.CONNECTED,
    "reaction": lambda row: any(row.decided(side) for side in Side),
    "accepted": lambda row: any(row.decisions[side] == "accepted" for side in Side),
    "accepted_of_decided": lambda row: any(
        row.decisions[side] == "accepted" for side in Side
    ),
    "declined": lambda row: row.state is State.DECLINED,
    "held": lambda row: row.held is True,
    "helpful": lambda row: bool(row.held) and row.is_helpful,
    "answered": lambda row: row.answers > 0,
    "reaction_time": lambda row: True,
    "benefit": lambda row: row.slot is Slot.EXPLORE,
    "novelty": lambda row: True,
}


@dataclass(frozen=True, slots=True)
class IntroductionRow:
    id: UUID
    week: str
    one: str
    other: str
    state: State
    score: float
    held: bool | None
    ratings: tuple[int, ...]


def rows(
    session: Session, chosen: Filter, key: str, *, at: datetime
) -> list[IntroductionRow]:
    """The introductions that the figure counts, newest first."""
    counts = LISTS[key]
    found = [row for row in quality_data.shown(session, chosen) if counts(row)]
    names = _names(session, {one for row in found for one in (row.lo, row.hi)})
    return [
        IntroductionRow(
            id=row.id,
            week=row.week,
            one=names[row.lo],
            other=names[row.hi],
            state=row.state,
            score=row.score,
            held=row.held,
            ratings=row.ratings,
        )
        for row in reversed(found)
    ]


def _names(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    """All names in one query, whatever their number (drivers limit parameters)."""
    everyone = session.execute(sa.select(Company.id, Company.name))
    return {one: name for one, name in everyone if one in ids}
