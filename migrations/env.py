"""Runs migrations on the database of the settings, or on one handed in."""

import os
from pathlib import Path

import sqlalchemy as sa
from alembic import context

from app import db
from app.models import Base
from app.models.base import UtcDateTime, Words


def database_url() -> str:
    handed_in = context.config.attributes.get("url")
    if handed_in:
        return str(handed_in)
    if os.environ.get("DATABASE_URL"):
        return os.environ["DATABASE_URL"]
    folder = Path(os.environ.get("DATA_DIR", "var"))
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(folder / 'handschlag.sqlite').absolute()}"


def as_plain_types(kind: str, item: object, _: object) -> str | bool:
    """Write our types as plain ones: a migration must not change with the code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Words):
        return f"sa.String({item.longest})"
    return False


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """The queue that wakes the worker keeps tables of its own in PostgreSQL."""
    return not (kind == "table" and name is not None and name.startswith("huey_"))


def migrate() -> None:
    connectable = context.config.attributes.get("engine") or db.connect(database_url())
    with db.writing(), connectable.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_item=as_plain_types,
            render_as_batch=True,
            compare_server_default=True,
            include_name=is_ours,
        )
        if connection.dialect.name == "postgresql":
            # Two starting processes migrate one after the other.
            connection.execute(sa.text("SELECT pg_advisory_lock(482023)"))
        with context.begin_transaction():
            context.run_migrations()
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_unlock(482023)"))
        connection.commit()


if context.is_offline_mode():
    raise SystemExit("migrations run on a database only")
migrate()
