"""The web service. `create_app` is the only place where its parts are joined."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Settings


def create_app(settings: Settings) -> Flask:
    """Join configuration, database, accounts, languages, pages and commands."""
    # Imported here, so that jobs and migrations reach the tables without the web.
    from flask import Flask

    from app import accounts, cli, db, i18n, security
    from app.jobs import queue
    from app.services import places, preview
    from app.web import BLUEPRINTS, http_errors, page

    app = Flask(__name__)
    app.config.from_mapping(asdict(settings), SETTINGS=settings)

    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    db.connect(settings.database_url)
    app.teardown_appcontext(db.remove)
    queue.connect(settings)
    preview.look_in(settings.DATA_DIR)
    places.look_in(settings.DATA_DIR)

    i18n.init_app(app)
    security.init_app(app)
    accounts.init_app(app)
    page.init_app(app)
    http_errors.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    cli.init_app(app)
    return app
