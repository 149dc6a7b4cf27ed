"""What every page has: navigation that knows which screens exist, formats."""

from datetime import UTC, datetime

from flask import Flask, current_app


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(exists=exists, now=lambda: datetime.now(UTC))
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def exists(endpoint: str) -> bool:
    """Whether a screen is there; navigation shows no dead ends."""
    return endpoint in current_app.view_functions
