"""Commands: one clear line for every refusal, and exit codes that scripts can use."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner

from app import cli_service, db
from app.models import Introduction, MailKind, MailState, Round, State
from app.services import outbox, rounds, rounds_lease
from tests import factories
from tests.factories import MONDAY
from tests.rounds_market import association

WEEK = "2026-W48"


@pytest.fixture
def runner(app: Flask, monkeypatch) -> FlaskCliRunner:
    from app import cli_round

    monkeypatch.setattr(cli_round, "_now", lambda: MONDAY)
    return app.test_cli_runner()


def test_week_of_a_round_from_run_to_release(runner):
    association(8)

    said = [
        runner.invoke(args=["round", *words]).output
        for words in (
            ["status"],
            ["run", "--week", WEEK],
            ["run", "--week", WEEK],
            ["review", "--week", WEEK],
            ["hold", "--week", WEEK],
            ["release", "--week", WEEK],
            ["hold", "--undo", "--week", WEEK],
            ["release", "--week", WEEK],
            ["release", "--week", WEEK],
            ["status"],
        )
    ]

    assert said[0] == "no round yet\n"
    assert f"flask round release --week {WEEK}" in said[1]
    assert "gibt es schon" in said[2]
    assert "Betrieb" in said[3]
    assert "pairs" in said[3]
    assert said[4] == f"{WEEK}: held\n"
    assert "angehalten" in said[5]
    assert said[6] == f"{WEEK}: goes on\n"
    assert "pairs shown" in said[7]
    assert "released before" in said[8]
    assert "released 2026-11-23" in said[9]


def test_this_week_is_meant_without_a_week(runner):
    association(4)

    result = runner.invoke(args=["round", "run"])

    assert result.exit_code == 0
    assert db.session().scalars(sa.select(Round.week)).all() == [WEEK]


def test_dry_run_prints_and_writes_nothing(runner):
    association(4)

    result = runner.invoke(args=["round", "run", "--dry-run"])

    assert (result.exit_code, "Nothing was written." in result.output) == (0, True)
    assert db.session().scalars(sa.select(Round)).all() == []


def test_draft_can_be_computed_again(runner):
    association(4)
    runner.invoke(args=["round", "run"])

    result = runner.invoke(args=["round", "run", "--again"])

    assert result.exit_code == 0
    states = set(db.session().scalars(sa.select(Introduction.state)))
    assert states <= {State.DRAFT}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["run", "--week", "2026-W99"], 1),
        (["run", "--week", "heute"], 1),
        (["status", "--week", "x"], 1),
        (["release", "--week", "2026-W48"], 1),
        (["review", "--week", "2026-W48"], 1),
        (["hold", "--week", "2026-W48"], 1),
        (["dance"], 2),
    ],
)
def test_refusal_is_one_line_and_an_exit_code(runner, words, code):
    result = runner.invoke(args=["round", *words])

    assert result.exit_code == code
    assert "Traceback" not in result.output
    assert code == 2 or len(result.stderr.strip().splitlines()) == 1


def test_busy_round_has_an_exit_code_of_its_own(runner):
    rounds_lease.claim(WEEK, at=MONDAY)

    result = runner.invoke(args=["round", "run"])
    stopped = runner.invoke(args=["round", "cancel"])
    again = runner.invoke(args=["round", "cancel"])

    assert result.exit_code == 75
    assert stopped.output == f"{WEEK}: cancelled\n"
    assert "nothing" in again.output


def test_failure_of_the_engine_is_one_line(runner, monkeypatch):
    association(2)
    from matching.errors import MatchingError

    def fail(point: str) -> None:
        if point == "market":
            raise MatchingError("no room")

    monkeypatch.setattr(rounds, "reached", fail)
    result = runner.invoke(args=["round", "run"])

    assert (result.exit_code, result.stderr) == (1, "Error: no room\n")


class TestService:
    def test_check_finds_nothing_wrong(self, runner):
        result = runner.invoke(args=["check"])

        assert result.output == "Everything is in order.\n"

    def test_check_names_each_problem_in_a_line(self, runner, monkeypatch):
        monkeypatch.setattr(cli_service.migrate, "is_current", lambda _: False)

        result = runner.invoke(args=["check"])

        assert result.exit_code == 1
        assert "flask migrate" in result.stderr

    def test_check_notices_a_worker_that_does_not_run(self, runner):
        person_id = factories.person().id
        with db.transaction() as session:
            outbox.enqueue(
                session,
                MailKind.RESET,
                person_id,
                at=MONDAY.replace(year=2020),
                dedupe_key="old",
            )

        result = runner.invoke(args=["check"])

        assert "is the worker running?" in result.stderr

    def test_migrate_may_be_called_again(self, runner):
        result = runner.invoke(args=["migrate"])

        assert result.output == "The database is up to date.\n"

    def test_topics_are_written_once(self, runner):
        first = runner.invoke(args=["topics", "sync"])
        again = runner.invoke(args=["topics", "sync"])

        assert first.exit_code == 0
        assert "0 added, 0 updated" in again.output

    def test_held_mails_wait_for_resume(self, runner):
        person_id = factories.person().id
        with db.transaction() as session:
            outbox.enqueue(
                session, MailKind.RESET, person_id, at=MONDAY, dedupe_key="one"
            )

        held = runner.invoke(args=["mail", "hold"])
        status = runner.invoke(args=["mail", "status"])
        resumed = runner.invoke(args=["mail", "resume"])

        assert held.output == "1 mails held\n"
        assert "held: 1" in status.output
        assert resumed.output == "1 mails wait to be sent\n"
        assert outbox.counts(db.session())[MailState.QUEUED] == 1

    def test_recent_mails_are_told_without_addresses(self, runner):
        person = factories.person()
        address = person.email
        with db.transaction() as session:
            outbox.enqueue(
                session, MailKind.RESET, person.id, at=MONDAY, dedupe_key="one"
            )

        result = runner.invoke(args=["mail", "recent"])

        assert "reset" in result.output
        assert address not in result.output
