"""The log of erasures beside the database: kinds, ids and times, a line each.

A backup of the database is older than the erasures that came after it. So they are
written to a file that a restore does not touch, and done again from there.
"""

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.models import Erasure, ErasureKind
from app.models.keeping import ERASURE
from app.services import erasure

log = logging.getLogger(__name__)

FILE = "erasures.log"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line."""

    kind: ErasureKind
    subject_id: UUID
    at: datetime

    def line(self) -> str:
        return json.dumps(
            {"at": self.at.isoformat(), "kind": self.kind, "id": str(self.subject_id)}
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did."""

    erased: int
    known: int  # erased already, or not in the database at all


class BadLog(Exception):
    """A line that is none; the text says which."""


def read(path: Path) -> list[Entry]:
    """The entries in their order; empty where there is no file. Raises BadLog.

    A last line without its end was being written when the machine stopped: the
    database still has it, and the next `write` adds it again.
    """
    try:
        text = path.read_text()
    except FileNotFoundError:
        return []
    return list(_entries(text))


def write(session: Session, path: Path, *, at: datetime) -> int:
    """Add the erasures that the file lacks, and drop those whose time is over; returns
    how many were added. Nothing is written where nothing is new."""
    kept = [one for one in read(path) if one.at > at - ERASURE.span()]
    known = {one.subject_id for one in kept}
    rows = session.scalars(sa.select(Erasure).order_by(Erasure.at, Erasure.subject_id))
    new = [
        Entry(row.kind, row.subject_id, row.at)
        for row in rows
        if row.subject_id not in known and row.at > at - ERASURE.span()
    ]
    if new or len(kept) < len(read(path)):
        _replace(path, [*kept, *new])
    return len(new)


def keep(path: Path, *, at: datetime) -> None:
    """As `write`; a file that cannot be read or written is told to the log and left
    as it is: what was erased is erased, and the database knows it."""
    try:
        write(db.session(), path, at=at)
    except (BadLog, OSError):
        log.exception("the log of erasures is not current: %s", path.name)
    finally:
        db.session().rollback()


def replay(path: Path, *, at: datetime) -> Replayed:
    """Erase again what the file names and the database has. Raises BadLog."""
    done = [erasure.erase_again(one.kind, one.subject_id, at=at) for one in read(path)]
    return Replayed(erased=sum(done), known=len(done) - sum(done))


def _entries(text: str) -> Iterator[Entry]:
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        try:
            values = json.loads(line)
            yield Entry(
                ErasureKind(values["kind"]),
                UUID(values["id"]),
                datetime.fromisoformat(values["at"]).astimezone(UTC),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if not line.endswith("\n"):
                return
            raise BadLog(f"line {number} is no erasure") from error


def _replace(path: Path, entries: list[Entry]) -> None:
    """The whole file at once: a reader sees the old one or the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w") as file:
            file.writelines(f"{one.line()}\n" for one in entries)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o600)
        part.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
