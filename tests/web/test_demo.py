"""The demo's mailbox: readable there, and absent everywhere else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from app import create_app, db
from app.mail import delivery, senders
from app.models import MailKind
from app.services import outbox
from config import Settings
from tests import factories
from tests.web_fixtures import PageClient

NOW = datetime.now(UTC)


@pytest.fixture
def demo(database: str, tmp_path: Path) -> Flask:
    app = create_app(
        Settings.for_tests(DATABASE_URL=database, DATA_DIR=tmp_path, DEMO=True)
    )
    app.config.update(TESTING=True)
    app.test_client_class = PageClient
    return app


def test_mail_can_be_read_as_text_and_as_html(demo):
    person = factories.person(name="Kim <script>alert(1)</script>")
    with db.transaction() as session:
        outbox.enqueue(session, MailKind.RESET, person.id, at=NOW, dedupe_key="one")
    sender = senders.sender_of(demo.config["SETTINGS"])
    delivery.deliver_due(sender, context=demo.app_context, clock=lambda: NOW)
    client = demo.test_client()

    listed = client.get("/demo/mail").get_data(as_text=True)
    (file,) = (demo.config["SETTINGS"].DATA_DIR / "mail").glob("*.eml")
    shown = client.get(f"/demo/mail/{file.stem}").get_data(as_text=True)
    html = client.get(f"/demo/mail/{file.stem}/html")

    assert "Neues Kennwort wählen" in listed
    assert "/reset/" in shown
    for page in (listed, shown, html.get_data(as_text=True)):
        assert "<script>alert" not in page
    policy = html.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy


def test_empty_mailbox_says_what_will_come(demo):
    page = demo.test_client().get("/demo/mail?q=niemand").get_data(as_text=True)

    assert "Keine Mails" in page


@pytest.mark.parametrize("name", ["x", "..", "%2e%2e%2fhandschlag", "a%00b"])
def test_only_mails_of_the_folder_are_shown(demo, name):
    client = demo.test_client()

    assert client.get(f"/demo/mail/{name}").status_code == 404
    assert client.get(f"/demo/mail/{name}/html").status_code == 404


def test_mailbox_exists_in_the_demo_only(client):
    assert client.get("/demo/mail").status_code == 404
    assert client.get("/demo/mail/x").status_code == 404
