"""Jobs of Procrastinate on PostgreSQL: they wake workers, and decide nothing."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from newsletter.model.mail import Delivered, NewDelivery, Reply
from newsletter.store import jobs as jobs_module
from newsletter.store.jobs import ProcrastinateJobs, enqueue
from newsletter.store.open import Store, open_store
from tests.support.stores import SECRET, fresh_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.postgresql
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(fresh_url("postgresql", tmp_path), secret=SECRET, folder=tmp_path)
    jobs = store.jobs()
    assert jobs is not None
    jobs._set_up()
    jobs._set_up()  # every worker does it
    yield store
    store.close()


def rows(count: int) -> list[NewDelivery]:
    day = date(2026, 11, 20)
    return [NewDelivery("digest", day, n, "{}", NOW + timedelta(hours=20)) for n in range(1, count + 1)]


def waiting(store: Store) -> list[dict[str, int]]:
    with store.database.reading() as connection:
        return list(connection.execute(text("SELECT args FROM procrastinate_jobs ORDER BY id")).scalars())


def drained(store: Store) -> None:
    while claim := store.ledger.claim("worker", limit=500, now=NOW, lease=timedelta(minutes=2)):
        store.ledger.settle(((Delivered(one.id, Reply(250)), None) for one in claim.deliveries), now=NOW)


def work(store: Store, drain: Callable[[], None], *, until: Callable[[], bool], due: bool = False) -> None:
    """A worker, until its work is done; a minute at most, for one that never would."""
    ends = time.monotonic() + 60
    ProcrastinateJobs(store.database).work(drain, due=lambda: due, stop=lambda: until() or time.monotonic() > ends)


def test_an_edition_is_queued_with_one_job_for_each_shard(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "SHARD", 10)
    assert store.ledger.queue(rows(25), at=NOW) == 25
    assert waiting(store) == [{"first": 1, "last": 10}, {"first": 11, "last": 20}, {"first": 21, "last": 25}]
    assert store.ledger.queue(rows(25), at=NOW) == 0  # a second run
    assert len(waiting(store)) == 3


def test_rows_and_their_jobs_are_there_together_or_not_at_all(store: Store) -> None:
    def breaks() -> Iterator[NewDelivery]:
        yield from rows(3)
        raise RuntimeError("killed here")

    with pytest.raises(RuntimeError, match="killed here"):
        store.ledger.queue(breaks(), at=NOW)
    assert waiting(store) == []
    assert store.ledger.next_due(now=NOW) is None


def test_a_job_that_runs_twice_sends_nothing_twice(store: Store) -> None:
    store.ledger.queue(rows(3), at=NOW)
    with store.database.writing() as connection:
        enqueue(connection, 1, 3)  # the same shard once more
    calls: list[int] = []

    def drain() -> None:
        drained(store)
        calls.append(1)

    work(store, drain, until=lambda: len(calls) == 2)
    assert len(calls) == 2
    assert store.ledger.counts(now=NOW) == {"sent": 3}
    with store.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM outcomes")).scalar() == 3


def test_a_retry_that_comes_due_needs_no_job_of_its_own(store: Store) -> None:
    calls: list[int] = []
    work(store, lambda: calls.append(1), until=lambda: bool(calls), due=True)
    assert calls == [1]


def test_without_workers_no_jobs_pile_up(tmp_path: Path) -> None:
    store = open_store(fresh_url("postgresql", tmp_path), secret=SECRET, folder=tmp_path)
    assert store.ledger.queue(rows(3), at=NOW) == 3
    store.close()
