"""A backup of the database while it is in use."""

from __future__ import annotations

import glob
import os
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from newsletter.errors import StoreError, UsageError
from newsletter.store.faults import translated

if TYPE_CHECKING:
    from newsletter.store.database import Database

ABANDONED = 3600.0  # seconds after which a copy that nobody writes to is one whose maker was killed


def copy_database(database: Database, path: Path, *, only: str = "") -> None:
    """See `Store.copy`. VACUUM INTO (https://sqlite.org/lang_vacuum.html) reads one moment and waits for no writer.

    With `only`, a version, a file that is there is replaced, and nothing happens when the copy is of another version.
    """
    if not database.is_sqlite:
        raise UsageError(
            "This command copies SQLite databases.", cure="For PostgreSQL: pg_dump --format=custom --file=FILE NAME."
        )
    part = path.with_name(f".{path.name}.{token_hex(4)}.part")  # a number of a process is given again, in a container
    try:
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            if left.stat().st_mtime < time.time() - ABANDONED:
                left.unlink(missing_ok=True)
        if path.exists() and not only:
            raise UsageError(f"{path} exists already.", cure="Choose another file: a backup never overwrites one.")
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # it holds addresses
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.", cure="Choose another folder.") from error
    try:
        with translated(database.place), database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("VACUUM INTO ?", (str(part),))
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        if not only:
            os.link(part, path)  # appears whole, and never replaces a file that came meanwhile
        elif _version(part) == only:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _version(path: Path) -> str:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def restore_database(copy: Path, path: Path) -> Path | None:
    """Put a copy in the place of the SQLite database at `path`; gives where the one that was there is kept now.

    Nobody may use the database meanwhile. Raises UsageError when `copy` is no database of ours, StoreError when it is
    damaged or cannot be written.
    """
    try:
        with sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True) as connection:
            told = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            ours = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]
        connection.close()
    except sqlite3.Error as error:
        cure = "Choose a file of `newsletter backup`."
        raise UsageError(f"{copy} cannot be read as a database: {error}.", cure=cure) from error
    if told != "ok" or not ours:
        what = f"{copy} is damaged: {told}." if told != "ok" else f"{copy} is no database of a newsletter."
        raise UsageError(what, cure="Choose another backup.")
    aside = None
    part = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):  # of a restore that was killed
            left.unlink(missing_ok=True)
        with (
            os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
            copy.open("rb") as file,
        ):
            shutil.copyfileobj(file, out)
            out.flush()
            os.fsync(out.fileno())
        if path.exists():
            aside = _put_aside(path)
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.", cure="Check who may write there.") from error
    finally:
        part.unlink(missing_ok=True)
    return aside


def _put_aside(path: Path) -> Path:
    """Another name for the database that is there; whoever is killed before the new one is in place still has it."""
    at = int(time.time())
    while (aside := path.with_name(f"{path.name}.replaced-{at}")).exists():
        at += 1
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:  # a damaged one is kept as it is
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    try:
        os.link(path, aside)
    except OSError:  # a file system that knows no second name
        path.replace(aside)
    for ending in ("-wal", "-shm"):  # what is not yet in the file belongs to it
        if (one := Path(f"{path}{ending}")).exists():
            one.replace(f"{aside}{ending}")
    return aside
