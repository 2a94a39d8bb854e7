"""A backup that is made while everything goes on holds all of one moment, and a restored one mails nobody twice."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from typing import TYPE_CHECKING

from newsletter.config import load_config
from newsletter.model.subscriber import Subscriber
from tests.support.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


def test_a_restored_backup_knows_who_has_had_what(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    desk = Desk(old)
    desk("subscribers", "add", "ada@example.org")
    assert desk("run").code == 0
    assert len(desk.mails) == 1

    done = desk("backup", str(tmp_path / "copy.db"))

    assert (done.code, done.out.split(" (")[0]) == (0, f"made {tmp_path / 'copy.db'}")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    new.mkdir()
    restored = Desk(new)
    shutil.copy(tmp_path / "copy.db", new / "subscribers.db")
    again = restored("run")
    assert (again.code, restored.mails) == (0, [])
    assert "ada@example.org" in restored("subscribers", "list").out


def test_a_backup_made_amid_writing_is_whole(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    config = load_config(tmp_path / "config.toml", {})
    with desk.press(config) as press:
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                list(press.subscribers.add_many(Subscriber(email=f"r{number}-{n}@example.org") for n in range(100)))
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(3):
                assert desk("backup", str(tmp_path / f"copy{number}.db")).code == 0
        finally:
            stop.set()
            writer.join()
    for number in range(3):
        with sqlite3.connect(tmp_path / f"copy{number}.db") as copy:
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            (readers,) = copy.execute("SELECT count(*) FROM subscribers").fetchone()
            assert readers % 100 == 0
        copy.close()
    assert [path.name for path in tmp_path.glob(".copy*")] == []


def test_a_backup_never_overwrites_and_says_what_to_do_instead(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "precious").write_text("precious")
    done = desk("backup", str(tmp_path / "precious"))
    assert (done.code, (tmp_path / "precious").read_text()) == (2, "precious")
    assert done.err.splitlines() == [
        f"error: {tmp_path / 'precious'} exists already.",
        "Choose another file: a backup never overwrites one.",
    ]
    assert desk("backup", str(tmp_path / "nowhere" / "copy.db")).code == 1
