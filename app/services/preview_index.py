"""The index that previews count in: made by the worker, mapped by the web processes.

`live/` in DATA_DIR has a folder per version and a file that names the newest one. A
web process looks at that file, and maps the arrays of a version it has not seen yet.
"""

import hashlib
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.models import Company, CompanyStatus, Listing
from app.services import topics
from app.services.rounds_market import register_of
from app.services.rounds_week import day_of
from matching.files import whole_binary

if TYPE_CHECKING:
    from matching.live import LiveIndex

FOLDER = "live"
CURRENT = "current"
KEPT = 2  # versions: somebody may be about to open the one before


def refresh(data_dir: Path, at: datetime) -> bool:
    """Make the index anew if listings have changed; whether that was so."""
    from matching.live import LiveIndex

    folder = data_dir / FOLDER
    session = db.session()
    version = _version(session, at)
    if _current(folder) == version:
        session.rollback()
        return False
    register = register_of(session, at)
    session.rollback()
    names = [str(register.company_ids[one.id]) for one in register.companies]
    index = LiveIndex.build(
        register.listings, register.companies, register.text_vectors(), names
    )
    new = folder / version
    shutil.rmtree(new, ignore_errors=True)  # of an attempt that was cut off
    index.save(new)
    with whole_binary(folder / CURRENT) as told:
        told.write(version.encode())
    _remove_old(folder)
    return True


def forget_old(data_dir: Path) -> None:
    """Keep the newest version only: earlier ones know listings of the erased."""
    folder = data_dir / FOLDER
    if folder.is_dir():
        _remove_old(folder, kept=1)


class Opened:
    """The newest index of a folder, as far as this process has seen it."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._version = ""
        self._index: LiveIndex | None = None

    def index(self) -> "LiveIndex | None":
        """None as long as the worker has made none for this model."""
        from matching.live import LiveIndex

        version = _current(self._folder)
        if version != self._version and version.startswith(_model()):
            try:
                self._index = LiveIndex.open(self._folder / version)
            except OSError:  # a newer one came just now: next time
                return self._index
            self._version = version
        return self._index


def _model() -> str:
    return hashlib.sha256(topics.model().version.encode()).hexdigest()[:8]


def _version(session: Session, at: datetime) -> str:
    """What the index depends on, as a name."""
    described = Listing.vector_version == topics.model().version
    seen = session.execute(
        sa.select(
            sa.func.count().filter(described),
            sa.func.max(Listing.updated_at),
            sa.func.max(Listing.closed_at),
        )
    ).one()
    approved = session.scalar(
        sa.select(sa.func.count()).where(Company.status == CompanyStatus.APPROVED)
    )
    state = repr((*seen, approved, day_of(at)))
    return f"{_model()}-{hashlib.sha256(state.encode()).hexdigest()[:16]}"


def _current(folder: Path) -> str:
    try:
        return (folder / CURRENT).read_text()
    except FileNotFoundError:
        return ""


def _remove_old(folder: Path, *, kept: int = KEPT) -> None:
    versions = sorted(
        (one for one in folder.iterdir() if one.is_dir()),
        key=lambda one: one.stat().st_mtime,
    )
    for one in versions[:-kept]:
        shutil.rmtree(one, ignore_errors=True)
