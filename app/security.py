"""Headers, CSRF, limits, hosts: the defaults that every page gets."""

import time
from datetime import UTC, datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from limits.storage import Storage
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from app import db
from app.models import RateLimit
from config import Settings

# Nothing but our own files, nothing inline; data: for the marks of form controls.
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": ["'self'", "data:"],
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "manifest-src": "'self'",
}

LARGEST_FORM = 2 * 1024 * 1024
LARGEST_FIELD = 64 * 1024

csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address, storage_uri="appdb://")


class DatabaseStorage(Storage):
    """Counts hits in the database, so that all workers count together."""

    STORAGE_SCHEME: ClassVar = ["appdb"]

    @property
    def base_exceptions(self) -> type[Exception]:
        return sa.exc.SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = datetime.now(UTC)
        ends = datetime.fromtimestamp(now.timestamp() + expiry, UTC)
        table = RateLimit.__table__
        insert = _insert()(table).values(key=key[:255], hits=amount, expires_at=ends)
        over = table.c.expires_at < now
        statement = insert.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "hits": sa.case((over, amount), else_=table.c.hits + amount),
                "expires_at": sa.case((over, ends), else_=table.c.expires_at),
            },
        ).returning(table.c.hits)
        with db.writing(), db.engine().begin() as connection:
            return int(connection.execute(statement).scalar_one())

    def get(self, key: str) -> int:
        statement = sa.select(RateLimit.hits).where(
            RateLimit.key == key[:255], RateLimit.expires_at >= datetime.now(UTC)
        )
        with db.engine().connect() as connection:
            return connection.scalar(statement) or 0

    def get_expiry(self, key: str) -> float:
        statement = sa.select(RateLimit.expires_at).where(RateLimit.key == key[:255])
        with db.engine().connect() as connection:
            expires_at = connection.scalar(statement)
        return expires_at.timestamp() if expires_at else time.time()

    def check(self) -> bool:
        with db.engine().connect() as connection:
            return connection.scalar(sa.select(1)) == 1

    def reset(self) -> int:
        with db.writing(), db.engine().begin() as connection:
            return connection.execute(sa.delete(RateLimit)).rowcount

    def clear(self, key: str) -> None:
        with db.writing(), db.engine().begin() as connection:
            connection.execute(sa.delete(RateLimit).where(RateLimit.key == key[:255]))


def init_app(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FIELD * 4,
        SESSION_COOKIE_NAME="__Host-session" if settings.secure else "session",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=settings.secure,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a half-typed form survives
        RATELIMIT_HEADERS_ENABLED=False,
    )
    csrf.init_app(app)
    limiter.init_app(app)
    Talisman(
        app,
        force_https=settings.secure and not settings.DEVELOPMENT,
        content_security_policy=CONTENT_SECURITY_POLICY,
        referrer_policy="strict-origin-when-cross-origin",
        session_cookie_secure=settings.secure,
        strict_transport_security=settings.secure,
    )
    app.before_request(refuse_foreign_hosts)
    app.after_request(add_headers)
    if settings.TRUSTED_PROXIES:
        hops = settings.TRUSTED_PROXIES
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )


def refuse_foreign_hosts() -> None:
    """Answer only under our own names: links are built from them."""
    from flask import current_app

    settings: Settings = current_app.config["SETTINGS"]
    host = request.host.rsplit(":", 1)[0].strip("[]")
    local = {"localhost", "127.0.0.1", "::1"} if settings.DEVELOPMENT else set()
    if host not in {*settings.hosts, *local}:
        raise SecurityError(f"unknown host {host!r}")


def add_headers(response: Response) -> Response:
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers.setdefault(
        "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
    )
    if getattr(current_user, "is_authenticated", False) and not request.path.startswith(
        "/static/"
    ):
        response.headers["Cache-Control"] = "no-store"
    return response


def _insert() -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    return (sqlite if db.engine().dialect.name == "sqlite" else postgresql).insert
