"""Chromium and a served app: what the browser complains about fails the test."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from app import create_app, db
from app.models import Person, Side
from config import Settings
from tests import factories

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


class Served:
    """The app behind a real server, and what it sent by mail."""

    def __init__(self, app: Flask, url: str) -> None:
        self.app = app
        self.url = url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: make test installs it")
        pytest.skip("Chromium is missing: make test installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=FLAGS, chromium_sandbox=False
        )
        yield browser
        browser.close()


@pytest.fixture
def served(sqlite_template: Path, tmp_path: Path) -> Iterator[Served]:
    """A served app on a database of its own."""
    path = tmp_path / "browser.sqlite"
    shutil.copy(sqlite_template, path)
    app = create_app(
        Settings.for_tests(DATABASE_URL=f"sqlite:///{path}", DATA_DIR=tmp_path)
    )
    app.config.update(
        SECURITY_PASSWORD_HASH="plaintext",
        SECURITY_PASSWORD_SCHEMES=["plaintext", "argon2"],
        RATELIMIT_ENABLED=False,
    )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(app, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join(5)
    db.remove()


@pytest.fixture
def visit(chromium: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """Opens a page as a person (or a visitor); at the end nothing may have gone
    wrong in it: no error, no violation of the content policy, no foreign request."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def opened(
        person: Person | None = None,
        *,
        size: dict[str, int] = DESKTOP,
        language: str = "de",
        dark: bool = False,
        script: bool = True,
    ) -> Page:
        context = chromium.new_context(
            base_url=served.url,
            viewport=size,  # type: ignore[arg-type]
            locale="de-DE" if language == "de" else "en-GB",
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        _watch(context, served.url, problems)
        if person is not None:
            context.add_cookies([_session_of(served, person)])
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def two(served: Served) -> tuple[str, dict[Side, Person]]:
    """The address of a connected introduction and a person of each side."""
    at = datetime.now(UTC) - timedelta(days=1)
    identity, ids = factories.connection(
        shown_at=at, expires_at=at + timedelta(days=14)
    )
    persons = {}
    for side, person_id in ids.items():
        one = db.session().get_one(Person, person_id)
        db.session().refresh(one)
        db.session().expunge(one)
        persons[side] = one
    return f"/introductions/{identity}", persons


@pytest.fixture(scope="session")
def axe() -> Axe:
    return Axe()


def assert_accessible(page: Page, axe: Axe) -> None:
    """No finding of axe, and no sideways scrolling."""
    found = axe.run(page).response["violations"]
    lines = [
        f"{page.url}: {one['id']}: {node['target']} {node['html'][:160]}"
        for one in found
        for node in one["nodes"]
    ]
    assert not lines, "\n".join(lines)
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0, f"{page.url} scrolls sideways by {overflow} px"


def _watch(context: BrowserContext, url: str, problems: list[str]) -> None:
    def route(one) -> None:  # type: ignore[no-untyped-def]
        if one.request.url.startswith((url, "data:", "blob:")):
            one.continue_()
        else:
            problems.append(f"foreign request {one.request.url}")
            one.abort()

    context.route("**/*", route)
    context.on(
        "console",
        lambda message: (
            message.type == "error"
            and "Failed to load resource" not in message.text
            and problems.append(message.text)
        ),
    )
    context.on("weberror", lambda error: problems.append(str(error.error)))


def _session_of(served: Served, person: Person) -> dict[str, str]:
    """A signed session cookie as a sign-in would have set it."""
    (identity,) = sa.inspect(person).identity  # known also when detached
    uniquifier = db.session().get_one(Person, identity).fs_uniquifier
    db.remove()
    client = served.app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = uniquifier
        session["_fresh"] = True
        session["identity"] = uniquifier
    cookie = client.get_cookie("session")
    assert cookie is not None
    return {"name": "session", "value": cookie.value, "url": served.url}
