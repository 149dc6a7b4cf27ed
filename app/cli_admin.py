"""`flask admin`: the first admin, roles, and one-time links to sign in."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import click
from flask import current_app
from flask.cli import AppGroup

from app import db
from app.errors import AppError
from app.models import RoleName
from app.services import members, sign_in_links

Result = TypeVar("Result")

admin = AppGroup("admin", help="Accounts of those who run the service.")


@admin.command("create")
@click.argument("email")
@click.option("--name", default="Administration", help="Shown in the audit log.")
def create(email: str, name: str) -> None:
    """Make an admin with EMAIL and print a link to sign in."""
    _run(lambda: members.create_admin(email, name, at=datetime.now(UTC)))
    _print_link(email, sign_in_links.MINUTES)


@admin.command("link")
@click.argument("email")
@click.option("--minutes", default=sign_in_links.MINUTES, show_default=True)
def link(email: str, minutes: int) -> None:
    """Print a link that signs EMAIL in once."""
    _print_link(email, minutes)


@admin.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice([name.value for name in RoleName]))
def role(email: str, role: str) -> None:
    """Give the person with EMAIL a role."""
    _run(lambda: members.promote(email, RoleName(role), at=datetime.now(UTC)))
    click.echo(f"{email}: {role}")


def address(token: str) -> str:
    """The full address of a one-time link."""
    return f"{current_app.config['BASE_URL'].rstrip('/')}/sign-in/{token}"


def _print_link(email: str, minutes: int) -> None:
    token = _run(
        lambda: sign_in_links.make_for(email, at=datetime.now(UTC), minutes=minutes)
    )
    click.echo(address(token))


def _run(command: Callable[[], Result]) -> Result:
    """A refusal becomes one line on the terminal and exit code 1."""
    try:
        return command()
    except AppError as refused:
        raise click.ClickException(refused.message) from None
    finally:
        db.remove()
