"""Accounts by Flask-Security: its settings, our tables, forms and mails behind it."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from flask import Flask, after_this_request, request, session
from flask_limiter.util import get_remote_address
from flask_security import (
    MailUtil,
    Security,
    SQLAlchemySessionUserDatastore,
    user_confirmed,
)
from flask_security.utils import _view_commit

from app import db
from app.errors import NotFound
from app.models import MailKind, Person, Role
from app.security import limiter
from app.services import members, outbox
from app.web import auth
from config import Settings

# Mail templates of the library -> our kind of mail and, for notices, what happened.
MAILS = {
    "confirmation_instructions": (MailKind.CONFIRM, None),
    "reset_instructions": (MailKind.RESET, None),
    "reset_notice": (MailKind.SECURITY, "password_reset"),
    "change_notice": (MailKind.SECURITY, "password_changed"),
}
# Tries per address of the network, and per account that is meant.
LIMITS = {
    "security.login": "20 per 10 minutes",
    "security.verify": "20 per 10 minutes",
    "security.two_factor_token_validation": "10 per 10 minutes",
    "security.mf_recovery": "10 per 10 minutes",
    "security.forgot_password": "10 per hour",
    "security.send_confirmation": "10 per hour",
    "security.change_password": "20 per hour",
}
# An impatient person gets one of these mails a minute at most.
PATIENCE = timedelta(minutes=1)


def init_app(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    app.config.update(
        SECURITY_PASSWORD_SALT=_derived(settings, b"password salt "),
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a method
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
            "argon2__memory_cost": 46 * 1024,
            "argon2__time_cost": 1,
            "argon2__parallelism": 1,
        },
        SECURITY_PASSWORD_LENGTH_MIN=auth.SHORTEST_PASSWORD,
        SECURITY_CONFIRMABLE=True,
        SECURITY_RECOVERABLE=True,
        SECURITY_CHANGEABLE=True,
        SECURITY_TRACKABLE=False,
        SECURITY_CONFIRM_EMAIL_WITHIN=timedelta(days=2),
        SECURITY_RESET_PASSWORD_WITHIN=timedelta(hours=4),
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TWO_FACTOR_RESCUE_EMAIL=False,
        SECURITY_TOTP_SECRETS={"1": settings.SECRET_KEY},
        SECURITY_TOTP_ISSUER="Handschlag",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_DATETIME_FACTORY=lambda: datetime.now(UTC),
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        SECURITY_EMAIL_PLAINTEXT=False,  # mails are rows, rendered when sent
        SECURITY_EMAIL_HTML=False,
        SECURITY_I18N_DIRNAME=["builtin", str(Path(app.root_path) / "translations")],
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/",
        SECURITY_POST_CHANGE_VIEW="/account",
        SECURITY_POST_RESET_VIEW="/login",
        SECURITY_POST_CONFIRM_VIEW="/login",
        SECURITY_TWO_FACTOR_POST_SETUP_VIEW="/account",
        REMEMBER_COOKIE_DURATION=timedelta(days=30),
        REMEMBER_COOKIE_SAMESITE="Lax",
        SECURITY_CLI_USERS_NAME=False,  # they would go round our rules
        SECURITY_CLI_ROLES_NAME=False,
        WTF_CSRF_CHECK_DEFAULT=True,
    )
    datastore = SQLAlchemySessionUserDatastore(db.current(), Person, Role)
    security.init_app(app, datastore)
    guard_views(app)
    app.before_request(write_through_library)
    app.before_request(refuse_bad_tokens)
    user_confirmed.connect(tell_company, app)


def guard_views(app: Flask) -> None:
    """The library's pages act by button only, and not as often as one likes."""
    views = app.view_functions
    views["security.confirm_email"] = auth.confirm_by_button(
        views["security.confirm_email"]
    )
    for endpoint, allowed in LIMITS.items():
        by_address = limiter.limit(allowed, methods=["POST"])
        by_account = limiter.limit(allowed, methods=["POST"], key_func=account_meant)
        views[endpoint] = by_address(by_account(views[endpoint]))
    # Would write to a mailbox that nobody reads; recovery codes are the way.
    views["security.two_factor_rescue"] = absent


def absent() -> NoReturn:
    raise NotFound


def account_meant() -> str:
    """Whose account a form speaks of: many machines cannot try one password each."""
    named = request.form.get("email", "").strip().lower()
    meant = named or session.get("tf_user_id") or get_remote_address()
    return hashlib.sha256(str(meant).encode()).hexdigest()


class OutboxMails(MailUtil):
    """The library's mails become rows of the outbox; links are made when sent."""

    def send_mail(self, template: str, *_args: Any, **context: Any) -> None:
        kind, event = MAILS[template.rpartition("/")[2]]
        person: Person = context["user"]
        at = datetime.now(UTC)
        minute = int(at.timestamp() // PATIENCE.total_seconds())
        outbox.enqueue(
            db.session(),
            kind,
            person.id,
            at=at,
            params={"event": event} if event else None,
            dedupe_key=f"{event or kind.value}:{person.id}:{minute}",
        )
        # Some of the library's pages only send a mail and so commit nothing.
        after_this_request(_view_commit)


security = Security(mail_util_cls=OutboxMails)


def tell_company(_app: Flask, user: Person, **_: Any) -> None:
    """A confirmed address: the company that was asked for a seat hears of it now."""
    members.confirmed(db.session(), user, at=datetime.now(UTC))


def write_through_library() -> None:
    """The library commits by itself: let its POSTs begin for writing."""
    if request.method == "POST" and request.blueprint == "security":
        db.session().rollback()
        db.write_until_removed()


def refuse_bad_tokens() -> None:
    """Tokens in addresses are plain ASCII; anything else is no link of ours."""
    token = (request.view_args or {}).get("token", "")
    if not token.isascii() or "\x00" in token:
        raise NotFound


def _derived(settings: Settings, purpose: bytes) -> str:
    return hashlib.sha256(purpose + settings.SECRET_KEY.encode()).hexdigest()
