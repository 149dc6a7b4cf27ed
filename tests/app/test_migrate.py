"""Migrations: forwards, backwards, and equal to the models."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from app import db, migrate
from app.models import Base


def test_tables_are_those_of_the_models(database: str):
    with db.engine().connect() as connection:
        # The queue that wakes the worker keeps tables of its own.
        ours = {"include_name": lambda name, kind, _: not f"{name}".startswith("huey_")}
        context = MigrationContext.configure(connection, opts=ours)
        differences = compare_metadata(context, Base.metadata)

    assert differences == []
    assert migrate.is_current(db.engine())


def test_migrations_go_back_to_nothing_and_forth_again(tmp_path):
    url = f"sqlite:///{tmp_path / 'there-and-back.sqlite'}"
    migrate.upgrade(url)
    command.downgrade(migrate._config(url), "base")

    migrate.upgrade(url)

    assert migrate.is_current(db.connect(url))


def test_second_upgrade_changes_nothing(database: str):
    migrate.upgrade(database)

    assert migrate.is_current(db.engine())
