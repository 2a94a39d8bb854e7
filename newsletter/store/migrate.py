"""The database's shape: brought up to date at first use, refused when it is newer than this program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from newsletter.errors import StoreError
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
)  # oldest first, as in migrations/versions
HEAD = REVISIONS[-1]


def bring_up_to_date(database: Database) -> None:
    """Upgrade to HEAD in one transaction that all first starts queue for.

    Raises StoreError when the database was made by a newer version. Costs one SELECT when there is nothing to do:
    Alembic, whose import takes 0.4 s, is only loaded for real work.
    """
    with database.reading() as connection:
        if version(connection, database) == HEAD:
            return
    with database.writing(lock=MIGRATION_LOCK) as connection:
        if version(connection, database) != HEAD:
            upgrade(connection, HEAD)


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
