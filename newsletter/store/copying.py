"""A backup of the database while it is in use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from newsletter.errors import StoreError, UsageError
from newsletter.store.faults import translated

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.store.database import Database


def copy_database(database: Database, path: Path) -> None:
    """See `Store.copy`. VACUUM INTO (https://sqlite.org/lang_vacuum.html) reads one moment and waits for no writer."""
    if not database.is_sqlite:
        raise UsageError(
            "This command copies SQLite databases.", cure="For PostgreSQL: pg_dump --format=custom --file=FILE NAME."
        )
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists():
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
        os.link(part, path)  # appears whole, and never replaces a file that came meanwhile
    finally:
        part.unlink(missing_ok=True)
