"""A database that may only be read: what looks still works, what writes says so."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


@contextlib.contextmanager
def powerless(folder: Path) -> Iterator[None]:
    """Without the right to write in a folder, also when the tests are run by root."""
    files = [folder, *folder.rglob("*")]
    for path in files:
        path.chmod(0o555 if path.is_dir() else 0o444)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        for path in files:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_database_that_can_only_be_read_is_looked_at_and_named() -> None:
    folder = Path(tempfile.mkdtemp(prefix="read-only"))
    try:
        desk = Desk(folder)
        desk("subscribers", "add", "ada@example.org")
        for command in ("run", "status", "why", "doctor"):  # what they load is loaded before the rights are gone
            desk(command)
        looks = {command: desk(command) for command in ("status", "why")}
        with powerless(folder):
            seen = {command: desk(command) for command in ("status", "why")}
            doctor, run = desk("doctor"), desk("run")
    finally:
        shutil.rmtree(folder)
    assert seen == looks
    assert doctor.code == 1
    assert f"PROBLEM  database: {folder}/subscribers.db cannot be written to." in doctor.out
    assert "Make the file and its folder writable" in doctor.out
    assert (run.code, run.err.splitlines()[0]) == (1, f"error: {folder}/subscribers.db cannot be written to.")
