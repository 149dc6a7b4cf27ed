"""A migrated, empty database for each test, SQLite and PostgreSQL alike.

SQLite: a copy of a file migrated once. PostgreSQL: a server per test worker, a
database migrated once, emptied before each test.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db, migrate
from app.models import Base, Role, RoleName, Topic
from matching import knowledge
from tests import postgresql

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.sqlite"
    migrate.upgrade(f"sqlite:///{path}")
    _add_topics()
    db.engine().dispose()
    with db.engine().connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    db.engine().dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql.server() as base:
        admin = sa.create_engine(base + "postgres", isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE IF EXISTS handschlag_test")
            connection.exec_driver_sql("CREATE DATABASE handschlag_test")
        admin.dispose()
        url = base + "handschlag_test"
        migrate.upgrade(url)
        yield url
        db.engine().dispose()


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database with the topics in it; yields its URL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = tmp_path / "test.sqlite"
        shutil.copy(template, path)
        url = f"sqlite:///{path}"
        db.connect(url)
    else:
        url = request.getfixturevalue("postgresql_url")
        db.connect(url)
        _empty_postgresql()
    yield url
    db.remove()
    db.engine().dispose()


@pytest.fixture
def session(database: str) -> Session:
    return db.session()


def _empty_postgresql() -> None:
    tables = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    with db.engine().begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {tables} CASCADE")
    with db.transaction() as session:
        for number, name in enumerate(RoleName, 1):
            session.add(Role(id=number, name=name.value))
    _add_topics()


def _add_topics() -> None:
    with db.transaction() as session:
        for position, topic in enumerate(knowledge.load().topics):
            session.add(
                Topic(
                    id=topic.id,
                    de=topic.de,
                    en=topic.en,
                    parent_id=topic.parent,
                    position=position,
                )
            )
