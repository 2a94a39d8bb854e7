"""One database, SQLite or PostgreSQL: connections, transactions, bulk statements."""

from __future__ import annotations

import json
import os
from contextlib import closing, contextmanager
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from newsletter.errors import StoreError, UsageError
from newsletter.store.faults import translated

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import URL, Connection, Engine, Result, Select, Table
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

# "paper" and a number for each advisory lock of PostgreSQL.
LEDGER_LOCK = 0x7061_7065_7201  # queue, claim, release of the ledger
MIGRATION_LOCK = 0x7061_7065_7202
VECTOR_LOCK = 0x7061_7065_7203
WEB_LOCK = 0x7061_7065_7204  # limits and records
PACE_LOCK = 0x7061_7065_7205
JOBS_LOCK = 0x7061_7065_7206  # Procrastinate's tables


class Database:
    """An engine with our transaction rules. `place` is what error messages call it, without a password."""

    def __init__(self, engine: Engine, *, place: str, path: Path | None = None) -> None:
        self.engine = engine
        self.place = place
        self.path = path  # of the SQLite file
        self.dialect = engine.dialect.name
        self._writer = engine.execution_options(newsletter_write=True)
        self._inserts: dict[tuple[str, ...], Any] = {}
        self._selects: dict[Any, Any] = {}

    @property
    def is_sqlite(self) -> bool:
        return self.dialect == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent look, which never waits for a writer on SQLite."""
        with translated(self.place), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, lock: int | None = None) -> Iterator[Connection]:
        """One transaction, durable at the end. `lock` serialises with every other holder of that number."""
        with translated(self.place), self._writer.begin() as connection:
            if lock is not None and not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
            yield connection

    @contextmanager
    def bulk(self) -> Iterator[sqlite3.Connection]:
        """One transaction of SQLite on the driver's own connection, durable at the end: for what is written hundreds of
        times a second, where SQLAlchemy's part is larger than SQLite's.
        """
        with translated(self.place), closing(self.engine.raw_connection()) as pooled:
            connection = cast("sqlite3.Connection", pooled.driver_connection)
            with connection:  # commits or rolls back
                connection.execute("BEGIN IMMEDIATE")
                yield connection

    def flush_log(self) -> None:
        """Empty SQLite's log, in which erased rows still stand; while others read, it stays until they end."""
        if not self.is_sqlite:
            return
        with translated(self.place), closing(self.engine.raw_connection()) as connection:
            waits = connection.execute("PRAGMA busy_timeout").fetchone()[0]
            connection.execute("PRAGMA busy_timeout=500")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()  # a row that says busy is no error
            connection.execute(f"PRAGMA busy_timeout={waits}")

    def insert(self, table: Table) -> SqliteInsert | PostgresqlInsert:
        """INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def insert_new(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert the rows that break no unique rule, in order; how many those were.

        All rows have the same keys, two or more, and values that the driver takes as they are.
        """
        if not rows:
            return 0
        names = tuple(rows[0])
        return self.insert_rows(connection, table, names, [*map(itemgetter(*names), rows)])

    def insert_rows(
        self, connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> int:
        """The same with rows as tuples of the columns `names`; at least one row."""
        if self.is_sqlite:
            # The driver's own executemany: SQLAlchemy's work on the parameters of each row costs as much as SQLite's.
            options = {"preserve_rowcount": True}
            text = self.sqlite_text(table, names)
            return int(connection.exec_driver_sql(text, [*rows], execution_options=options).rowcount)
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        return int(connection.execute(self._insert(table, names), columns).rowcount)

    @staticmethod
    @cache
    def sqlite_text(table: Table, names: tuple[str, ...]) -> str:
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        return f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - our names

    def insert_returning(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> Result[Any]:
        """As `insert_new`, for at least one row; gives back the rows that went in, whole, in any order."""
        return connection.execute(self._insert(table, tuple(rows[0])).returning(table), self._columns(rows))

    def rows(self, connection: Connection, statement: Select[Any], values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows as the driver gives them: for large reads of columns that need no conversion.

        `statement` is kept for ever with its SQL, so it must not be made anew for each call.
        """
        asked, given = self._compiled(statement, values)
        result = connection.exec_driver_sql(asked, given)
        found = result.cursor.fetchall()
        result.close()
        return list(found)

    def look(self, statement: Select[Any], values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The same as one look of its own: a single statement needs no transaction around it."""
        if not self.is_sqlite:
            with self.reading() as connection:
                return self.rows(connection, statement, values)
        asked, given = self._compiled(statement, values)
        with translated(self.place), closing(self.engine.raw_connection()) as pooled:
            return cast("sqlite3.Connection", pooled.driver_connection).execute(asked, given).fetchall()

    def _compiled(self, statement: Select[Any], values: Mapping[str, Any]) -> tuple[str, Any]:
        """The statement's text, kept, and its values as the driver wants them."""
        compiled = self._selects.get(statement)
        if compiled is None:
            compiled = self._selects[statement] = statement.compile(dialect=self.engine.dialect)
        given = compiled.construct_params(values)
        order = compiled.positiontup
        return compiled.string, tuple(given[name] for name in order) if order is not None else given

    def _columns(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """SQLite is fastest with executemany, PostgreSQL with one array for each column."""
        return rows if self.is_sqlite else {name: [row[name] for row in rows] for name in rows[0]}

    def _insert(self, table: Table, names: tuple[str, ...]) -> Any:
        key = (table.name, *names)
        statement = self._inserts.get(key)
        if statement is None:
            statement = self._insert_statement(table, names).execution_options(preserve_rowcount=True)
            self._inserts[key] = statement
        return statement

    def _insert_statement(self, table: Table, names: tuple[str, ...]) -> Any:
        if self.is_sqlite:
            values: dict[str, Any] = {name: bindparam(name) for name in names}
            return sqlite.insert(table).values(values).on_conflict_do_nothing()
        arrays = [bindparam(name, type_=ARRAY(table.c[name].type)) for name in names]
        rows = func.unnest(*arrays).table_valued(*names).render_derived()
        source = select(*(rows.c[name] for name in names))
        return postgresql.insert(table).from_select(names, source).on_conflict_do_nothing()

    def numbers(self, name: str = "numbers") -> Select[Any]:
        """SELECT of the integers in parameter `name`: for IN and as the left side of a join. See `listed`."""
        return self._values(name, BigInteger())

    def words(self, name: str = "words") -> Select[Any]:
        """SELECT of the texts in parameter `name`. See `listed`."""
        return self._values(name, Text())

    def _values(self, name: str, kind: Any) -> Select[Any]:
        if self.is_sqlite:
            return select(func.json_each(bindparam(name, type_=Text())).table_valued("value").c.value)
        return select(func.unnest(bindparam(name, type_=ARRAY(kind))).table_valued("value").render_derived().c.value)

    def listed(self, values: Iterable[Any]) -> Any:
        """A whole list as one parameter: no limit on its length, and one compiled statement for all lengths."""
        return json.dumps(list(values)) if self.is_sqlite else list(values)


def open_database(url: str, *, folder: Path, busy: float = 15.0) -> Database:
    """Make the engine; relative SQLite paths start at `folder`. `busy`: seconds to wait for a lock or a server.

    Raises UsageError for a URL that is neither SQLite nor PostgreSQL, StoreError when the file cannot be made.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _bad_url() from error
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        return _open_sqlite(folder / parsed.database, busy)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgresql(parsed, busy)
    raise _bad_url()


def _bad_url() -> UsageError:
    return UsageError(
        "[newsletter] database is not a database URL that we know.",
        cure="Write sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
    )


def _open_sqlite(path: Path, busy: float) -> Database:
    try:
        # 0600 before anything is in it: the file holds addresses. SQLite gives -wal and -shm the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        if path.is_file() and os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            return _open_read_only(path)
        raise StoreError(
            f"{path} cannot be written to: {error.strerror}.",
            cure="Its folder must exist and be writable for the user that runs newsletter.",
        ) from error
    engine = create_engine(
        f"sqlite:///{path}", hide_parameters=True, pool_size=8, max_overflow=32, connect_args={"timeout": busy}
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Database(engine, place=str(path), path=path)


def _open_read_only(path: Path) -> Database:
    """A file that we may only read can still be looked at; writing fails with a StoreError.

    Without a log beside it nobody can be writing, and SQLite may read it without making one
    (https://www.sqlite.org/wal.html#readonly); with one, it needs the log's index to be there.
    """
    log = path.with_name(f"{path.name}-wal")
    still = "" if log.exists() and log.stat().st_size else "&immutable=1"
    engine = create_engine(f"sqlite:///file:{quote(str(path))}?mode=ro{still}&uri=true", hide_parameters=True)
    event.listen(engine, "connect", _set_up_reader)
    event.listen(engine, "begin", _begin_sqlite)
    return Database(engine, place=str(path), path=path)


def _set_up_reader(connection: Any, _record: Any) -> None:
    connection.isolation_level = None


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `_begin_sqlite` does
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Writers queue at the door (IMMEDIATE): a transaction that reads first cannot fail when it writes later."""
    write = connection.get_execution_options().get("newsletter_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _patience(busy: float) -> str:
    """A lock is waited for four times as long as a server. Who is stopped in the middle of a transaction, or whose
    machine is gone, holds everybody's lock: after twice that the server ends it.
    """
    return f"-c lock_timeout={int(busy * 4000)} -c idle_in_transaction_session_timeout={int(busy * 8000)}"


def _open_postgresql(url: URL, busy: float) -> Database:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=32,
            connect_args={"connect_timeout": max(2, int(busy)), "options": _patience(busy)},
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise UsageError(
            "The PostgreSQL driver is not installed.", cure="Install it: pip install 'trending-papers[postgresql]'."
        ) from error
    return Database(engine, place=url.render_as_string(hide_password=True))
