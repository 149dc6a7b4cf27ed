"""Brings the tables to the newest state; says whether they are there."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

FOLDER = Path(__file__).parent.parent / "migrations"


def upgrade(url: str) -> None:
    """Run all missing migrations; two processes at once do it one after the other."""
    command.upgrade(_config(url), "head")


def is_current(engine: sa.Engine) -> bool:
    """Whether the database has every migration of this code."""
    head = ScriptDirectory.from_config(_config("")).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["url"] = url
    return config
