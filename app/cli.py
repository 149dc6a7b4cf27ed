"""Flask commands: each is one call to a service or job."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the command groups."""
