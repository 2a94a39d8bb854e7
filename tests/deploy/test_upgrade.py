"""An upgrade from the first release loses nothing and mails nobody twice; a restored backup likewise."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.upgrade import FIRST_RELEASE, fill, first_release, shape, told
from newsletter.store import migrate
from tests.support.desk import Desk

ROOT = Path(__file__).resolve().parents[2]
READERS = 400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    fill(folder, READERS)
    return folder / "subscribers.db"


def old(made: Path, folder: Path, revision: str) -> dict[str, list[str]]:
    """A newsletter in `folder` whose database is of that revision; its tables."""
    first_release(made, folder / "subscribers.db", revision)
    with sqlite3.connect(folder / "subscribers.db") as connection:
        tables = shape(connection)
    connection.close()
    return tables


@pytest.mark.parametrize("revision", [one for one in migrate.REVISIONS if FIRST_RELEASE <= one < migrate.HEAD])
def test_an_upgrade_from_any_release_keeps_every_row_and_a_copy_of_what_was(
    made: Path, tmp_path: Path, revision: str
) -> None:
    desk = Desk(tmp_path)
    tables = old(made, tmp_path, revision)
    before = told(tmp_path / "subscribers.db", tables)
    assert before["subscribers"][0] == READERS

    done = desk("upgrade")

    copy = tmp_path / f"subscribers.db.before-{migrate.HEAD}"
    assert (done.code, done.err) == (
        0,
        f"brought the database from version {revision} to {migrate.HEAD}; the one from before is kept in {copy}\n",
    )
    assert told(tmp_path / "subscribers.db", tables) == before
    assert told(copy, tables) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert desk("upgrade").out == "The database is up to date.\n"


def test_after_an_upgrade_nobody_is_mailed_twice_and_what_was_put_off_is_sent(made: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    config = (tmp_path / "config.toml").read_text("utf-8")
    config = config.replace("a secret of the tests, long enough", "the secret of the first release")
    (tmp_path / "config.toml").write_text(config, "utf-8")
    old(made, tmp_path, FIRST_RELEASE)
    sent = desk("status", "--json").json["mail"]["all"]
    assert {"sent", "deferred", "refused"} <= sent.keys()
    done = desk("send")
    assert done.code in {0, 75}
    again = desk("status", "--json").json["mail"]["all"]
    assert again["sent"] - sent["sent"] == len(desk.mails) <= sent["deferred"]
    assert again["refused"] == sent["refused"]


def test_an_upgrade_that_was_killed_leaves_no_old_copy_that_passes_for_the_last_one(made: Path, tmp_path: Path) -> None:
    """It was killed in or after its copy, in a container whose processes have the same number each time; then the old
    program went on for a day."""
    desk = Desk(tmp_path)
    tables = old(made, tmp_path, FIRST_RELEASE)
    copy = tmp_path / f"subscribers.db.before-{migrate.HEAD}"
    shutil.copy(tmp_path / "subscribers.db", copy)
    half = tmp_path / f".{copy.name}.0a0b0c0d.part"
    half.write_bytes(b"half of it")
    os.utime(half, (0, 0))
    with sqlite3.connect(tmp_path / "subscribers.db") as connection:
        connection.execute("UPDATE subscribers SET name = 'Ada of today' WHERE id = 1")
    connection.close()
    before = told(tmp_path / "subscribers.db", tables)

    assert desk("upgrade").code == 0

    assert told(copy, tables) == before
    assert [one.name for one in tmp_path.glob(".subscribers*")] == []


def test_the_copy_of_a_killed_upgrade_makes_room_for_the_next_one(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    tables = old(made, tmp_path, FIRST_RELEASE)
    copy = tmp_path / f"subscribers.db.before-{migrate.HEAD}"
    shutil.copy(tmp_path / "subscribers.db", copy)
    size, usage = copy.stat().st_size, shutil.disk_usage(tmp_path)
    before = told(copy, tables)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=(2 if copy.exists() else 3) * size))
    assert desk("upgrade").code == 0
    assert told(copy, tables) == before


def test_a_disk_without_room_for_the_copy_stops_the_upgrade_before_it_begins(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    tables = old(made, tmp_path, FIRST_RELEASE)
    before = told(tmp_path / "subscribers.db", tables)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    done = desk("upgrade")
    assert done.code == 1
    assert "the disk is too full" in done.err
    assert "nothing was changed" in done.err
    assert told(tmp_path / "subscribers.db", tables) == before


def test_a_program_older_than_its_database_says_so_and_touches_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("status")
    with sqlite3.connect(tmp_path / "subscribers.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in ("upgrade", "run", "status"):
        done = desk(command)
        assert done.code == 1
        assert "was made by a newer version of newsletter (database version 9999" in done.err
        assert "Install the newer version again, or restore the backup from before it." in done.err


def test_a_backup_is_restored_with_one_command_and_what_was_there_is_put_aside(made: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    old(made, tmp_path, FIRST_RELEASE)
    desk("upgrade")
    assert desk("backup", str(tmp_path / "copy.db")).code == 0
    desk("subscribers", "add", "late@example.org")
    refused = desk("restore", str(tmp_path / "copy.db"))
    assert (refused.code, "Give --replace" in refused.err) == (2, True)
    done = desk("restore", str(tmp_path / "copy.db"), "--replace")
    assert done.out.startswith(f"restored {tmp_path}/subscribers.db: {READERS} readers\n")
    assert "late@example.org" not in desk("subscribers", "list").out
    (aside,) = [one for one in tmp_path.glob("subscribers.db.replaced-*") if not one.name.endswith(("-wal", "-shm"))]
    with sqlite3.connect(aside) as connection:
        assert connection.execute("SELECT count(*) FROM subscribers").fetchone() == (READERS + 1,)
    connection.close()


def test_whoever_is_stopped_in_a_restore_still_has_the_database_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    desk("subscribers", "add", "ada@example.org")
    copy = tmp_path / "copy.db"
    desk("backup", str(copy))
    desk("subscribers", "add", "bob@example.org")
    real = type(copy).replace

    def stopped(self: Path, target: Path) -> Path:
        if target == tmp_path / "subscribers.db":
            raise OSError(errno.EIO, "stopped")
        return real(self, target)

    monkeypatch.setattr(type(copy), "replace", stopped)
    assert desk("restore", str(copy), "--replace").code == 1
    monkeypatch.undo()
    assert "bob@example.org" in desk("subscribers", "list").out
    assert desk("restore", str(copy), "--replace").code == 0
    assert "bob@example.org" not in desk("subscribers", "list").out


@pytest.mark.parametrize("kind", ["text", "empty", "foreign", "damaged"])
def test_a_file_that_is_no_good_backup_replaces_nothing(tmp_path: Path, kind: str) -> None:
    desk = Desk(tmp_path)
    desk("subscribers", "add", "ada@example.org")
    bad = tmp_path / "bad.db"
    if kind == "damaged":
        desk("backup", str(bad))
        data = bytearray(bad.read_bytes())
        data[8192:12288] = b"\xff" * 4096
        bad.write_bytes(data)
    elif kind == "foreign":
        with sqlite3.connect(bad) as connection:
            connection.execute("CREATE TABLE songs (name)")
        connection.close()
    else:
        bad.write_text("not a database" * 100 if kind == "text" else "")
    done = desk("restore", str(bad), "--replace")
    assert done.code in {1, 2}
    assert "Traceback" not in done.err
    assert "ada@example.org" in desk("subscribers", "list").out


KILLED = """
import os, pathlib, sys
from newsletter.store.copying import restore_database
left = int(sys.argv[1])

def dying(real):
    def act(*arguments, **more):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return real(*arguments, **more)
    return act

os.fsync, os.link, pathlib.Path.replace = dying(os.fsync), dying(os.link), dying(pathlib.Path.replace)
restore_database(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
"""


def test_a_restore_that_is_killed_at_any_step_leaves_a_whole_database_and_can_be_done_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("subscribers", "add", "ada@example.org")
    desk("backup", str(tmp_path / "copy.db"))
    desk("subscribers", "add", "late@example.org")
    path, kept = tmp_path / "subscribers.db", []
    for step in range(9):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(step), str(tmp_path / "copy.db"), str(path)],
            cwd=ROOT, check=False, timeout=60,
        )  # fmt: skip
        kept.append(desk("subscribers", "list").out.count("@example.org"))
        if done.returncode == 0:
            break
        assert done.returncode == 9
    assert len(kept) >= 3
    assert kept == [2] * (len(kept) - 1) + [1]
    asides = [one for one in tmp_path.glob("subscribers.db.replaced-*") if not one.name.endswith(("-wal", "-shm"))]
    assert asides
    assert not list(tmp_path.glob(".subscribers.db.*"))
