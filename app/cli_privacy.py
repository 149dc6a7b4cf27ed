"""`flask privacy`: erase again after a restore, and delete what is past its time."""

from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app import db
from app.services import erasure_log, retention

privacy = AppGroup("privacy", help="Erasure and retention.")


@privacy.command("replay")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def replay(file: Path | None) -> None:
    """Erase again what the log of erasures names: after restoring a backup, before
    starting the services. FILE is erasures.log in DATA_DIR unless given."""
    folder: Path = current_app.config["SETTINGS"].DATA_DIR
    path = file or folder / erasure_log.FILE
    if not path.exists():
        raise click.ClickException(f"{path} is not there: nothing can be replayed")
    try:
        done = erasure_log.replay(path, at=datetime.now(UTC))
    except erasure_log.BadLog as error:
        raise click.ClickException(f"{path}: {error}; nothing was changed") from None
    finally:
        db.remove()
    click.echo(f"{done.erased} erased again, {done.known} were gone already")


@privacy.command("forget")
def forget() -> None:
    """Delete what is past its time, as the worker does every hour."""
    went = retention.forget(at=datetime.now(UTC))
    db.remove()
    for name, number in went.items():
        click.echo(f"{name}: {number}")
    click.echo("Nothing else is past its time.")
