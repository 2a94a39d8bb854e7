"""Erasing what is old costs what is erased, however much there is that stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.mail import Delivered, NewDelivery
from newsletter.model.paper import Paper, Reading
from newsletter.store.open import open_store
from tests.support.stores import SECRET, fresh_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from newsletter.store.open import Store

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
WHEN = timedelta(hours=1)


def steps(store: Store, act: Callable[[], int]) -> int:
    """How much SQLite works for it, in tens of its own instructions; nothing is erased."""
    counted: list[None] = []
    raw = store.database.engine.raw_connection()
    assert raw.driver_connection is not None
    raw.driver_connection.set_progress_handler(lambda: counted.append(None), 10)
    raw.close()  # back to the pool, which gives it out again
    assert act() == 0
    assert counted, "another connection was used"
    return len(counted)


def test_looking_for_old_mails_and_measurements_reads_none_of_the_new_ones(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path)
    work = []
    for step in range(2):
        rows = [
            NewDelivery("digest", date(2026, 11, 20), reader, "{}", NOW + WHEN)
            for reader in range(step * 1000, 1000 * step + 1000)
        ]
        store.ledger.queue(rows, at=NOW)
        taken = store.ledger.claim("a", limit=1000, now=NOW, lease=WHEN)
        assert taken is not None
        store.ledger.settle([(Delivered(one.id), None) for one in taken.deliveries], now=NOW)
        paper = Paper(id="t-1", title="One paper of many measurements")
        votes = [Reading("t-1", "hub.upvotes", n, NOW + timedelta(seconds=1000 * step + n)) for n in range(1000)]
        store.papers.keep([paper], [], votes, [], at=NOW)
        work.append(
            (
                steps(store, lambda: store.ledger.prune(before=LONG_AGO, limit=2000)),
                steps(store, lambda: store.papers.forget_readings(before=LONG_AGO)),
            )
        )
    store.close()

    assert work[1] <= (work[0][0] + 5, work[0][1] + 5)
    assert max(*work[0], *work[1]) < 100
