"""Brings the tables to the newest state; says whether they are there."""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent.parent / "migrations"


def upgrade(url: str) -> None:
    """Run all missing migrations; two processes at once do it one after the other."""
    from alembic import command  # only commands need it, and it is slow to import

    command.upgrade(_config(url), "head")


def is_current(engine: sa.Engine) -> bool:
    """Whether the database has every migration of this code."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(_config("")).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def _config(url: str) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["url"] = url
    return config
