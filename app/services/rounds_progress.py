"""How far a round is: read from its row, so that it survives a reload."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.models import Round, RoundState
from app.services.rounds_lease import WAITING

# Where each step begins on the way from 0 to 1; measured on the demo, roughly.
BEGINS = {
    "vectors": 0.0,
    "index": 0.1,
    "candidates": 0.2,
    "pairs": 0.55,
    "pins": 0.7,
    "allocation": 0.72,
    "reasons": 0.88,
}
SILENCE = timedelta(seconds=90)
ENOUGH_TO_GUESS = 0.08


@dataclass(frozen=True, slots=True)
class Progress:
    """A step, the share of the whole, and the seconds still to go (None: unknown)."""

    step: str
    share: float
    remaining: int | None
    waits: bool  # for a worker to take it
    silent: bool  # nothing heard for long: another worker will take over


def progress_of(row: Round, *, at: datetime) -> Progress | None:
    """The progress of a round that is being computed; None for any other."""
    if row.state is not RoundState.COMPUTING:
        return None
    noted = row.progress
    step = str(noted.get("step", ""))
    share = _overall(step, float(noted.get("share", 0)))
    begun = _instant(noted.get("begun_at"), at)
    heard = _instant(noted.get("noted_at"), at)
    remaining = None
    if share > ENOUGH_TO_GUESS:
        spent = max((heard - begun).total_seconds(), 0)
        remaining = round(spent * (1 - share) / share)
    return Progress(
        step=step,
        share=share,
        remaining=remaining,
        waits=step == WAITING,
        silent=step != WAITING and at - heard > SILENCE,
    )


def _overall(step: str, share: float) -> float:
    if step not in BEGINS:
        return 0.0
    names = list(BEGINS)
    at = names.index(step)
    end = BEGINS[names[at + 1]] if at + 1 < len(names) else 1.0
    return BEGINS[step] + min(max(share, 0.0), 1.0) * (end - BEGINS[step])


def _instant(text: object, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(text) if isinstance(text, str) else otherwise
