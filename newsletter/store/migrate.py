"""The database's shape: brought up to date at first use, refused when it is newer than this program."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from newsletter.errors import StoreError
from newsletter.store.copying import copy_database
from newsletter.store.database import MIGRATION_LOCK

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.store.database import Database

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
)  # oldest first, as in migrations/versions
HEAD = REVISIONS[-1]


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A database that was brought up to date: from which version, and where the copy from before is."""

    version: str
    copy: Path | None


def bring_up_to_date(database: Database) -> Upgraded | None:
    """Upgrade to HEAD in one transaction that all first starts queue for; None when there was nothing to do.

    An SQLite database that holds something is copied first, beside it. Raises StoreError when the database was made by
    a newer version, or when there is no room for the copy. Costs one SELECT when there is nothing to do: Alembic, whose
    import takes 0.4 s, is only loaded for real work.
    """
    with database.reading() as connection:
        before = version(connection, database)
    if before == HEAD:
        return None
    copy = _kept(database, before) if before else None
    with database.writing(lock=MIGRATION_LOCK) as connection:
        if version(connection, database) != HEAD:
            upgrade(connection, HEAD)
    return Upgraded(before, copy) if before else None


def _kept(database: Database, before: str) -> Path | None:
    """A copy of the database as it is now, in the place of one that an interrupted try left: much may have come since.

    Another process may bring it up to date meanwhile: a copy of what it made then replaces none.
    """
    if database.path is None:
        return None
    path = database.path.with_name(f"{database.path.name}.before-{HEAD}")
    needed, free = database.path.stat().st_size, shutil.disk_usage(path.parent).free
    if free < 3 * needed and path.exists():  # what the interrupted try took
        path.unlink()
        free = shutil.disk_usage(path.parent).free
    if free < 3 * needed:
        what = f"{database.place} is of version {before} and must be brought to {HEAD}, but the disk is too full:"
        what += f" {free // 1024**2} MB are free, {3 * needed // 1024**2} MB are needed for a copy and the work."
        raise StoreError(what, cure="Free some space and try again; nothing was changed.")
    copy_database(database, path, only=before)
    return path


def version(connection: Connection, database: Database) -> str:
    """The revision of the database, empty for a fresh one. Raises StoreError for a revision that we do not know."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    found = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
    if found and found not in REVISIONS:
        raise StoreError(
            f"{database.place} was made by a newer version of newsletter (database version {found}, ours is {HEAD}).",
            cure="Install the newer version again, or restore the backup from before it.",
        )
    return found


def upgrade(connection: Connection, revision: str) -> None:
    """Run the missing migrations up to `revision`, in the caller's transaction."""
    from alembic import command  # noqa: PLC0415 - 0.4 s, and only a database that needs it pays
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    command.upgrade(config, revision)
