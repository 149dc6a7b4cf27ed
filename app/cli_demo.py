"""`flask demo`: the invented association, into an empty database only."""

from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import AppGroup
from tqdm import tqdm

from app import db
from app.cli_admin import address
from app.demo import fill as demo
from app.errors import AppError
from app.services import sign_in_links

STEPS = {"companies": "Companies", "rounds": "Weekly rounds"}
ROLES = (
    ("Member", demo.MEMBER),
    ("Organizer", demo.ORGANIZER),
    ("Admin", demo.ADMIN),
)
MINUTES = 12 * 60

group = AppGroup("demo", help="The invented association of a demonstration.")


@group.command("fill")
@click.option("--seed", default=1, show_default=True)
@click.option("--companies", default=400, show_default=True)
@click.option("--if-empty", is_flag=True, help="Do nothing when data are there.")
def fill(seed: int, companies: int, if_empty: bool) -> None:
    """Fill the empty database with invented companies and ten past rounds."""
    if if_empty and not demo.is_empty():
        return
    if not current_app.config["DEMO"]:
        raise click.ClickException("Set DEMO=1: invented data must be marked as such.")
    click.echo(f"Inventing {companies} companies and {demo.ROUNDS} weekly rounds ...")
    bar = tqdm(total=100, disable=None, leave=False, bar_format="{desc} {bar} {n}%")

    def show(step: str, share: float) -> None:
        bar.set_description(STEPS[step])
        bar.update(round(100 * share) - bar.n)

    try:
        demo.fill(at=datetime.now(UTC), seed=seed, companies=companies, progress=show)
    except AppError as refused:
        raise click.ClickException(refused.message) from None
    finally:
        bar.close()
        db.remove()


@group.command("links")
def links() -> None:
    """Print one-time links that sign in a member, an organizer and an admin."""
    for role, email in ROLES:
        token = sign_in_links.make_for(email, at=datetime.now(UTC), minutes=MINUTES)
        click.echo(f"  {role:10} {address(token)}")
    db.remove()
