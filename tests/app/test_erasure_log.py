"""What is erased stays erased, also after an older backup was put back."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app import db
from app.jobs import sweeps
from app.jobs.work import Work
from app.models import Company, Erasure, ErasureKind, OutboxMail, Person
from app.services import erasure, erasure_log
from app.services.erasure_log import FILE, BadLog, Entry
from tests import canaries, canary_search, factories
from tests.canaries import CANARY
from tests.factories import MONDAY

NOW = canaries.LATER + timedelta(hours=1)
YEAR = timedelta(days=365)


@pytest.fixture
def log(app: Flask) -> Path:
    folder: Path = app.config["SETTINGS"].DATA_DIR
    return folder / FILE


def write(log: Path, at: datetime = NOW) -> int:
    return erasure_log.write(db.session(), log, at=at)


def forget_erasures(*ids: UUID) -> None:
    """As an older backup, the database knows nothing of what came after it."""
    with db.transaction() as session:
        session.execute(sa.delete(Erasure).where(Erasure.subject_id.in_(ids)))


def test_a_restored_backup_is_erased_again(app: Flask, log: Path, database: str):
    if not database.startswith("sqlite"):
        pytest.skip("a backup of SQLite is a copy of its file")
    flock = canaries.flock()
    path = Path(database.removeprefix("sqlite:///"))
    assert db.scrub()
    backup = path.with_name("backup.sqlite")
    shutil.copy(path, backup)
    erasure.erase_account(flock.person_id, at=NOW)
    write(log)

    db.remove()
    db.engine().dispose()
    for one in path.parent.glob("test.sqlite*"):
        one.unlink()
    shutil.copy(backup, path)
    backup.unlink()
    db.connect(database)
    restored = canary_search.hits()
    done = app.test_cli_runner().invoke(args=["privacy", "replay"])
    again = app.test_cli_runner().invoke(args=["privacy", "replay"])

    assert restored
    assert (done.exit_code, done.output) == (0, "2 erased again, 0 were gone already\n")
    assert again.output == "0 erased again, 2 were gone already\n"
    assert canary_search.hits() == []
    erased = OutboxMail.kind == "erased"
    assert db.session().scalars(sa.select(OutboxMail.id).where(erased)).all() == []
    assert db.scrub()
    assert canary_search.files_with(path.parent) == []


def test_the_log_holds_ids_and_times_and_no_words(app: Flask, log: Path):
    flock = canaries.flock()
    erasure.erase_account(flock.person_id, at=NOW)

    assert write(log) == 2
    assert write(log) == 0

    assert CANARY not in log.read_text()
    assert {(one.kind, one.subject_id) for one in erasure_log.read(log)} == {
        (ErasureKind.PERSON, flock.person_id),
        (ErasureKind.COMPANY, flock.company_id),
    }
    assert log.stat().st_mode & 0o077 == 0


def test_what_only_the_file_knows_stays_in_it(app: Flask, log: Path):
    first, second = (factories.person(factories.company()).id for _ in range(2))
    erasure.erase_account(first, at=NOW)
    write(log)
    forget_erasures(first)
    erasure.erase_account(second, at=NOW)

    write(log)

    found = {one.subject_id for one in erasure_log.read(log)}
    assert {first, second} <= found


def test_entries_go_when_their_time_is_over(app: Flask, log: Path):
    person = factories.person(factories.company()).id
    erasure.erase_account(person, at=NOW)
    write(log)

    write(log, NOW + 3 * YEAR + timedelta(days=1))

    assert erasure_log.read(log) == []


def test_replay_names_a_company_alone_and_passes_over_the_unknown(
    app: Flask, log: Path
):
    company = factories.company(name="Wieder da GmbH")
    company_id, mate = company.id, factories.person(company).id
    entries = [
        Entry(ErasureKind.COMPANY, company_id, MONDAY),
        Entry(ErasureKind.COMPANY, uuid4(), MONDAY),
        Entry(ErasureKind.PERSON, uuid4(), MONDAY),
    ]
    log.write_text("".join(f"{one.line()}\n" for one in entries))

    done = erasure_log.replay(log, at=NOW)

    assert (done.erased, done.known) == (1, 2)
    assert db.session().get_one(Company, company_id).erased_at == NOW
    assert db.session().get_one(Person, mate).company_id is None
    assert db.session().scalars(sa.select(OutboxMail.id)).all() == []


def test_replay_leaves_a_company_that_lived_on(app: Flask, log: Path):
    company = factories.company()
    company_id, person_id = company.id, factories.person(company).id
    log.write_text(f"{Entry(ErasureKind.PERSON, person_id, MONDAY).line()}\n")

    erasure_log.replay(log, at=NOW)

    assert db.session().get_one(Person, person_id).erased_at == NOW
    assert db.session().get_one(Company, company_id).erased_at is None


def test_a_line_that_was_cut_off_is_written_again(app: Flask, log: Path):
    person = factories.person(factories.company()).id
    erasure.erase_account(person, at=NOW)
    write(log)
    whole = log.read_text()
    log.write_text(whole[:-20])

    assert write(log) == 1

    assert sorted(log.read_text().splitlines()) == sorted(whole.splitlines())


@pytest.mark.parametrize(
    "line", ["nonsense", "{}", '{"kind": "cat", "id": "x", "at": "y"}', "[]", "null"]
)
def test_a_damaged_log_changes_nothing(app: Flask, log: Path, line: str):
    person = factories.person(factories.company()).id
    entry = Entry(ErasureKind.PERSON, person, MONDAY)
    log.write_text(f"{entry.line()}\n{line}\n")

    with pytest.raises(BadLog, match="line 2"):
        erasure_log.read(log)
    result = app.test_cli_runner().invoke(args=["privacy", "replay"])

    assert result.exit_code == 1
    assert "line 2 is no erasure; nothing was changed" in result.output
    assert db.session().get_one(Person, person).erased_at is None


def test_a_damaged_log_keeps_nobody_from_being_erased(
    app: Flask, log: Path, caplog: pytest.LogCaptureFixture
):
    flock = canaries.flock()
    log.write_text("nonsense\n")
    erasure.erase_account(flock.person_id, at=NOW)
    with db.transaction() as session:
        session.execute(sa.delete(OutboxMail))
    db.remove()

    work = Work(settings=app.config["SETTINGS"], clock=lambda: NOW)
    assert sweeps.finish_erasures(work) == 2

    assert "erasures.log" in caplog.text
    assert log.read_text() == "nonsense\n"
    told = app.test_cli_runner().invoke(args=["check"])
    assert "erasures.log: line 1 is no erasure; mend it" in told.output


def test_replay_without_a_log_says_so(app: Flask):
    result = app.test_cli_runner().invoke(args=["privacy", "replay"])

    assert result.exit_code == 1
    assert "nothing can be replayed" in result.output


def test_retention_by_hand_says_what_went(app: Flask):
    long_ago = datetime.now(UTC) - timedelta(days=31)
    factories.person(created_at=long_ago, confirmed_at=None)

    first = app.test_cli_runner().invoke(args=["privacy", "forget"])
    second = app.test_cli_runner().invoke(args=["privacy", "forget"])

    assert "accounts: 1\n" in first.output
    assert second.output == "Nothing else is past its time.\n"


def test_scrubbing_writes_the_file_of_sqlite_anew(app: Flask, database: str):
    if not database.startswith("sqlite"):
        pytest.skip("PostgreSQL clears its tables by itself")
    path = Path(database.removeprefix("sqlite:///"))
    raw = db.engine().raw_connection()
    raw.cursor().execute("PRAGMA secure_delete=OFF")
    raw.cursor().execute("CREATE TABLE leaves (word TEXT)")
    raw.cursor().execute(f"INSERT INTO leaves VALUES ('{CANARY}')")  # noqa: S608
    raw.cursor().execute("DELETE FROM leaves")
    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.cursor().execute("DROP TABLE leaves")
    raw.close()
    before = canary_search.files_with(path.parent)

    assert db.scrub()

    assert before
    assert canary_search.files_with(path.parent) == []


def test_scrubbing_waits_for_who_reads(app: Flask, database: str):
    if not database.startswith("sqlite"):
        pytest.skip("readers are in nobody's way in PostgreSQL")
    reader = db.engine().raw_connection()
    reader.cursor().execute("BEGIN")
    reader.cursor().execute("SELECT count(*) FROM person").fetchone()
    factories.company()

    during = db.scrub()
    reader.cursor().execute("ROLLBACK")
    reader.close()

    assert not during
    assert db.scrub()
