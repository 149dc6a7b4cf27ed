"""The queue that wakes the worker: Huey in a file of its own, or in PostgreSQL.

It holds names of sweeps and nothing else. Losing all of it loses no work.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey import Huey, PostgresHuey, SqliteHuey, crontab

from app import db
from app.services import outbox
from config import Settings

log = logging.getLogger(__name__)

SECONDS_UNTIL_NEXT_LOOK = 60.0

Do = Callable[[str], None]


def open_queue(settings: Settings) -> Huey:
    """The queue of these settings; made where there is none."""
    options: dict[str, Any] = {"name": "handschlag", "results": False}
    if settings.database_url.startswith("sqlite"):
        return SqliteHuey(filename=str(_file(settings)), fsync=False, **options)
    dsn = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    return PostgresHuey(dsn=dsn, **options)


def with_tasks(queue: Huey, do: Do, tick: Callable[[], None]) -> Any:
    """Register the two tasks: one sweep by its name, and the minute's tick."""

    def run_sweep(name: str) -> None:
        # Defined here, so that every process knows the task by the same name.
        do(name)

    sweep = queue.task(name="sweep")(run_sweep)
    queue.periodic_task(crontab(minute="*"), name="tick")(tick)
    return sweep


class Waker:
    """Wakes the worker from another process. A failure costs a minute, no more."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sweep: Any = None
        self._looked = -SECONDS_UNTIL_NEXT_LOOK

    def wake(self, name: str) -> None:
        """Have a sweep done soon, if a worker has ever run here."""
        try:
            if self._sweep is None and not self._find():
                return
            self._sweep(name)
        except Exception:
            log.warning("the worker could not be woken", exc_info=True)

    def _find(self) -> bool:
        now = time.monotonic()
        if now - self._looked < SECONDS_UNTIL_NEXT_LOOK:
            return False
        self._looked = now
        if not _exists(self._settings):
            return False
        queue = open_queue(self._settings)
        self._sweep = with_tasks(queue, lambda name: None, lambda: None)
        return True


_waker: Waker | None = None


def connect(settings: Settings) -> None:
    """Let this process wake the worker: for mails after each commit, else by `wake`."""
    global _waker  # noqa: PLW0603
    _waker = Waker(settings)
    outbox.wake_by(lambda: wake("mails"))


def wake(name: str) -> None:
    """Have a sweep done soon."""
    if _waker is not None:
        _waker.wake(name)


def _exists(settings: Settings) -> bool:
    if settings.database_url.startswith("sqlite"):
        return _file(settings).exists()
    with db.engine().connect() as connection:
        found = connection.exec_driver_sql("SELECT to_regclass('huey_task')").scalar()
    return found is not None


def _file(settings: Settings) -> Path:
    return settings.DATA_DIR / "huey.sqlite"
