"""Engine, session, transaction: the only code that commits.

One session per thread, for reading, removed at the end of a request or job.
`transaction()` is the one way to write: it ends the read snapshot, begins again
for writing (SQLite: BEGIN IMMEDIATE, so that two writers queue instead of failing
half-way), and commits or undoes at the end of its block.
"""

import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session, sessionmaker

# WAL databases can lose commits in versions 3.7.0 to 3.51.2, but for two fixes.
FIRST_SAFE_WAL = (3, 51, 3)
ALSO_SAFE_WAL = {(3, 50, 7), (3, 44, 6)}
BUSY_MILLISECONDS = 20_000

_writing: ContextVar[bool] = ContextVar("writing", default=False)
_factory = sessionmaker()
_session = scoped_session(_factory, scopefunc=threading.get_ident)


def connect(url: str) -> sa.Engine:
    """Make the process's engine; a second call replaces the first (tests do)."""
    _session.remove()
    old = _factory.kw.get("bind")
    if isinstance(old, sa.Engine):
        old.dispose()
    engine = _sqlite(url) if url.startswith("sqlite") else _postgresql(url)
    _factory.configure(bind=engine)
    return engine


def engine() -> sa.Engine:
    bind = _factory.kw.get("bind")
    if not isinstance(bind, sa.Engine):
        raise RuntimeError("connect() first")
    return bind


def session() -> Session:
    """The session of this thread, for reading."""
    return _session()


def current() -> "scoped_session[Session]":
    """The registry itself, for libraries that want one (accounts)."""
    return _session


def remove(_: object = None) -> None:
    """End the thread's session; undoes what was not committed."""
    _session.remove()
    _writing.set(False)


@contextmanager
def transaction() -> Iterator[Session]:
    """Write in one transaction, visible by its indentation.

    Everything inside happens or nothing does. Keep network, hashing and rendering out.
    """
    if _writing.get():
        raise RuntimeError("a transaction is open already: pass its session on")
    current = session()
    if current.new or current.dirty or current.deleted:
        raise RuntimeError("changes were made outside of a transaction")
    current.rollback()  # ends the read snapshot; a writer must see the newest state
    with writing():
        try:
            yield current
            current.commit()
        except BaseException:
            current.rollback()
            raise


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside are for writing (libraries that commit themselves)."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def scrub() -> bool:
    """Free the files of SQLite from what was deleted or overwritten; whether that is
    done (somebody who reads may be in the way: try again later).

    `secure_delete` zeroes what a statement frees. Copies remain where rows were moved
    to other pages before, and in the log of changes: so all is written anew, and the
    log emptied. PostgreSQL's autovacuum clears its tables by itself.
    """
    if engine().dialect.name != "sqlite":
        return True
    session().rollback()
    connection = engine().raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=2000")
        try:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, *_ = cursor.fetchone() or (0,)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
            cursor.close()
    except _sqlite_module().OperationalError:
        return False
    finally:
        connection.close()
    return not busy


def write_until_removed() -> None:
    """As `writing`, until `remove()`: for a whole request of such a library."""
    _writing.set(True)


def _sqlite(url: str) -> sa.Engine:
    module = _sqlite_module()
    engine = sa.create_engine(
        url,
        module=module,
        connect_args={"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False},
    )
    wal = _wal_is_safe(module.sqlite_version_info)
    if not wal:
        print(
            f"SQLite {module.sqlite_version} can lose commits in WAL mode: "
            "journal_mode=DELETE is used instead",
            file=sys.stderr,
        )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA journal_mode={'WAL' if wal else 'DELETE'}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA trusted_schema=OFF")
        cursor.execute("PRAGMA secure_delete=ON")  # what was erased is overwritten
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")

    return engine


def _sqlite_module() -> Any:
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3
    return dbapi2


def _wal_is_safe(version: tuple[int, ...]) -> bool:
    return version >= FIRST_SAFE_WAL or version in ALSO_SAFE_WAL


def _postgresql(url: str) -> sa.Engine:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    return sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=8,
        connect_args={
            "options": "-c statement_timeout=30000 -c lock_timeout=15000"
            " -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
        },
    )
