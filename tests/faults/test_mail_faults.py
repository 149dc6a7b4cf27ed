"""Mails survive killed workers and bad servers: none lost, none doubled at will."""

import asyncio
import email
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from flask import Flask

from app import db
from app.mail import delivery
from app.mail.senders import SmtpSender
from app.models import (
    ConsentAction,
    ConsentEvent,
    ConsentKind,
    MailKind,
    MailState,
    OutboxMail,
    Person,
)
from app.services import outbox
from config import Settings
from tests import factories
from tests.factories import MONDAY

ROOT = Path(__file__).parent.parent.parent
NIGHTLY = bool(os.environ.get("HANDSCHLAG_NIGHTLY"))
MAILS, KILLS = (2000, 40) if NIGHTLY else (200, 5)


class Server:
    """Takes mails and remembers them; misbehaves as told."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.bodies: list[bytes] = []
        self.kill_at: set[int] = set()
        self.worker: subprocess.Popen[bytes] | None = None
        self.recipient_answer = "250 OK"
        self.content_answer = "250 OK"
        self.seconds = 0.0
        self.hangs_up = False

    async def handle_RCPT(  # noqa: N802 - the name that the library calls
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(  # noqa: N802
        self, server: Any, _session: Any, envelope: Any
    ) -> str:
        if self.content_answer.startswith("250"):
            self.got.append(email.message_from_bytes(envelope.content)["Message-ID"])
            self.bodies.append(envelope.content)
        if len(self.got) in self.kill_at and self.worker is not None:
            # The worst moment: the mail is here, the worker never learns it.
            self.kill_at.discard(len(self.got))
            self.worker.send_signal(signal.SIGKILL)
        if self.hangs_up:
            server.transport.abort()
        await asyncio.sleep(self.seconds)
        return self.content_answer


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def port(server: Server) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=free)
    controller.start()
    yield free
    controller.stop()


@pytest.fixture
def smtp(port: int) -> Iterator[SmtpSender]:
    sender = SmtpSender(
        Settings.for_tests(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_TLS=False),
        seconds=1.0,
    )
    yield sender
    sender.close()


def fill(number: int) -> None:
    """Half of the mails are links to a new password, half are digests."""
    people = [
        Person(
            id=uuid4(),
            name=f"Kim {one}",
            email=f"kim{one}@firma.example",
            fs_uniquifier=uuid4().hex,
            confirmed_at=MONDAY,
            created_at=MONDAY,
            active=True,
        )
        for one in range(number)
    ]
    agreed = [
        ConsentEvent(
            id=uuid4(),
            person_id=one.id,
            kind=ConsentKind.DIGEST,
            action=ConsentAction.GRANTED,
            at=MONDAY,
            wording="test",
            source="test",
        )
        for one in people
    ]
    ids = [(one.id, event.id) for one, event in zip(people, agreed, strict=True)]
    factories.add(*people)
    factories.add(*agreed)
    with db.transaction() as session:
        for at, (person_id, event_id) in enumerate(ids):
            digest = at % 2 == 0
            outbox.enqueue(
                session,
                MailKind.DIGEST if digest else MailKind.RESET,
                person_id,
                at=datetime.now(UTC),
                dedupe_key=str(at),
                consent_id=event_id if digest else None,
            )


def test_killed_workers_lose_nothing_and_double_no_digest(
    database, tmp_path, server, port
):
    fill(MAILS)
    step = MAILS // KILLS
    server.kill_at = {step // 2 + step * number for number in range(KILLS)}
    db.remove()
    environment = os.environ | {
        "SECRET_KEY": "0123456789abcdef" * 4,
        "BASE_URL": "http://localhost",
        "DATABASE_URL": database,
        "DATA_DIR": str(tmp_path),
        "DEVELOPMENT": "1",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(port),
        "MAIL_TLS": "0",
    }

    codes = []
    while not codes or codes[-1] != 0:
        assert len(codes) <= KILLS + 1, codes
        server.worker = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.mail_process"],
            cwd=ROOT,
            env=environment,
        )
        codes.append(server.worker.wait(300))

    rows = db.session().execute(
        sa.select(OutboxMail.message_id, OutboxMail.kind, OutboxMail.state)
    )
    known = {f"<{row[0]}@localhost>": (row[1], row[2]) for row in rows}
    number = Counter(server.got)
    doubled = [one for one in number if number[one] > 1]
    assert codes.count(-signal.SIGKILL) == KILLS
    assert set(number) == set(known)  # none lost, none invented
    assert len(doubled) <= KILLS
    assert max(number.values()) <= 2
    assert not [one for one in doubled if known[one][0] is MailKind.DIGEST]
    ends = Counter(known.values())
    assert ends[MailKind.RESET, MailState.SENT] == MAILS // 2
    assert (
        ends[MailKind.DIGEST, MailState.SENT]
        + ends[MailKind.DIGEST, MailState.UNCERTAIN]
        == MAILS // 2
    )


class TestServers:
    @pytest.fixture
    def deliver(self, app: Flask, smtp: SmtpSender):
        person = factories.person()
        with db.transaction() as session:
            outbox.enqueue(
                session, MailKind.RESET, person.id, at=MONDAY, dedupe_key="one"
            )

        def run(at: datetime = MONDAY) -> dict[str, int]:
            ends = delivery.deliver_due(smtp, context=app.app_context, clock=lambda: at)
            return dict(ends)

        return run

    def state(self) -> MailState:
        db.session().rollback()
        return db.session().scalars(sa.select(OutboxMail.state)).one()

    def test_good_server_gets_the_mail(self, deliver, server):
        assert deliver() == {"sent": 1}
        assert len(server.got) == 1
        assert b"List-Unsubscribe" not in server.bodies[0]

    @pytest.mark.parametrize("where", ["recipient_answer", "content_answer"])
    @pytest.mark.parametrize(
        ("answer", "end", "state"),
        [
            ("451 greylisted, come again", "later", MailState.QUEUED),
            ("550 no such user", "refused", MailState.DEAD),
        ],
    )
    def test_refusals_are_told_apart(self, where, answer, end, state, deliver, server):
        setattr(server, where, answer)

        assert deliver() == {end: 1}
        assert self.state() is state
        assert server.got == []

    def test_answer_that_never_comes_leaves_the_mail_in_doubt(self, deliver, server):
        server.seconds = 3.0

        assert deliver() == {"in doubt": 1}
        assert len(server.got) == 1

    def test_connection_dropped_after_the_content_leaves_it_in_doubt(
        self, deliver, server
    ):
        server.hangs_up = True

        first = deliver()
        second = deliver(MONDAY.replace(hour=10))
        third = deliver(MONDAY.replace(hour=12))

        assert (first, second, third) == ({"in doubt": 1}, {"in doubt": 1}, {})
        assert len(server.got) == 2
        assert len(set(server.got)) == 1
        assert self.state() is MailState.UNCERTAIN

    def test_server_that_is_down_costs_nothing_but_time(self, app):
        person = factories.person()
        with db.transaction() as session:
            outbox.enqueue(
                session, MailKind.RESET, person.id, at=MONDAY, dedupe_key="one"
            )
        nobody = SmtpSender(
            Settings.for_tests(MAIL_SERVER="127.0.0.1", MAIL_PORT=9, MAIL_TLS=False),
            seconds=1.0,
        )

        ends = delivery.deliver_due(
            nobody, context=app.app_context, clock=lambda: MONDAY
        )

        assert dict(ends) == {"unreachable": 1}
        assert self.state() is MailState.QUEUED
        assert db.session().scalars(sa.select(OutboxMail.doubts)).one() == 0


def test_lines_that_begin_with_a_dot_arrive_whole(port, server, smtp):
    from app.mail.envelopes import Letter, seal

    envelope = seal(
        Letter("Punkt", ".\n..\n.Ende\n", "<p>.</p>"),
        mail_from="a@b.example",
        name="Kim",
        address="kim@firma.example",
        message_id="one",
        at=MONDAY,
    )

    smtp.send(envelope, lambda: None)

    part = email.message_from_bytes(server.bodies[0]).get_payload(0)
    assert part.get_payload(decode=True).splitlines() == [b".", b"..", b".Ende"]
