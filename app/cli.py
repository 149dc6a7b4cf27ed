"""Flask commands: each is one call to a service or job."""

from flask import Flask

from app import cli_admin


def init_app(app: Flask) -> None:
    """Register the command groups."""
    app.cli.add_command(cli_admin.admin)
