"""The stores that the contract suite runs on: the fake, SQLite in a file, PostgreSQL on a socket."""

from __future__ import annotations

import functools
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from newsletter.store.open import Store, open_store
from tests.support import postgres
from tests.support.fake_returns import FakeReturns
from tests.support.fake_vectors import FakeEmbeddings, FakeVectors
from tests.support.fake_web import FakeLimits, FakeRecords
from tests.support.fakes import FakeEditions, FakeLedger, FakePapers, FakeRuns, FakeSubscribers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.ports import (
        Editions,
        Embeddings,
        Ledger,
        Limits,
        Papers,
        Records,
        Returns,
        Runs,
        Subscribers,
        Vectors,
    )

SECRET = "a secret for tests"


class Stores(NamedTuple):
    papers: Papers
    editions: Editions
    subscribers: Subscribers
    ledger: Ledger
    runs: Runs
    limits: Limits
    records: Records
    returns: Returns
    vectors: Vectors
    embeddings: Embeddings


EVERY = [
    pytest.param("fake"),
    pytest.param("sqlite"),
    pytest.param("postgresql", marks=pytest.mark.postgresql),
]
REAL = EVERY[1:]


def stores(kind: str, folder: Path) -> Iterator[Stores | Store]:
    if kind == "fake":
        limits, editions = FakeLimits(), FakeEditions()
        papers = FakePapers(editions)
        yield Stores(
            papers,
            editions,
            FakeSubscribers(),
            FakeLedger(),
            FakeRuns(),
            limits,
            FakeRecords(limits),
            FakeReturns(),
            FakeVectors(papers),
            FakeEmbeddings(),
        )
        return
    store = open_store(fresh_url(kind, folder), secret=SECRET, folder=folder)
    yield store
    store.close()


def fresh_url(kind: str, folder: Path) -> str:
    """The URL of a new database of the latest shape: a copy, since migrating takes longer."""
    if kind == "postgresql":
        return postgres.server().create_database(_postgresql_template())
    shutil.copy(_sqlite_template(), folder / "test.db")
    return "sqlite:///test.db"


@functools.cache
def _sqlite_template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="newsletter"))
    open_store("sqlite:///template.db", secret=SECRET, folder=folder).close()
    return folder / "template.db"


@functools.cache
def _postgresql_template() -> str:
    url = postgres.server().create_database()
    open_store(url, secret=SECRET, folder=Path()).close()
    return url.partition("@/")[2].partition("?")[0]
