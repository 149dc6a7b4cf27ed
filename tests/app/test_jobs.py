"""Sweeps find what is due in the database, whoever wakes them and however often."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import db
from app.jobs import sweeps
from app.jobs.leases import leased
from app.jobs.queue import Waker, open_queue
from app.jobs.schedule import SCHEDULE, due_in
from app.jobs.work import Work
from app.jobs.worker import sweep_once
from app.mail.senders import FolderSender, MemorySender
from app.models import (
    ConsentKind,
    Decision,
    Introduction,
    Lease,
    MailKind,
    MailState,
    OutboxMail,
    Person,
    RateLimit,
    Round,
    RoundState,
    SignInLink,
    State,
)
from app.services import consent, outbox, rounds, rounds_lease
from config import Settings
from tests import factories
from tests.factories import MONDAY
from tests.rounds_market import association

pytestmark = pytest.mark.usefixtures("database")

ROOT = Path(__file__).parent.parent.parent
CONNECTED = {
    "state": State.CONNECTED,
    "lo_decision": Decision.ACCEPTED,
    "hi_decision": Decision.ACCEPTED,
    "lo_decided_at": MONDAY,
    "hi_decided_at": MONDAY,
    "connected_at": MONDAY,
    "closed_at": MONDAY,
}


def work(at: datetime, **settings: Any) -> Work:
    return Work(
        settings=Settings.for_tests(ENGINE_THREADS=1, **settings), clock=lambda: at
    )


def agree(person: Person, kind: ConsentKind) -> None:
    consent.choose(person.id, [kind], at=MONDAY)
    consent.grant(person.id, [kind], at=MONDAY)


def mails(kind: MailKind) -> int:
    db.session().rollback()
    return len(
        db.session()
        .scalars(sa.select(OutboxMail.id).where(OutboxMail.kind == kind))
        .all()
    )


class TestComputing:
    def test_round_of_the_week_is_computed_once_when_it_is_due(self):
        association(4)
        due = rounds.due_at("2026-W48", weekday=1, hour=6)

        early = sweeps.compute_rounds(work(due - timedelta(minutes=1)))
        on_time = sweeps.compute_rounds(work(due))
        again = sweeps.compute_rounds(work(due + timedelta(minutes=1)))

        assert (early, on_time, again) == (0, 1, 0)
        weeks = db.session().scalars(sa.select(Round.week)).all()
        assert weeks == ["2026-W48"]

    def test_late_worker_makes_up_for_this_week_only(self):
        association(4)

        sweeps.compute_rounds(work(MONDAY + timedelta(days=5)))

        assert db.session().scalars(sa.select(Round.week)).all() == ["2026-W48"]

    def test_round_of_a_dead_worker_is_taken_over(self):
        association(4)
        rounds_lease.claim("2026-W48", at=MONDAY)

        while_alive = sweeps.compute_rounds(work(MONDAY + timedelta(seconds=30)))
        later = sweeps.compute_rounds(work(MONDAY + timedelta(minutes=3)))

        assert (while_alive, later) == (0, 1)

    def test_round_that_was_asked_for_is_computed_at_once(self):
        association(4)
        rounds.ask("2026-W50", at=MONDAY)

        done = sweeps.compute_rounds(work(MONDAY))

        assert done == 2  # and that of this week

    def test_failed_round_is_tried_again_but_not_for_ever(self, monkeypatch):
        association(2)
        at = MONDAY

        def fail(point: str) -> None:
            if point == "market":
                raise ZeroDivisionError

        monkeypatch.setattr(rounds, "reached", fail)
        tokens = []
        for _ in range(20):
            sweeps.compute_rounds(work(at))
            tokens.append(db.session().scalars(sa.select(Round.lease_token)).one())
            db.session().rollback()
            at += timedelta(minutes=10)

        assert len(set(tokens)) == 5
        assert tokens[-1] == tokens[-5]

    def test_cancelled_round_waits_for_an_organizer(self):
        association(2)
        rounds_lease.claim("2026-W48", at=MONDAY)
        rounds.cancel("2026-W48", at=MONDAY)

        done = sweeps.compute_rounds(work(MONDAY + timedelta(hours=2)))

        assert done == 0

    def test_stopping_worker_leaves_the_round_to_the_next(self, monkeypatch):
        association(4)
        stopping = Work(
            settings=Settings.for_tests(ENGINE_THREADS=1),
            clock=lambda: MONDAY,
            stopping=lambda: True,
        )

        first = sweeps.compute_rounds(stopping)
        second = sweeps.compute_rounds(work(MONDAY))

        assert (first, second) == (0, 1)


class TestTenYears:
    def test_every_iso_week_has_its_round_once(self, monkeypatch):
        """The sweep looks every five hours for ten years, over every clock change."""
        computed: list[str] = []

        def note(week: str, **_: Any) -> Any:
            computed.append(week)
            with db.transaction() as session:
                session.add(
                    Round(
                        week=week,
                        state=RoundState.DRAFT,
                        seed=1,
                        created_at=MONDAY,
                        computed_at=MONDAY,
                    )
                )
            return rounds.Computed(MONDAY, week, 0)  # type: ignore[arg-type]

        monkeypatch.setattr(rounds, "run", note)
        at, end = datetime(2026, 1, 5, 6, tzinfo=UTC), datetime(2036, 1, 6, tzinfo=UTC)
        while at < end:
            sweeps.compute_rounds(work(at))
            at += timedelta(hours=5)

        monday, expected = datetime(2026, 1, 5, tzinfo=UTC).date(), []
        while monday <= end.date() - timedelta(days=1):
            year, number, _ = monday.isocalendar()
            expected.append(f"{year}-W{number:02}")
            monday += timedelta(days=7)
        assert computed == expected
        assert "2026-W53" in computed


class TestReminders:
    def test_reminder_goes_three_days_before_the_end_once_and_with_consent(self):
        row = factories.introduction()
        for company in (row.company_lo, row.company_hi):
            factories.person(company)
        (yes, _no) = db.session().scalars(sa.select(Person)).all()
        agree(yes, ConsentKind.REMINDER)
        late = MONDAY + timedelta(days=11, hours=1)

        early = sweeps.remind(work(MONDAY + timedelta(days=10)))
        first = sweeps.remind(work(late))
        again = sweeps.remind(work(late + timedelta(hours=1)))

        assert (early, first, again) == (0, 1, 0)
        assert mails(MailKind.REMINDER) == 1

    @pytest.mark.parametrize("other", ["declined", "withdrawn"])
    def test_end_that_a_side_cannot_know_does_not_silence_its_reminder(self, other):
        ends = {
            "declined": {
                "state": State.DECLINED,
                "lo_decision": Decision.DECLINED,
                "lo_decided_at": MONDAY,
                "closed_at": MONDAY,
            },
            "withdrawn": {
                "state": State.WITHDRAWN,
                "lo_decision": Decision.ACCEPTED,
                "lo_decided_at": MONDAY,
                "closed_at": MONDAY,
            },
        }
        row = factories.introduction(**ends[other])
        pending = factories.person(row.company_hi)
        agree(pending, ConsentKind.REMINDER)

        sent = sweeps.remind(work(MONDAY + timedelta(days=12)))

        assert sent == 1


class TestFeedback:
    def test_feedback_is_asked_after_two_weeks_once_and_with_consent(self):
        row = factories.introduction()
        people = [factories.person(one) for one in (row.company_lo, row.company_hi)]
        with db.transaction() as session:
            session.execute(
                sa.update(Introduction).values(
                    **CONNECTED,
                    lo_person_id=people[0].id,
                    hi_person_id=people[1].id,
                )
            )
        agree(people[0], ConsentKind.FEEDBACK)

        early = sweeps.ask_feedback(work(MONDAY + timedelta(days=13)))
        first = sweeps.ask_feedback(work(MONDAY + timedelta(days=15)))
        again = sweeps.ask_feedback(work(MONDAY + timedelta(days=16)))

        assert (early, first, again) == (0, 1, 0)


def test_what_is_over_is_forgotten():
    person = factories.person()
    factories.add(
        RateLimit(key="old", hits=1, expires_at=MONDAY - timedelta(minutes=1)),
        RateLimit(key="new", hits=1, expires_at=MONDAY + timedelta(minutes=1)),
        SignInLink(
            token_hash="a", person_id=person.id, expires_at=MONDAY - timedelta(days=2)
        ),
        SignInLink(token_hash="b", person_id=person.id, expires_at=MONDAY),
    )

    number = sweeps.forget(work(MONDAY))

    assert number == 2
    assert db.session().scalars(sa.select(RateLimit.key)).all() == ["new"]
    assert db.session().scalars(sa.select(SignInLink.token_hash)).all() == ["b"]


def test_kept_mails_go_with_their_rows(database: str, tmp_path: Path):
    folder = tmp_path / "mail"
    folder.mkdir()
    person = factories.person()
    with db.transaction() as session:
        outbox.enqueue(session, MailKind.SECURITY, person.id, at=MONDAY, dedupe_key="a")
    identity = db.session().scalars(sa.select(OutboxMail.message_id)).one()
    (folder / f"{identity}.eml").write_text("x")
    db.session().rollback()

    def left(days: int) -> int:
        sweeps.forget(work(MONDAY + timedelta(days=days), DATA_DIR=tmp_path))
        return len(list(folder.iterdir()))

    assert left(180) == 1
    assert left(181) == 0


class TestLeases:
    MINUTE = timedelta(minutes=1)

    def test_second_worker_is_kept_away_until_the_first_is_done(self):
        with (
            leased("mails", at=MONDAY, lasting=self.MINUTE) as first,
            leased("mails", at=MONDAY, lasting=self.MINUTE) as second,
        ):
            pass
        with leased("mails", at=MONDAY, lasting=self.MINUTE) as third:
            pass

        assert (first, second, third) == (True, False, True)

    def test_lease_of_a_dead_worker_runs_out(self):
        factories.add(
            Lease(
                name="mails",
                token=factories.uuid4(),
                until=MONDAY + timedelta(seconds=30),
            )
        )

        with leased("mails", at=MONDAY, lasting=self.MINUTE) as early:
            pass
        with leased("mails", at=MONDAY + self.MINUTE, lasting=self.MINUTE) as late:
            pass

        assert (early, late) == (False, True)

    def test_failing_sweep_is_logged_and_gives_its_lease_back(self, caplog):
        from app.jobs.schedule import Sweep

        def fail(_: Work) -> int:
            raise ZeroDivisionError

        done = sweep_once(Sweep("fails", 1, fail), work(MONDAY))

        assert done == 0
        assert "sweep fails failed" in caplog.text
        assert db.session().scalars(sa.select(Lease.name)).all() == []


def test_every_sweep_is_in_the_schedule_and_comes_by_within_the_hour():
    names = {sweep.name for minute in range(60) for sweep in due_in(minute)}

    functions = {
        name
        for name, one in vars(sweeps).items()
        if callable(one)
        and getattr(one, "__module__", "") == sweeps.__name__
        and not name.startswith("_")
    }
    assert {sweep.do.__name__ for sweep in SCHEDULE} == functions
    assert names == {sweep.name for sweep in SCHEDULE}


def test_no_worker_is_no_harm(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()

    Waker(Settings.for_tests(DATA_DIR=folder)).wake("mails")

    assert list(folder.iterdir()) == []


def test_waking_puts_the_sweep_into_the_queue(tmp_path):
    settings = Settings.for_tests(DATA_DIR=tmp_path)
    queue = open_queue(settings)

    Waker(settings).wake("mails")

    assert queue.storage.queue_size() == 1


class TestProcess:
    """The real worker, as a process of its own."""

    def start(self, database: str, folder: Path) -> subprocess.Popen[str]:
        environment = os.environ | {
            "SECRET_KEY": "0123456789abcdef" * 4,
            "BASE_URL": "http://localhost",
            "DATABASE_URL": database,
            "DATA_DIR": str(folder),
            "DEVELOPMENT": "1",
            "ROUND_WEEKDAY": "7",
            "ROUND_HOUR": "23",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "worker is ready" in line:
                return process
        raise AssertionError("the worker did not start")

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_worker_sends_what_comes_in_and_stops_when_told(
        self, number, database, tmp_path
    ):
        process = self.start(database, tmp_path)
        try:
            person = factories.person()
            outbox.wake_by(
                lambda: Waker(
                    Settings.for_tests(DATABASE_URL=database, DATA_DIR=tmp_path)
                ).wake("mails")
            )
            begun = time.monotonic()
            with db.transaction() as session:
                outbox.enqueue(
                    session,
                    MailKind.RESET,
                    person.id,
                    at=datetime.now(UTC),
                    dedupe_key="reset",
                )
            while not list((tmp_path / "mail").glob("*.eml")):
                assert time.monotonic() - begun < 20, "no mail within 20 seconds"
                time.sleep(0.05)
            waited = time.monotonic() - begun
            process.send_signal(number)
            code = process.wait(20)
        finally:
            outbox.wake_by(lambda: None)
            process.kill()
            process.wait()

        assert code == 0
        assert waited < 15
        db.session().rollback()
        assert outbox.counts(db.session())[MailState.SENT] == 1


def test_senders_of_sweeps_come_from_the_settings(app: Flask, tmp_path):
    sender = MemorySender()
    person = factories.person()
    with db.transaction() as session:
        outbox.enqueue(
            session, MailKind.RESET, person.id, at=MONDAY, dedupe_key="reset"
        )
    mine = Work(
        settings=app.config["SETTINGS"],
        context=app.app_context,
        clock=lambda: MONDAY,
        sender=lambda _: sender,
    )

    number = sweeps.send_mails(mine)

    assert (number, len(sender.sent)) == (1, 1)
    assert isinstance(Work(app.config["SETTINGS"]).sender(mine.settings), FolderSender)
