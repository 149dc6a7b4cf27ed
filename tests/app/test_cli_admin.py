"""`flask admin`: the first admin and one-time links."""

import re

import pytest
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from app import db
from app.models import Person, RoleName
from tests import factories


@pytest.fixture
def runner(app) -> FlaskCliRunner:
    return app.test_cli_runner()


def test_create_makes_an_admin_and_prints_a_link_that_works(runner, client):
    result = runner.invoke(args=["admin", "create", "Chefin@verband.example"])

    person = db.session().scalars(select(Person)).one()
    link = re.fullmatch(r"http://localhost(/sign-in/\S+)\n", result.output)
    assert person.email == "chefin@verband.example"
    assert person.has(RoleName.ADMIN)
    assert client.get(link[1]).status_code == 200


def test_create_refuses_a_known_address(runner):
    factories.person(None, email="chefin@verband.example")

    result = runner.invoke(args=["admin", "create", "chefin@verband.example"])

    assert result.exit_code == 1
    assert result.output == "Error: Es gibt schon ein Konto mit dieser Adresse.\n"


def test_link_needs_an_account(runner):
    result = runner.invoke(args=["admin", "link", "niemand@verband.example"])

    assert result.exit_code == 1
    assert "Kein Konto" in result.output


def test_role_gives_a_role_once(runner):
    factories.person(factories.company(), email="kim@firma.example")

    for _ in range(2):
        result = runner.invoke(args=["admin", "role", "KIM@firma.example", "organizer"])
        assert result.exit_code == 0

    person = db.session().scalars(select(Person)).one()
    assert sorted(role.name for role in person.roles) == ["member", "organizer"]
