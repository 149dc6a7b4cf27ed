"""Opening a page or a link never changes anything: mail scanners open every link."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.models import Kind, Person
from app.models.base import Base
from tests import factories
from tests.web.test_pages import LIBRARY

# What a visit may leave behind: who was here, and how often.
TRACES = {"rate_limit"}
GERMAN = {"und", "nicht", "oder", "wird", "eine", "ihre", "noch", "sie", "diese", "für"}


@pytest.fixture
def ids(app: Flask) -> dict[str, object]:
    company = factories.company()
    return {
        "person": factories.person(company, "member", "organizer"),
        "listing_id": factories.listing(company, Kind.NEED).id,
        "introduction_id": factories.introduction(a=company).id,
        "company_id": company.id,
    }


@pytest.fixture
def me(ids: dict[str, object], sign_in: Callable[[Person], FlaskClient]) -> FlaskClient:
    return sign_in(ids["person"])  # type: ignore[arg-type]


def test_no_get_and_no_head_writes_anything(app, me, ids):
    addresses = list(pages(app, ids))
    me.get("/week")  # what a first visit sets up is not what a page does
    before = contents()
    changed = []

    for address in addresses:
        for method in ("GET", "HEAD"):
            answer = me.open(address, method=method)
            assert answer.status_code < 500, address
            now = contents()
            if now != before:
                tables = [name for name in now if now[name] != before[name]]
                changed.append(f"{method} {address}: {tables}")
                before = now

    assert len(addresses) > 40
    assert not changed, "\n".join(changed)


def test_english_pages_hold_no_german_anywhere(app, me, ids):
    me.set_cookie("lang", "en")
    wrong = []

    for address in pages(app, ids):
        answer = me.get(address)
        if answer.status_code in range(300, 400) or "<html" not in answer.text:
            continue
        assert '<html lang="en">' in answer.text, address
        found = set(re.findall(r"[a-zäöüß]+", words_of(answer.text).lower())) & GERMAN
        if found:
            wrong.append(f"{address}: {sorted(found)}")

    assert not wrong, "\n".join(wrong)


def pages(app: Flask, ids: dict[str, object]):
    """Every address that answers a GET, with ids that exist where we have them."""
    for rule in app.url_map.iter_rules():
        ours = not rule.endpoint.startswith(LIBRARY)
        if ours and "GET" in (rule.methods or ()):
            yield re.sub(
                r"<(?:\w+:)?(\w+)>",
                lambda found: str(ids.get(found[1], UUID(int=7))),
                rule.rule,
            )


def contents() -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    db.remove()
    session = db.session()
    rows = {
        table.name: sorted(map(repr, session.execute(sa.select(table))))
        for table in Base.metadata.sorted_tables
        if table.name not in TRACES
    }
    db.remove()
    return rows


def words_of(html: str) -> str:
    """Words of the page itself: what members wrote is in their own language."""
    html = re.sub(r"(?s)<(script|style|blockquote|mark)\b.*?</\1>", " ", html)
    html = re.sub(r'(?s)<(\w+)[^>]* lang="de".*?</\1>', " ", html)
    return re.sub(r"(?s)<[^>]+>", " ", html)
