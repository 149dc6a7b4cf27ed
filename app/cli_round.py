"""`flask round`: compute, review, release, hold the round of a week."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from tqdm import tqdm

from app import db
from app.errors import AppError, Busy
from app.jobs.work import engine_of, policy_of
from app.models import Round, RoundState
from app.services import rounds, rounds_review
from config import Settings
from matching.errors import MatchingError

BUSY = getattr(os, "EX_TEMPFAIL", 75)

round_ = AppGroup("round", help="The round of a week: computed, reviewed, released.")
week_option = click.option(
    "--week", help="ISO week such as 2026-W48; this week unless given."
)


@round_.command("run")
@week_option
@click.option("--dry-run", is_flag=True, help="Compute and print, write nothing.")
@click.option("--again", is_flag=True, help="Compute the draft anew, with its edits.")
def run(week: str | None, dry_run: bool, again: bool) -> None:
    """Compute the round and keep it as a draft."""
    chosen = _week(week)
    with _refusals(), _engine() as engine, _bar() as progress:
        options: dict[str, Any] = {
            "at": _now(),
            "engine": engine,
            "progress": progress,
        }
        if dry_run:
            plan = rounds.dry_run(chosen, **options)
            _print_manifest(chosen, len(plan.pairs), plan.manifest)
            click.echo("Nothing was written.")
            return
        command = rounds.recompute if again else rounds.run
        try:
            done = command(chosen, policy=policy_of(_settings()), **options)
        except rounds.AlreadyThere as there:
            click.echo(f"{chosen}: {there.message}")
            return
        _print_manifest(chosen, done.pairs, done.manifest)
        for one in done.skipped:
            click.echo(f"skipped {one.lo} {one.hi}: {one.reason}")
        click.echo(_what_next(chosen, done.release_at))


@round_.command("review")
@week_option
@click.option("--limit", default=50, show_default=True, help="Pairs to print.")
def review(week: str | None, limit: int) -> None:
    """Print the draft: pairs with band, slot and score, and who got none."""
    chosen = _week(week)
    with _refusals():
        page = rounds_review.page(
            db.session(), chosen, rounds_review.Filter(), size=limit
        )
        for row in page.rows:
            click.echo(
                f"{row.score:.3f}  {row.band.value:8}  {row.slot.value:7}"
                f"  {row.lo.name}  +  {row.hi.name}"
            )
        if page.total > len(page.rows):
            click.echo(f"… and {page.total - len(page.rows)} more")
        summary = rounds_review.summary(db.session(), chosen)
        click.echo(
            f"{summary.pairs} pairs, {summary.covered} companies with a suggestion, "
            f"{len(summary.uncovered)} without, {summary.unmet} needs without candidate"
        )


@round_.command("release")
@week_option
def release(week: str | None) -> None:
    """Show the draft to the members and put their mails on their way."""
    with _refusals():
        done = rounds.release(_week(week), by=None, at=_now())
    if done.again:
        click.echo(f"{done.week}: released before; nothing changed.")
    else:
        click.echo(f"{done.week}: {done.shown} pairs shown, {done.digests} mails.")


@round_.command("hold")
@week_option
@click.option("--undo", is_flag=True, help="Let it go on.")
def hold(week: str | None, undo: bool) -> None:
    """Stop the release of the draft."""
    chosen = _week(week)
    with _refusals():
        command = rounds.unhold if undo else rounds.hold
        command(chosen, by=None, at=_now())
    click.echo(f"{chosen}: {'goes on' if undo else 'held'}")


@round_.command("cancel")
@week_option
def cancel(week: str | None) -> None:
    """Stop computing; an earlier draft stays."""
    chosen = _week(week)
    with _refusals():
        stopped = rounds.cancel(chosen, at=_now())
    click.echo(f"{chosen}: {'cancelled' if stopped else 'nothing is being computed'}")


@round_.command("status")
@week_option
def status(week: str | None) -> None:
    """Print the newest rounds, or one."""
    with _refusals():
        if week is not None:
            rounds.monday_of(week)
        found = [one for one in rounds.status(db.session()) if week in (None, one.week)]
    if not found:
        click.echo("no round yet")
    for one in found:
        click.echo(_line(one))


def _line(one: Round) -> str:
    pairs = one.manifest.get("counts", {}).get("pairs", 0)
    facts = [f"{one.week}  {one.state.value:9}  {pairs} pairs"]
    if one.held:
        facts.append("held")
    if one.state is RoundState.DRAFT and one.release_at:
        facts.append(f"released from {one.release_at.isoformat(timespec='minutes')}")
    if one.released_at:
        facts.append(f"released {one.released_at.isoformat(timespec='minutes')}")
    if one.state is RoundState.COMPUTING:
        facts.append(f"{one.progress.get('step')} {one.progress.get('share', 0):.0%}")
    if one.error:
        facts.append(f"error: {one.error}")
    return ", ".join(facts)


def _print_manifest(week: str, pairs: int, manifest: dict[str, Any]) -> None:
    counts = manifest.get("counts", {})
    click.echo(f"{week}: {pairs} pairs for {counts.get('covered', 0)} companies")
    for name in ("active", "needs", "offerings", "candidates", "unmet_needs"):
        if name in counts:
            click.echo(f"  {name}: {counts[name]}")
    for name in ("coverage", "welfare", "bound", "ratio"):
        if name in manifest:
            click.echo(f"  {name}: {manifest[name]}")


def _what_next(week: str, release_at: datetime | None) -> str:
    if release_at is None:
        return f"Draft. Release it with: flask round release --week {week}"
    return f"Draft. Released at {release_at.isoformat(timespec='minutes')} unless held."


@contextmanager
def _refusals() -> Iterator[None]:
    """A refusal becomes one line and an exit code: 1, or 75 while somebody works."""
    try:
        yield
    except (AppError, MatchingError) as refused:
        click.echo(f"Error: {getattr(refused, 'message', refused)}", err=True)
        raise SystemExit(BUSY if isinstance(refused, Busy) else 1) from None
    except KeyboardInterrupt:
        raise click.ClickException("stopped; nothing was written") from None
    finally:
        db.remove()


@contextmanager
def _engine() -> Iterator[Any]:
    engine = engine_of(_settings())
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def _bar() -> Iterator[Callable[[str, float], None] | None]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    with tqdm(total=100, bar_format="{desc:12} {percentage:3.0f}% |{bar}|") as bar:

        def show(step: str, share: float) -> None:
            bar.set_description_str(step, refresh=False)
            bar.n = round(100 * share)
            bar.refresh()

        yield show


def _week(week: str | None) -> str:
    return week or rounds.week_of(_now())


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _now() -> datetime:
    return datetime.now(UTC)
