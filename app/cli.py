"""Flask commands: each is one call to a service or job."""

from flask import Flask

from app import cli_admin, cli_demo, cli_privacy, cli_round, cli_service


def init_app(app: Flask) -> None:
    """Register the command groups."""
    app.cli.add_command(cli_admin.admin)
    app.cli.add_command(cli_demo.group)
    app.cli.add_command(cli_privacy.privacy)
    app.cli.add_command(cli_round.round_)
    cli_service.init_app(app)
