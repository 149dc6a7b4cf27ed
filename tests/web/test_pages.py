"""Every address and every kind of visitor: who gets in is written down here.

A new route fails this test until the table knows it. Foreign and absent things are
answered alike.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import CompanyStatus, Person
from tests import factories

PUBLIC = """
public.start public.about public.imprint public.privacy public.accessibility
public.language usecases.index usecases.show auth.register auth.check_mail
auth.similar auth.use_link my_data.deleted mail_choices.confirm mail_choices.unsubscribe
"""
SIGNED_IN = """
public.waiting auth.account companies.profile companies.edit companies.pause
companies.avoid companies.meet_again companies.admit companies.turn_away
companies.find_places mail_choices.choose my_data.index my_data.download
my_data.delete_account my_data.delete_company
"""
MEMBER = """
suggestions.week suggestions.seen introductions.index introductions.show
introductions.read introductions.accept introductions.decline introductions.withdraw
introductions.complain meetings.propose meetings.choose meetings.cancel
meetings.calendar feedback.give listings.index listings.new listings.edit
listings.renew listings.close listings.reopen topics.recognise search.index search.ask
onboarding.start onboarding.count onboarding.fits onboarding.later
"""
ORGANIZER = """
members.index members.approve members.refuse members.suspend
quality.index quality.behind quality.without_suggestion quality.data
quality.download radar.index cases.show rounds.review rounds.progress
rounds.companies rounds.needs rounds.add rounds.compute rounds.cancel rounds.hold
rounds.unhold rounds.release rounds.drop rounds.pin rounds.undo
circles.index circles.download circles.pin
"""
DEMO = "demo.mail demo.message demo.as_html"

ACCESS = {
    endpoint: access
    for access, names in (
        ("public", PUBLIC),
        ("signed_in", SIGNED_IN),
        ("member", MEMBER),
        ("organizer", ORGANIZER),
        ("demo", DEMO),
    )
    for endpoint in names.split()
}
LIBRARY = ("security.", "static", "security_static")

# What a GET of a page answers to whom: in, to the sign-in, to the waiting room, absent.
IN, SIGN_IN, WAIT, ABSENT = 200, "/login", "/waiting", 404
ANSWERS = {
    "signed_in": {"visitor": SIGN_IN, "waiting": IN, "member": IN, "organizer": IN},
    "member": {"visitor": SIGN_IN, "waiting": WAIT, "member": IN, "organizer": WAIT},
    "organizer": {
        "visitor": SIGN_IN,
        "waiting": ABSENT,
        "member": ABSENT,
        "organizer": IN,
    },
    "demo": dict.fromkeys(("visitor", "waiting", "member", "organizer"), ABSENT),
}


@dataclass
class World:
    introduction_id: UUID
    listing_id: UUID
    actors: dict[str, FlaskClient]


@pytest.fixture
def world(app: Flask, sign_in: Callable[[Person], FlaskClient]) -> World:
    mine, other = factories.company(), factories.company()
    unapproved = factories.company(status=CompanyStatus.APPLIED, approved_at=None)
    people = {
        "waiting": factories.person(unapproved),
        "member": factories.person(mine),
        "stranger": factories.person(other),
        "organizer": factories.person(None, "organizer"),
    }
    listing_id = factories.listing(mine).id
    introduction_id = factories.introduction(a=mine).id
    return World(
        introduction_id=introduction_id,
        listing_id=listing_id,
        actors={"visitor": app.test_client()}
        | {name: sign_in(person) for name, person in people.items()},
    )


def own(app: Flask) -> dict[str, Callable[..., object]]:
    return {
        endpoint: view
        for endpoint, view in app.view_functions.items()
        if not endpoint.startswith(LIBRARY)
    }


def test_the_table_knows_every_route(app: Flask):
    declared = {one: getattr(view, "access", None) for one, view in own(app).items()}

    assert declared == {one: ACCESS.get(one) for one in declared}


def test_pages_without_arguments_let_in_whom_they_should(app: Flask, world: World):
    wrong = []
    for rule in app.url_map.iter_rules():
        answers = ANSWERS.get(ACCESS.get(rule.endpoint, ""))
        if answers is None or rule.arguments or "GET" not in (rule.methods or ()):
            continue
        for actor, expected in answers.items():
            response = world.actors[actor].get(rule.rule)
            alone = actor == "organizer" and rule.endpoint in OWN_COMPANY
            if not _is(response, ABSENT if alone else expected):
                wrong.append(f"{rule.rule} as {actor}: {response.status_code}")

    assert not wrong, "\n".join(wrong)


def test_what_belongs_to_others_looks_absent(app: Flask, world: World):
    wrong = []
    for rule in app.url_map.iter_rules():
        if ACCESS.get(rule.endpoint) not in ("member", "signed_in", "organizer"):
            continue
        if not rule.arguments:
            continue
        foreign = _address(rule.rule, world)
        absent = _address(rule.rule, None)
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        answers = [
            world.actors["stranger"].open(one, method=method)
            for one in (foreign, absent)
        ]
        codes = [one.status_code for one in answers]
        # Taking away what is not there is no error, whatever it is; and open listings
        # of others are what members search for (test_asking has what stays absent).
        shared = ("companies.meet_again", "search.ask")
        if codes != [404, 404] and rule.endpoint not in shared:
            wrong.append(f"{method} {rule.rule}: {codes}")

    assert not wrong, "\n".join(wrong)


def test_answers_carry_the_secure_headers(world: World):
    for actor in ("visitor", "member"):
        headers = world.actors[actor].get("/about").headers

        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Referrer-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_a_foreign_host_gets_no_answer(app: Flask):
    answer = app.test_client().get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400


OWN_COMPANY = {
    *("companies.profile", "companies.edit", "companies.avoid"),
    "my_data.delete_company",
}


def _is(response: object, expected: object) -> bool:
    code, place = response.status_code, response.headers.get("Location", "")  # type: ignore[attr-defined]
    if isinstance(expected, str):
        return code == 302 and expected in place
    # A page that forwards inside the site has let the visitor in.
    return code == expected or (
        expected == IN and code == 302 and "/login" not in place
    )


def _address(rule: str, world: World | None) -> str:
    ids = {
        "introduction_id": world.introduction_id if world else uuid4(),
        "listing_id": world.listing_id if world else uuid4(),
    }
    return re.sub(
        r"<(?:(\w+):)?(\w+)>",
        lambda match: str(
            ids.get(match[2], uuid4() if match[1] == "uuid" else "absent")
        ),
        rule,
    )
