"""The app on a test database, and a client that checks every page it fetches."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app, db
from app.models import Person
from config import Settings


@pytest.fixture
def app(database: str, tmp_path: Path) -> Flask:
    made = create_app(Settings.for_tests(DATABASE_URL=database, DATA_DIR=tmp_path))
    made.config.update(
        TESTING=True,
        WTF_CSRF_ENABLED=False,
        SECURITY_PASSWORD_HASH="plaintext",
        SECURITY_PASSWORD_SCHEMES=["plaintext", "argon2"],
        SECURITY_HASHING_SCHEMES=["sha256_crypt"],
        RATELIMIT_ENABLED=False,
    )
    made.test_client_class = PageClient
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[Person], FlaskClient]:
    """A client of its own, signed in as the person."""

    def signed_in(person: Person) -> FlaskClient:
        client = app.test_client()
        (identity,) = sa.inspect(person).identity  # known also when detached
        uniquifier = db.session().get_one(Person, identity).fs_uniquifier
        with client.session_transaction() as cookie:
            cookie["_user_id"] = uniquifier
            cookie["_fresh"] = True
            cookie["identity"] = uniquifier
        return client

    return signed_in


def without_tokens(page: str) -> str:
    """The page without its CSRF tokens, which differ from one second to the next."""
    return re.sub(r'("X-CSRFToken": |name="csrf_token"[^>]*value=)"[^"]*"', "", page)


class PageClient(FlaskClient):
    """Fails when a page lacks its one h1, a title, a language or a label."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        if response.mimetype == "text/html" and response.data.strip():
            text = response.get_data(as_text=True)
            if "<html" in text:
                check_page(text)
        return response


def check_page(html: str) -> None:
    page = _Page()
    page.feed(html)
    assert page.h1 == 1, f"{page.h1} h1"
    assert page.title.strip(), "no title"
    assert page.language in {"de", "en"}, f"language {page.language!r}"
    unlabelled = [one for one in page.fields if one not in page.labels]
    assert not unlabelled, f"fields without label: {unlabelled}"
    assert len(page.ids) == len(set(page.ids)), "an id appears twice"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.h1 = 0
        self.title = ""
        self.language = ""
        self.labels: set[str] = set()
        self.fields: list[str] = []
        self.ids: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "html":
            self.language = values.get("lang", "")
        elif tag == "h1":
            self.h1 += 1
        elif tag == "title":
            self._in_title = not self.title
        elif tag == "label":
            self.labels.add(values.get("for", ""))
        elif tag in {"input", "select", "textarea"}:
            hidden = values.get("type") in {"hidden", "submit", "button"}
            named = {"aria-label", "aria-labelledby"} & values.keys()
            if not hidden and not named:
                self.fields.append(values.get("id", f"<{tag} {values.get('name')}>"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
