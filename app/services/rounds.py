"""The weekly round: computed outside of any transaction, published in one.

`run` makes the draft of a week, `recompute` makes it anew with the organizers' pins
and drops, `release` shows it to the members, once. `market_of` is the one bridge to
the engine. Each may be called twice, or by several at the same time.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.errors import AppError
from app.models import EditKind, MatchingSettings, Round, RoundEdit, RoundState
from app.services import listings, rounds_lease
from app.services.rounds_lease import (
    AlreadyThere,
    Hold,
    Notes,
    Superseded,
    ask,
    cancel,
)
from app.services.rounds_manifest import readable
from app.services.rounds_market import Register, market_of, register_of
from app.services.rounds_publish import Skipped, publish
from app.services.rounds_release import Released, hold, release, release_due, unhold
from app.services.rounds_week import due_at, monday_of, week_of

if TYPE_CHECKING:
    from matching import Plan
    from matching.engine import Engine

__all__ = [
    "AlreadyThere",
    "Computed",
    "Policy",
    "Released",
    "Superseded",
    "ask",
    "cancel",
    "dry_run",
    "due_at",
    "hold",
    "market_of",
    "monday_of",
    "reached",
    "recompute",
    "release",
    "release_due",
    "run",
    "status",
    "unhold",
    "week_of",
]

log = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Policy:
    """When a draft is released without an organizer: after a time for review, and
    never among the first rounds of an association."""

    hold: timedelta = timedelta(hours=26)
    manual_rounds: int = 8


@dataclass(frozen=True, slots=True)
class Computed:
    """What a run left behind."""

    round_id: UUID
    week: str
    pairs: int
    skipped: list[Skipped] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    release_at: datetime | None = None


def reached(point: str) -> None:
    """A run has come to a named point. Tests replace this, to stop it there."""


def run(
    week: str,
    *,
    at: datetime,
    policy: Policy | None = None,
    engine: "Engine | None" = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Computed:
    """Compute the round of a week and publish it as a draft.

    Raises AlreadyThere when it was done before, Busy while another computes it,
    Superseded when it was cancelled or taken over, Invalid for no week.
    """
    reached("start")
    held = rounds_lease.claim(week, at=at)
    reached("claimed")
    return _compute(held, policy or Policy(), engine, progress, cancelled)


def recompute(
    week: str,
    *,
    at: datetime,
    policy: Policy | None = None,
    engine: "Engine | None" = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Computed:
    """Compute the draft of a week anew, with its pins and drops.

    The earlier draft stays in place until the new one is published, and for good if
    that fails. Raises as `run`; AlreadyThere when the round is released or absent.
    """
    held = rounds_lease.claim(week, at=at, again=True)
    return _compute(held, policy or Policy(), engine, progress, cancelled)


def dry_run(
    week: str,
    *,
    at: datetime,
    engine: "Engine | None" = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> "Plan":
    """Compute what the round would be, and write nothing."""
    monday_of(week)
    session = db.session()
    session.rollback()
    existing = session.scalar(sa.select(Round.id).where(Round.week == week))
    task = _task(session, existing, at)
    session.rollback()
    return _plan(task, rounds_lease.seed_of(week), engine, progress, cancelled)


@dataclass(frozen=True, slots=True)
class _Task:
    """All that a plan depends on, read in one go."""

    register: Register
    settings: dict[str, Any]
    version: int
    pins: list[tuple[str, str]]
    drops: list[tuple[str, str]]


def _compute(
    held: Hold,
    policy: Policy,
    engine: "Engine | None",
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> Computed:
    notes = Notes(held, progress)
    try:
        notes("vectors", 0.0)
        listings.refresh_vectors()
        reached("vectors")
        session = db.session()
        session.rollback()
        task = _task(session, held.round_id, held.begun_at)
        session.rollback()  # nothing is held open while the engine works
        reached("read")
        plan = _plan(
            task,
            held.seed,
            engine,
            notes,
            lambda: notes.lost or (cancelled is not None and cancelled()),
        )
        reached("planned")
        return _publish(held, task, plan, policy, notes)
    except (Exception, KeyboardInterrupt) as error:
        _give_up(held, notes, error)
        raise


def _task(session: Session, round_id: UUID | None, at: datetime) -> _Task:
    register = register_of(session, at, but_for=round_id)
    version, values = _settings(session)
    edits: dict[EditKind, list[tuple[UUID, UUID]]] = {kind: [] for kind in EditKind}
    rows = session.execute(
        sa.select(RoundEdit.kind, RoundEdit.company_lo_id, RoundEdit.company_hi_id)
        .where(RoundEdit.round_id == round_id)
        .order_by(RoundEdit.company_lo_id, RoundEdit.company_hi_id)
    )
    for kind, lo, hi in rows:
        edits[kind].append((lo, hi))
    pins = register.names(edits[EditKind.PIN])
    drops = {*register.apart, *register.names(edits[EditKind.DROP])} - set(pins)
    return _Task(register, values, version, pins, sorted(drops))


def _settings(session: Session) -> tuple[int, dict[str, Any]]:
    """The newest weights and caps and their version; 0 and none: the defaults."""
    row = session.execute(
        sa.select(MatchingSettings.version, MatchingSettings.values)
        .order_by(MatchingSettings.version.desc())
        .limit(1)
    ).one_or_none()
    return (row[0], dict(row[1])) if row else (0, {})


def _plan(
    task: _Task,
    seed: int,
    engine: "Engine | None",
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> "Plan":
    import matching

    if not task.register.companies:  # nobody takes part yet
        return matching.Plan([], {"counts": {"companies": 0, "pairs": 0}}, [], {})
    market = task.register.market()
    reached("market")
    return matching.plan(
        market,
        settings=matching.Settings.of(task.settings),
        seed=seed,
        engine=engine,
        pins=task.pins,
        drops=task.drops,
        progress=progress,
        cancelled=cancelled,
    )


def _publish(
    held: Hold, task: _Task, plan: "Plan", policy: Policy, notes: Notes
) -> Computed:
    now = notes.now()
    manifest = readable(plan.manifest, task.register)
    reached("before publishing")
    with db.transaction() as session:
        release_at = _release_at(session, held.week, policy, now)
        rounds_lease.publishing(
            session,
            held,
            computed_at=now,
            release_at=release_at,
            settings={"version": task.version, **plan.manifest.get("settings", {})},
            progress={},
        )
        reached("fenced")
        skipped = publish(session, held.round_id, plan, task.register, at=now)
        manifest["skipped"] = [
            {"lo": str(one.lo), "hi": str(one.hi), "reason": one.reason}
            for one in skipped
        ]
        session.execute(
            sa.update(Round)
            .where(Round.id == held.round_id)
            .values(manifest=manifest)
            .execution_options(synchronize_session=False)
        )
        reached("stored")
    reached("published")
    return Computed(
        held.round_id,
        held.week,
        len(plan.pairs) - len(skipped),
        skipped,
        manifest,
        release_at,
    )


def _release_at(
    session: Session, week: str, policy: Policy, now: datetime
) -> datetime | None:
    """None while rounds are released by hand."""
    released = session.scalar(
        sa.select(sa.func.count()).where(Round.state == RoundState.RELEASED)
    )
    if (released or 0) < policy.manual_rounds:
        return None
    # A round computed early is not shown before its week.
    return max(now + policy.hold, due_at(week, weekday=1, hour=0))


def _give_up(held: Hold, notes: Notes, error: BaseException) -> None:
    """Write down why, so that the page can say it; turn a cancellation into ours."""
    from matching.errors import Cancelled as EngineCancelled
    from matching.errors import MatchingError

    db.session().rollback()
    if isinstance(error, Superseded) or notes.lost:
        raise Superseded from error
    stopped = isinstance(error, EngineCancelled | KeyboardInterrupt)
    why = "cancelled" if stopped else f"{type(error).__name__}: {error}"
    rounds_lease.fail(held, why, at=notes.now())
    if isinstance(error, EngineCancelled):
        raise Superseded from error
    if not stopped and not isinstance(error, AppError | MatchingError):
        log.exception("round %s failed", held.week)


def status(session: Session, *, limit: int = 20) -> list[Round]:
    """The newest rounds."""
    return list(
        session.scalars(sa.select(Round).order_by(Round.week.desc()).limit(limit))
    )
