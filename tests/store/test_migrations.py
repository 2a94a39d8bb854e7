"""A database of any age becomes the one that the code was written for, once, or is left alone with a clear word."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, text

import newsletter.store
from newsletter.errors import StoreError
from newsletter.model.codec import from_plain
from newsletter.model.paper import Paper
from newsletter.store import full_text, ledger_tables, migrate
from newsletter.store.database import open_database
from newsletter.store.open import open_store
from newsletter.store.tables import SQLITE_FULL_TEXT, metadata, postgresql_only
from tests.support import postgres
from tests.support.stores import REAL, SECRET, fresh_url

if TYPE_CHECKING:
    from sqlalchemy import Connection

assert ledger_tables.deliveries.metadata is metadata

_SQLITE_SHAPE = "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1, 2"
_COLUMNS = """
SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
"""
_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
_RULES = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, 2
"""


def shape(connection: Connection) -> list[Any]:
    """Everything that makes the schema, without Alembic's own table."""
    if connection.dialect.name == "sqlite":
        objects = connection.execute(text(_SQLITE_SHAPE)).all()
        tables = {row.tbl_name for row in objects}
        found: list[Any] = [tuple(row) for row in objects]
        for table in sorted(tables):
            for pragma in ("table_xinfo", "index_list", "foreign_key_list"):
                rows = connection.exec_driver_sql(f"PRAGMA {pragma}({table})").all()
                found += sorted(f"{table} {pragma} {tuple(row)[pragma == 'index_list' :]}" for row in rows)
    else:
        found = [tuple(row) for query in (_COLUMNS, _INDEXES, _RULES) for row in connection.execute(text(query))]
    return [one for one in found if "alembic_version" not in str(one)]


@pytest.mark.parametrize("kind", REAL)
def test_the_migrations_make_exactly_the_tables_that_the_code_describes(kind: str, tmp_path: Path) -> None:
    described = postgres.server().create_database() if kind == "postgresql" else f"sqlite:///{tmp_path}/described.db"
    engine = create_engine(described)
    with engine.begin() as connection:
        metadata.create_all(connection)
        if kind == "postgresql":
            postgresql_only.create_all(connection)
        else:
            connection.exec_driver_sql(SQLITE_FULL_TEXT)
        expected = shape(connection)
    engine.dispose()

    store = open_store(fresh_url(kind, tmp_path), secret=SECRET, folder=tmp_path)
    with store.database.reading() as connection:
        assert shape(connection) == expected
    store.close()


def test_the_code_knows_the_revisions_that_there_are_in_their_order() -> None:
    folder = Path(str(newsletter.store.__file__)).with_name("migrations")
    script = ScriptDirectory(str(folder))

    assert tuple(one.revision for one in script.walk_revisions())[::-1] == migrate.REVISIONS


@pytest.mark.parametrize("kind", REAL)
def test_a_database_of_a_newer_version_is_left_alone(kind: str, tmp_path: Path) -> None:
    url = fresh_url(kind, tmp_path)
    database = open_database(url, folder=tmp_path)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.engine.dispose()

    with pytest.raises(StoreError, match=r"newer version of newsletter \(database version 9999"):
        open_store(url, secret=SECRET, folder=tmp_path)


@pytest.mark.parametrize("kind", REAL)
def test_a_database_of_the_first_version_is_brought_up_to_date_with_what_is_in_it(kind: str, tmp_path: Path) -> None:
    url = postgres.server().create_database() if kind == "postgresql" else "sqlite:///old.db"
    database = open_database(url, folder=tmp_path)
    with database.writing() as connection:
        migrate.upgrade(connection, migrate.REVISIONS[0])
        connection.execute(text("INSERT INTO answers (source, day) VALUES ('arxiv', '2026-11-20')"))
    database.engine.dispose()

    store = open_store(url, secret=SECRET, folder=tmp_path)
    with store.database.reading() as connection:
        assert connection.execute(text("SELECT source, day FROM answers")).all() == [("arxiv", "2026-11-20")]
        assert migrate.version(connection, store.database) == migrate.HEAD
    store.close()


_PAPERS = (  # (seq, id, document): a listed one, one that a reader brought before it was hers alone, one of nobody
    (1, "2601.00001", '{"id": "2601.00001", "title": "Listed"}'),
    (2, "2601.00002", '{"id": "2601.00002", "title": "Brought"}'),
    (3, "2601.00003", '{"brought": true, "id": "2601.00003", "title": "Of a reader who is gone"}'),
)


@pytest.mark.parametrize("kind", REAL)
def test_what_readers_brought_before_it_was_theirs_alone_leaves_the_papers_of_all(kind: str, tmp_path: Path) -> None:
    url = postgres.server().create_database() if kind == "postgresql" else "sqlite:///old.db"
    database = open_database(url, folder=tmp_path)
    with database.writing() as connection:
        migrate.upgrade(connection, "0012")
        for seq, name, document in _PAPERS:
            connection.execute(
                text("INSERT INTO papers (seq, id, first_seen, document) VALUES (:seq, :id, 5, :document)"),
                {"seq": seq, "id": name, "document": document},
            )
            connection.execute(text("INSERT INTO paper_keys VALUES (:key, :id)"), {"key": f"arxiv:{name}", "id": name})
            full_text.write(database, connection, {seq: from_plain(Paper, json.loads(document))})
        connection.execute(text("INSERT INTO paper_keys VALUES ('id:10.1/x', '2601.00002')"))
        connection.execute(text("INSERT INTO listings VALUES ('2601.00001', 'arxiv', '2026-01-02', 'new', 5)"))
        for reader in (1, 2):
            connection.execute(text(_READER), {"id": reader, "email": f"r{reader}@example.org"})
        for reader, name in ((1, "2601.00001"), (1, "2601.00002"), (2, "10.1/x"), (2, "2601.00002")):
            connection.execute(text(_SAID), {"reader": reader, "paper": name})
    database.engine.dispose()

    store = open_store(url, secret=SECRET, folder=tmp_path)
    names = [name for _, name, _ in _PAPERS]
    assert [*store.papers.get(names)] == ["2601.00001"]
    assert [*store.papers.find(f"arxiv:{name}" for name in names)] == ["arxiv:2601.00001"]
    assert store.papers.search(["listed"], limit=9) == ("2601.00001",)
    assert store.papers.search(["brought"], limit=9) == ()
    hers = {"2601.00002": Paper(id="2601.00002", title="Brought", brought=True)}
    assert store.subscribers.brought([1, 2]) == {1: hers, 2: hers}
    store.close()


def test_upgrading_reads_what_readers_said_once_however_many_papers_they_brought(tmp_path: Path) -> None:
    database = open_database("sqlite:///old.db", folder=tmp_path)
    reads: list[str] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        if " FROM feedback" in statement or "FROM ranked" in statement:
            reads.append(statement)

    with database.writing() as connection:
        migrate.upgrade(connection, "0012")
        connection.execute(text(_READER), {"id": 1, "email": "r1@example.org"})
        for seq in range(1, 602):
            told = {"seq": seq, "id": f"p{seq}", "document": '{"title": "Brought"}', "reader": 1, "paper": f"p{seq}"}
            connection.execute(
                text("INSERT INTO papers (seq, id, first_seen, document) VALUES (:seq, :id, 5, :document)"), told
            )
            connection.execute(text(_SAID), told)
            connection.execute(text("INSERT INTO ranked VALUES ('t', :id)"), told)
        event.listen(connection, "before_cursor_execute", note)
        migrate.upgrade(connection, "0013")
        passes = len(reads)
        left = [connection.execute(text(f"SELECT COUNT(*) FROM {one}")).scalar() for one in ("papers", "ranked")]
        hers = connection.execute(text("SELECT COUNT(DISTINCT paper_id) FROM brought")).scalar()
    database.engine.dispose()
    assert (left, hers) == ([0, 0], 601)
    assert passes == 2, reads  # neither table has an index by paper: a pass each


_SAID = "INSERT INTO feedback (subscriber_id, paper_id, topic, verb, at) VALUES (:reader, :paper, '', 'more', 5)"
_READER = """INSERT INTO subscribers (id, email, email_key, name, status, topics, text_only, consent, generation)
VALUES (:id, :email, :email, '', 'active', '[]', false, '', 0)"""
_OPEN = """
import sys
from pathlib import Path
from newsletter.store.open import open_store
store = open_store(sys.argv[1], secret="s", folder=Path(sys.argv[2]))
print(store.papers.count(), "alembic" in sys.modules)
store.close()
"""


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", _OPEN, url, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("kind", REAL)
def test_first_starts_at_the_same_time_do_not_clash_and_later_ones_are_quick(kind: str, tmp_path: Path) -> None:
    url = postgres.server().create_database() if kind == "postgresql" else "sqlite:///new.db"

    firsts = [start(url, tmp_path) for _ in range(3)]
    said = sorted(one.communicate(timeout=60)[0] for one in firsts)
    assert all(one.startswith("0 ") for one in said), said
    assert start(url, tmp_path).communicate(timeout=60)[0] == "0 False\n"
