"""Mail choices: boxes, confirmation by mail, and a way out that needs no account."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from app import db
from app.mail import links
from app.models import ConsentKind
from app.services import consent
from tests import factories

NOW = datetime.now(UTC)
DIGEST = ConsentKind.DIGEST


@pytest.fixture
def me(app: Flask):
    return factories.person(factories.company())


@pytest.fixture
def person_id(me):
    return me.id


@pytest.fixture
def secret(app: Flask) -> str:
    return str(app.config["SETTINGS"].SECRET_KEY)


def agrees(person_id, kind: ConsentKind = DIGEST) -> bool:
    db.session().rollback()
    return consent.state(db.session(), person_id)[kind]


def granted(person_id) -> None:
    consent.choose(person_id, [DIGEST], at=NOW)
    consent.grant(person_id, [DIGEST], at=NOW)


def test_no_box_is_ticked_at_first(me, sign_in):
    page = sign_in(me).get("/mail-choices").get_data(as_text=True)

    assert page.count('type="checkbox"') == len(ConsentKind)
    assert "checked" not in page


def test_ticking_asks_for_confirmation_and_does_not_grant(me, person_id, sign_in):
    client = sign_in(me)

    response = client.post("/mail-choices", data={"digest": "y"}, follow_redirects=True)

    assert "über den Link in der Mail" in response.get_data(as_text=True)
    assert "Noch nicht bestätigt" in response.get_data(as_text=True)
    assert not agrees(person_id)


def test_confirming_needs_the_button_and_no_account(me, person_id, secret, client):
    consent.choose(person_id, [DIGEST], at=NOW)
    page = f"/mail-choices/confirm/{links.consent_token(secret, person_id, [DIGEST])}"

    for _ in range(10):
        assert client.get(page).status_code == client.head(page).status_code == 200
    before = agrees(person_id)
    done = client.post(page)

    assert not before
    assert agrees(person_id)
    assert "Vorschläge der Woche" in done.get_data(as_text=True)


def test_link_that_came_too_late_says_so(me, person_id, secret, client):
    consent.choose(person_id, [DIGEST], at=NOW)
    consent.choose(person_id, [], at=NOW)
    token = links.consent_token(secret, person_id, [DIGEST])

    done = client.post(f"/mail-choices/confirm/{token}")

    assert "Nicht mehr gültig" in done.get_data(as_text=True)
    assert not agrees(person_id)


def test_unsubscribing_works_with_one_post_from_a_mail_program(
    me, person_id, secret, app
):
    granted(person_id)
    app.config["WTF_CSRF_ENABLED"] = True
    token = links.unsubscribe_token(secret, person_id, DIGEST)

    done = app.test_client().post(
        f"/mail/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"}
    )

    assert done.status_code == 200
    assert not agrees(person_id)


def test_opening_the_unsubscribe_link_changes_nothing(me, person_id, secret, client):
    granted(person_id)
    page = f"/mail/unsubscribe/{links.unsubscribe_token(secret, person_id, DIGEST)}"

    for _ in range(10):
        assert client.get(page).status_code == client.head(page).status_code == 200

    assert agrees(person_id)


def test_choice_is_withdrawn_by_unticking(me, person_id, sign_in):
    granted(person_id)

    sign_in(me).post("/mail-choices", data={})

    assert not agrees(person_id)


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "ä", "9" * 500])
@pytest.mark.parametrize("page", ["/mail/unsubscribe/", "/mail-choices/confirm/"])
def test_forged_links_are_not_found(client, page, token):
    assert client.get(page + token).status_code == 404
    assert client.post(page + token).status_code == 404


def test_choices_need_an_account(client):
    assert client.get("/mail-choices").status_code == 302
