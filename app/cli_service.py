"""Commands that run the service: migrate, check, worker, topics, mail."""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from app import db, migrate
from app.jobs.work import Work
from app.models import MailState, OutboxMail
from app.services import erasure_log, outbox, postal_codes, topics
from config import Settings


@click.command("migrate")
@with_appcontext
def migrate_command() -> None:
    """Bring the tables to the newest state."""
    settings = _settings()
    migrate.upgrade(settings.database_url)
    db.connect(settings.database_url)
    click.echo("The database is up to date.")


@click.command("check")
@with_appcontext
def check() -> None:
    """Say what keeps the service from running, one line each; exit 1 if anything."""
    problems = list(_problems(_settings()))
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise SystemExit(1)
    click.echo("Everything is in order.")


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Serve the sweeps until SIGTERM or Ctrl-C: rounds, mails, expiry, reminders."""
    from app.jobs import worker as process

    settings = _settings()
    _need_tables()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("huey").setLevel(logging.WARNING)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    process.run(Work(settings=settings, context=app.app_context))


topics_group = AppGroup("topics", help="The topics of the knowledge base.")


@topics_group.command("sync")
def sync() -> None:
    """Write the topics of this version's knowledge into the database."""
    _need_tables()
    with db.transaction() as session:
        done = topics.sync(session)
    click.echo(
        f"topics: {done.added} added, {done.updated} updated, "
        f"{done.deprecated} deprecated, {done.moved} listings moved"
    )


places_group = AppGroup("places", help="The places of Germany.")


@places_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def places_import(file: Path) -> None:
    """Know postal codes: FILE is DE.txt of GeoNames' postal codes (CC BY 4.0)."""
    try:
        number = postal_codes.install(file, _settings().DATA_DIR)
    except (postal_codes.BadFile, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}; nothing was changed") from None
    click.echo(f"{number} postal codes")


mail = AppGroup("mail", help="The outbox.")


@mail.command("status")
def mail_status() -> None:
    """Print how many mails are in each state."""
    _need_tables()
    for state, number in outbox.counts(db.session()).items():
        click.echo(f"{state.value}: {number}")


@mail.command("hold")
def mail_hold() -> None:
    """Keep back all that waits: after restoring a backup, before starting a worker."""
    _need_tables()
    click.echo(f"{outbox.hold_all()} mails held")


@mail.command("resume")
def mail_resume() -> None:
    """Let go what was held."""
    _need_tables()
    click.echo(f"{outbox.resume_all()} mails wait to be sent")


@mail.command("recent")
@click.option("--limit", default=20, show_default=True)
def mail_recent(limit: int) -> None:
    """Print the newest mails: kind, state, attempts, error. No addresses."""
    _need_tables()
    for one in outbox.recent(db.session(), limit=limit):
        click.echo(
            f"{one.created_at.isoformat(timespec='seconds')}  {one.kind.value:17}"
            f"  {one.state.value:10}  {one.attempts}  {one.error or ''}"
        )


def init_app(app: Flask) -> None:
    for command in (migrate_command, check, worker, topics_group, places_group, mail):
        app.cli.add_command(command)


def _problems(settings: Settings) -> Iterator[str]:
    yield from settings.problems()
    if not os.access(settings.DATA_DIR, os.W_OK):
        yield f"DATA_DIR {settings.DATA_DIR} cannot be written"
    try:
        current = migrate.is_current(db.engine())
    except sa.exc.SQLAlchemyError as error:
        yield f"database: {str(error).splitlines()[0]}"
        return
    if not current:
        yield "database: migrations are missing; run: flask migrate"
        return
    try:
        erasure_log.read(settings.DATA_DIR / erasure_log.FILE)
    except (erasure_log.BadLog, OSError) as error:
        yield f"{erasure_log.FILE}: {error}; mend it, the next restore needs it"
    late = _late_mails()
    if late:
        yield f"mail: {late} mails wait for more than an hour; is the worker running?"


def _late_mails() -> int:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    return (
        db.session().scalar(
            sa.select(sa.func.count()).where(
                OutboxMail.state == MailState.QUEUED, OutboxMail.due_at < hour_ago
            )
        )
        or 0
    )


def _need_tables() -> None:
    """One clear line instead of an error about a missing table."""
    try:
        current = migrate.is_current(db.engine())
    except sa.exc.SQLAlchemyError as error:
        raise click.ClickException(f"database: {str(error).splitlines()[0]}") from None
    if not current:
        raise click.ClickException("migrations are missing; run: flask migrate")


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
