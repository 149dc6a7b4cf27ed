"""Accounts by Flask-Security: its settings, and our tables behind it."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from flask import Flask, request
from flask_security import Security, SQLAlchemySessionUserDatastore

from app import db
from app.models import Person, Role
from config import Settings

security = Security()


def init_app(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    app.config.update(
        SECURITY_PASSWORD_SALT=hashlib.sha256(
            b"password salt " + settings.SECRET_KEY.encode()
        ).hexdigest(),
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_LENGTH_MIN=12,
        SECURITY_CONFIRMABLE=True,
        SECURITY_RECOVERABLE=True,
        SECURITY_CHANGEABLE=True,
        SECURITY_TRACKABLE=False,
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TOTP_SECRETS={"1": settings.SECRET_KEY},
        SECURITY_TOTP_ISSUER="Handschlag",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_DATETIME_FACTORY=lambda: datetime.now(UTC),
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/",
        WTF_CSRF_CHECK_DEFAULT=True,
    )
    datastore = SQLAlchemySessionUserDatastore(db.current(), Person, Role)
    security.init_app(app, datastore, **options())
    app.before_request(write_through_library)


def options() -> dict[str, Any]:
    """Forms, texts and mails of ours in place of the library's."""
    return {}


def write_through_library() -> None:
    """The library commits by itself: let its POSTs begin for writing."""
    if request.method == "POST" and request.blueprint == "security":
        db.session().rollback()
        db.write_until_removed()
