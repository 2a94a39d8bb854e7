"""What goes wrong with a database is said in words, with the cure and the right exit code, and never half-written."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import sqlite3
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter.errors import BusyError, StoreError, UsageError
from newsletter.model.mail import NewDelivery
from newsletter.model.paper import Problem
from newsletter.store.database import LEDGER_LOCK
from newsletter.store.faults import translated
from newsletter.store.open import open_store
from tests.support import postgres
from tests.support.stores import SECRET, fresh_url

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


def rows(many: int, payload: str = "{}") -> list[NewDelivery]:
    return [NewDelivery("digest", date(2026, 11, 25), n, payload, NOW + timedelta(hours=1)) for n in range(many)]


def test_a_locked_database_is_busy_and_the_next_try_works(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path, busy=0.1)
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(BusyError, match=r"test\.db is locked by another process") as raised:
        store.ledger.queue(rows(1), at=NOW)
    assert raised.value.exit_code == 75
    assert store.ledger.counts(now=NOW) == {}  # reading waits for nobody

    other.execute("ROLLBACK")
    other.close()
    assert store.ledger.queue(rows(1), at=NOW) == 1
    store.close()


def test_a_full_disk_keeps_nothing_of_what_did_not_fit(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path)
    with store.database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StoreError, match="the disk is full") as raised:
        store.ledger.queue(rows(500, "x" * 1000), at=NOW)
    assert raised.value.exit_code == 1
    assert store.ledger.counts(now=NOW) == {}
    store.close()


def test_a_disk_so_full_that_sqlite_calls_it_an_input_output_error_is_called_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=4096))
    complaint = sqlite3.OperationalError("disk I/O error")
    complaint.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    with pytest.raises(StoreError) as raised, translated(str(tmp_path / "a.db")):
        raise complaint
    assert raised.value.what == f"{tmp_path}/a.db cannot be used: the disk is full (4,096 bytes are free)."


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary, " * 100)

    with pytest.raises(StoreError, match=r"notes\.txt is not an SQLite database"):
        open_store("sqlite:///notes.txt", secret=SECRET, folder=tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "Dear diary, " * 100


def test_a_damaged_file_is_told_by_doctor(tmp_path: Path) -> None:
    url = fresh_url("sqlite", tmp_path)
    file = tmp_path / "test.db"
    healthy = file.read_bytes()
    file.write_bytes(healthy[:8192] + b"\xff" * 4096 * 8 + healthy[8192 + 4096 * 8 :])

    store = open_store(url, secret=SECRET, folder=tmp_path)
    problems = store.check()
    store.close()
    assert problems
    assert problems != ()
    assert [one for one in problems if "damaged" not in one.what] == []
    assert [one for one in problems if "backup" not in one.cure] == []


def test_doctor_says_when_others_may_read_the_addresses(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path)
    (tmp_path / "test.db").chmod(0o644)

    file = tmp_path / "test.db"
    what = f"{file} holds addresses, and other users of this machine may read it."
    assert store.check() == (Problem("database", what, f"chmod 600 {file}"),)
    store.close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written to: No such file or directory") as raised:
        open_store("sqlite:///none/a.db", secret=SECRET, folder=tmp_path)
    assert "must exist and be writable" in raised.value.cure


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that we may read and not write to, with a database of our own in it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody who may not write here")
    folder = Path(tempfile.mkdtemp())
    fresh_url("sqlite", folder)
    nobody = pwd.getpwnam("nobody")
    shutil.chown(folder / "test.db", nobody.pw_uid)
    folder.chmod(0o755)
    os.seteuid(nobody.pw_uid)
    yield folder
    os.seteuid(0)
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["new.db", "test.db"])
def test_a_folder_that_may_not_be_written_to_is_an_error_with_its_cure(closed_folder: Path, name: str) -> None:
    with pytest.raises(StoreError, match=rf"{name} cannot be ") as raised:
        open_store(f"sqlite:///{name}", secret=SECRET, folder=closed_folder)
    assert "writable for the user that runs newsletter" in raised.value.cure


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "/var/a.db"])
def test_an_address_that_is_no_database_s_is_a_usage_error(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a database URL"):
        open_store(url, secret=SECRET, folder=tmp_path)


def test_a_server_that_does_not_answer_is_a_matter_of_time_and_its_password_is_not_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(BusyError, match="does not answer") as raised:
            open_store(f"postgresql+psycopg://me:hunter2@127.0.0.1:{port}/x", secret=SECRET, folder=tmp_path, busy=2)
    assert raised.value.exit_code == 75
    assert "hunter2" not in str(raised.value)
    assert "Check that the PostgreSQL server runs" in raised.value.cure


@pytest.mark.postgresql
def test_a_database_that_the_server_does_not_have_needs_a_person(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="refuses us") as raised:
        open_store(postgres.server().url("nobody_made_it"), secret=SECRET, folder=tmp_path)
    assert raised.value.cure == "Check user, password and name in the database URL."


@pytest.mark.postgresql
def test_a_server_that_went_away_and_came_back_is_used_again(tmp_path: Path) -> None:
    store = open_store(fresh_url("postgresql", tmp_path), secret=SECRET, folder=tmp_path)
    assert store.ledger.queue(rows(1), at=NOW) == 1
    with store.database.reading() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
    postgres.server().execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    assert store.ledger.counts(now=NOW) == {"queued": 1}
    store.close()


@pytest.mark.postgresql
def test_a_worker_that_is_stopped_while_it_holds_the_ledgers_lock_holds_up_nobody_for_long(tmp_path: Path) -> None:
    url = fresh_url("postgresql", tmp_path)
    asleep = open_store(url, secret=SECRET, folder=tmp_path, busy=0.25)  # its transactions may idle for 2 s
    other = open_store(url, secret=SECRET, folder=tmp_path)

    def sleeps() -> None:
        with asleep.database.writing(lock=LEDGER_LOCK) as connection:
            assert other.ledger.queue(rows(1), at=NOW) == 1
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(BusyError, match="idle-in-transaction timeout") as raised:
        sleeps()
    assert raised.value.exit_code == 75
    assert asleep.ledger.counts(now=NOW) == {"queued": 1}
    asleep.close()
    other.close()
