"""Reading changes nothing, and neither does a form that another site has sent."""

import re
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app import db
from app.models import Kind, Person
from app.models.base import Base
from tests import factories
from tests.web.test_pages import LIBRARY

# What a visit may leave behind: who was here, and how often.
TRACES = {"rate_limit"}
# RFC 8058: mail programs unsubscribe with one POST and a signed address. The language
# is a cookie of the browser alone, and pages for everybody set no other.
UNGUARDED = {"mail_choices.unsubscribe", "public.language"}
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


def test_no_form_of_another_site_is_taken(app, me, ids):
    app.config["WTF_CSRF_ENABLED"] = True
    me.get("/week")
    before, taken = contents(), []

    for rule, address in posts(app, ids):
        answer = me.post(address, data={"name": "x"})
        if answer.status_code != 400 and rule.endpoint not in UNGUARDED:
            taken.append(f"{address}: {answer.status_code}")

    assert not taken, "\n".join(taken)
    assert contents() == before


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


def pages(app: Flask, ids: dict[str, object]) -> Iterator[str]:
    """Every address that answers a GET, with ids that exist where we have them."""
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith(LIBRARY) and "GET" in (rule.methods or ()):
            yield address_of(rule, ids)


def posts(app: Flask, ids: dict[str, object]) -> Iterator[tuple[Rule, str]]:
    """Every address that takes a form, those of the accounts as well."""
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()):
            yield rule, address_of(rule, ids)


def address_of(rule: Rule, ids: dict[str, object]) -> str:
    return re.sub(
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
