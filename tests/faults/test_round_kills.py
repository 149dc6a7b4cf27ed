"""A round that is killed leaves nothing or everything, and comes out the same."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import db
from app.models import (
    Introduction,
    IntroductionSlot,
    Match,
    Round,
    RoundState,
    Uncovered,
    UnmetNeed,
)
from app.services import rounds
from app.services.rounds import AlreadyThere
from tests.factories import MONDAY
from tests.faults.round_process import POINTS
from tests.rounds_market import association

NIGHTLY = bool(os.environ.get("HANDSCHLAG_NIGHTLY"))
ROOT = Path(__file__).parent.parent.parent
WEEK = "2026-W48"
AFTER_THE_LEASE = MONDAY + timedelta(minutes=3)
Found = set[tuple[UUID, UUID, str, float]]


def start(database: str, folder: Path, point: str) -> "subprocess.Popen[str]":
    environment = os.environ | {
        "SECRET_KEY": "0123456789abcdef" * 4,
        "BASE_URL": "http://localhost",
        "DATABASE_URL": database,
        "DATA_DIR": str(folder),
        "DEVELOPMENT": "1",
        "ENGINE_THREADS": "1",
    }
    module = "tests.faults.round_process"
    return subprocess.Popen(
        [sys.executable, "-m", module, point, WEEK, MONDAY.isoformat()],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def points(database: str) -> tuple[str, ...]:
    """All of them; on PostgreSQL each run those around its transactions."""
    if NIGHTLY or database.startswith("sqlite"):
        return POINTS
    return ("claimed", "planned", "stored", "published")


def found() -> Found:
    db.session().rollback()
    rows = db.session().execute(
        sa.select(
            Introduction.company_lo_id,
            Introduction.company_hi_id,
            Introduction.slot,
            Introduction.score,
        )
    )
    return {(row[0], row[1], row[2].value, row[3]) for row in rows}


def forget() -> None:
    with db.transaction() as session:
        for table in (Introduction, Uncovered, UnmetNeed, Round):
            session.execute(sa.delete(table))


def left_over() -> list[int]:
    """Rows that only a whole round may have."""
    db.session().rollback()
    return [
        db.session().scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in (Introduction, Match, IntroductionSlot, Uncovered, UnmetNeed)
    ]


def test_killed_round_leaves_nothing_or_everything_and_comes_out_the_same(
    database, tmp_path
):
    association(10)
    rounds.run(WEEK, at=MONDAY)
    undisturbed, whole = found(), left_over()
    assert undisturbed

    for point in points(database):
        forget()
        db.remove()
        code = start(database, tmp_path, point).wait(120)
        assert code == -signal.SIGKILL, point
        left = left_over()
        assert left == (whole if point == "published" else [0] * 5), point

        if point == "published":
            with pytest.raises(AlreadyThere):
                rounds.run(WEEK, at=AFTER_THE_LEASE)
        else:
            rounds.run(WEEK, at=AFTER_THE_LEASE)
        assert found() == undisturbed, point
        assert left_over() == whole, point


def test_eight_processes_at_once_make_one_round(database, tmp_path):
    association(10)
    db.remove()

    processes = [start(database, tmp_path, "never") for _ in range(8)]
    ends = [(process.communicate(timeout=180)[0], process) for process in processes]

    made = [said for said, _ in ends if "Draft." in said]
    codes = {process.returncode for _, process in ends}
    assert len(made) == 1
    assert codes <= {0, 75}
    db.session().rollback()
    states = db.session().scalars(sa.select(Round.state)).all()
    assert states == [RoundState.DRAFT]
