"""A database URL becomes the adapters of `newsletter.ports`, its schema brought up to date on the way."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sqlalchemy import text

from newsletter.errors import NewsletterError
from newsletter.model.paper import Problem
from newsletter.store.channels import SqlChannelLedger
from newsletter.store.copying import copy_database
from newsletter.store.database import open_database
from newsletter.store.editions import SqlEditions
from newsletter.store.embeddings import SqlEmbeddings
from newsletter.store.jobs import ProcrastinateJobs
from newsletter.store.ledger import SqlLedger
from newsletter.store.limits import SqlLimits, SqlRecords
from newsletter.store.migrate import HEAD, Upgraded, bring_up_to_date
from newsletter.store.pace import SqlPace
from newsletter.store.papers import SqlPapers
from newsletter.store.returns import SqlReturns
from newsletter.store.runs import SqlRuns
from newsletter.store.subscribers import SqlSubscribers
from newsletter.store.vectors import SqlVectors

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from newsletter.store.database import Database

_LITTLE = 200 * 1024 * 1024  # bytes: a year of a small newsletter


@dataclass(frozen=True, slots=True)
class Store:
    """The adapters, all on one database. They may be shared by threads; each process opens its own."""

    papers: SqlPapers
    editions: SqlEditions
    subscribers: SqlSubscribers
    ledger: SqlLedger
    runs: SqlRuns
    limits: SqlLimits
    records: SqlRecords
    returns: SqlReturns
    vectors: SqlVectors
    embeddings: SqlEmbeddings
    pace: SqlPace
    channels: SqlChannelLedger
    database: Database
    upgraded: Upgraded | None = None

    @property
    def version(self) -> str:
        return HEAD

    def jobs(self) -> ProcrastinateJobs | None:
        """What wakes workers on other machines. None on SQLite, or without Procrastinate: they look for themselves."""
        if self.database.is_sqlite or find_spec("procrastinate") is None:
            return None
        return ProcrastinateJobs(self.database)

    def close(self) -> None:
        self.database.engine.dispose()

    def check(self) -> tuple[Problem, ...]:
        """For `doctor`: integrity, room on the disk, and whether it can be written to. Reads the whole SQLite file."""
        problems = []
        try:
            problems += _integrity(self.database)
            with self.database.writing() as connection:
                connection.execute(text("UPDATE frontier SET last_id = last_id"))
        except NewsletterError as error:
            problems.append(Problem("database", error.what, error.cure))
        return tuple(problems + _room(self.database))

    def clock_ahead(self, now: datetime) -> timedelta:
        """How far `now` is ahead of the database server's clock; not at all on SQLite, which has none of its own."""
        if self.database.is_sqlite:
            return timedelta(0)
        with self.database.reading() as connection:
            there: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return now - there

    def copy(self, path: Path) -> None:
        """A whole, consistent copy of an SQLite database in `path`, a new file, while everything goes on.

        Raises UsageError when the file exists or the database is PostgreSQL, StoreError when it cannot be written.
        """
        copy_database(self.database, path)


def open_store(url: str, *, secret: str, folder: Path, busy: float = 15.0) -> Store:
    """`url`: sqlite:///FILE (relative to `folder`) or postgresql+psycopg://...; `busy`: seconds to wait for a lock.

    Raises UsageError for another URL; StoreError when the database is damaged, full, unwritable or newer than this
    program; BusyError when it is locked or does not answer.
    """
    database = open_database(url, folder=folder, busy=busy)
    try:
        upgraded = bring_up_to_date(database)
    except BaseException:  # edge: whatever ends the opening, no connection stays open
        database.engine.dispose()
        raise
    return Store(
        SqlPapers(database),
        SqlEditions(database),
        SqlSubscribers(database, secret=secret),
        SqlLedger(database),
        SqlRuns(database),
        SqlLimits(database),
        SqlRecords(database),
        SqlReturns(database),
        SqlVectors(database),
        SqlEmbeddings(database),
        SqlPace(database),
        SqlChannelLedger(database),
        database,
        upgraded,
    )


def _integrity(database: Database) -> list[Problem]:
    if not database.is_sqlite:
        return []
    with database.reading() as connection:
        words = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
    cure = "Restore the last backup, or save what is left with `sqlite3 FILE .recover`."
    return [Problem("database", f"{database.place} is damaged: {word}", cure) for word in words if word != "ok"]


def _room(database: Database) -> list[Problem]:
    if database.path is None:
        return []
    problems = []
    free = shutil.disk_usage(database.path.parent).free
    if free < _LITTLE:
        what = f"Only {free // 1024**2} MB are free on the disk of {database.path}."
        problems.append(Problem("database", what, "Free some space before the next run."))
    if database.path.stat().st_mode & 0o077:
        what = f"{database.path} holds addresses, and other users of this machine may read it."
        problems.append(Problem("database", what, f"chmod 600 {database.path}"))
    return problems
