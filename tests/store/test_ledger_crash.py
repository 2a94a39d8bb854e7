"""Workers die by kill -9, or run side by side: nobody is lost, and nobody gets two but where there was doubt."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.model.mail import Delivered, NewDelivery
from newsletter.store.open import Store, open_store
from tests.support.stores import REAL, SECRET, fresh_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DAY = date(2026, 11, 25)
WINDOW = 5  # started rows that a worker may have on the wire at once

_WORKER = """
import os, sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from newsletter.model.mail import Delivered
from newsletter.store.open import open_store
folder, name, window = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = open_store("sqlite:///test.db", secret="s", folder=folder).ledger
wire = os.open(folder / f"wire.{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while claim := ledger.claim(name, limit=20, now=datetime.now(UTC), lease=timedelta(seconds=1)):
    for n in range(0, len(claim.deliveries), window):
        batch = claim.deliveries[n : n + window]
        if not ledger.renew(claim, until=datetime.now(UTC) + timedelta(seconds=1)):
            break
        ledger.start([one.id for one in batch], now=datetime.now(UTC))
        for one in batch:
            os.write(wire, f"{one.subscriber_id}\\n".encode())
            time.sleep(0.001)
        ledger.settle([(Delivered(one.id), None) for one in batch], now=datetime.now(UTC))
    ledger.release(claim)
"""


def rows(many: int, first: int = 0) -> list[NewDelivery]:
    now = datetime.now(UTC)
    return [NewDelivery("digest", DAY, first + n, "{}", now + timedelta(hours=1)) for n in range(many)]


def worker(folder: Path, name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _WORKER, str(folder), name, str(WINDOW)])


def wired(folder: Path) -> list[int]:
    """The readers whose mail went out, as the wire saw it."""
    return [int(one) for file in folder.glob("wire.*") for one in file.read_text().split()]


def wait_for(many: Callable[[], int], goal: int) -> None:
    deadline = time.monotonic() + 20
    while many() < goal:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_workers_that_are_killed_lose_nobody_and_double_only_what_was_in_doubt(tmp_path: Path) -> None:
    readers, kills = 450, 0
    store = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path)
    store.ledger.queue(rows(readers), at=datetime.now(UTC))
    chance = random.Random(7)
    for turn in range(2):
        pair = [worker(tmp_path, f"{turn}{n}") for n in range(2)]
        wait_for(lambda: len(wired(tmp_path)), 120 * (turn + 1))
        time.sleep(chance.random() / 20)
        for one in pair:
            one.kill()
            kills += one.wait(timeout=10) == -9

    time.sleep(1.1)  # the dead workers' leases run out
    doubtful = [one.id for one in store.ledger.uncertain_since(now=datetime.now(UTC))]
    assert len(doubtful) <= WINDOW * kills
    assert store.ledger.resend(doubtful, now=datetime.now(UTC), not_before=datetime.now(UTC)) == len(doubtful)
    assert worker(tmp_path, "last").wait(timeout=30) == 0

    assert store.ledger.counts(now=datetime.now(UTC)) == {"sent": readers}
    store.close()
    assert kills == 4
    wire = Counter(wired(tmp_path))
    assert set(wire) == set(range(readers))
    assert max(wire.values()) <= 2
    assert sum(wire.values()) - readers <= len(doubtful)


def drain(store: Store, owner: str, got: list[int], *, over: threading.Event) -> None:
    while True:
        last = over.is_set()
        now = datetime.now(UTC)
        claim = store.ledger.claim(owner, limit=7, now=now, lease=timedelta(minutes=5))
        if claim is None:
            if last:
                return
            time.sleep(0.005)
            continue
        got += [one.subscriber_id for one in claim.deliveries]
        store.ledger.settle([(Delivered(one.id), None) for one in claim.deliveries], now=now)
        store.ledger.release(claim)


@pytest.mark.parametrize("kind", REAL)
def test_rows_queued_by_many_while_many_claim_are_each_claimed_once(kind: str, tmp_path: Path) -> None:
    """PostgreSQL numbers rows before they are committed: a frontier that passes an unseen row would lose it."""
    store = open_store(fresh_url(kind, tmp_path), secret=SECRET, folder=tmp_path)
    over = threading.Event()
    got: list[list[int]] = [[] for _ in range(3)]
    drains = [
        threading.Thread(target=drain, args=(store, f"w{n}", mine), kwargs={"over": over}) for n, mine in enumerate(got)
    ]

    def fill(first: int) -> None:
        for n in range(6):
            store.ledger.queue(rows(9, first + 9 * n), at=datetime.now(UTC))

    fills = [threading.Thread(target=fill, args=(1000 * n,)) for n in range(3)]
    for thread in (*drains, *fills):
        thread.start()
    for thread in fills:
        thread.join(timeout=30)
    over.set()
    for thread in drains:
        thread.join(timeout=30)

    assert sorted(one for mine in got for one in mine) == [1000 * n + k for n in range(3) for k in range(54)]
    assert store.ledger.counts(now=datetime.now(UTC)) == {"sent": 162}
    store.close()


@pytest.mark.parametrize("kind", REAL)
def test_no_row_is_passed_by_while_its_transaction_is_still_open(kind: str, tmp_path: Path) -> None:
    store = open_store(fresh_url(kind, tmp_path), secret=SECRET, folder=tmp_path)
    inserted, finish = threading.Event(), threading.Event()

    def slowly() -> Iterator[NewDelivery]:
        yield from rows(2000)
        inserted.set()
        finish.wait(timeout=10)
        yield from rows(1, 2000)

    claimed: list[int] = []

    def quickly() -> None:
        store.ledger.queue(rows(1, 3000), at=datetime.now(UTC))
        claimed.extend(claim_all(store))

    slow = threading.Thread(target=lambda: store.ledger.queue(slowly(), at=datetime.now(UTC)))
    slow.start()
    assert inserted.wait(timeout=10)
    quick = threading.Thread(target=quickly)
    quick.start()
    quick.join(timeout=0.3)
    finish.set()
    slow.join(timeout=20)
    quick.join(timeout=20)

    assert sorted([*claimed, *claim_all(store)]) == [*range(2001), 3000]
    store.close()


def claim_all(store: Store) -> list[int]:
    claim = store.ledger.claim("me", limit=5000, now=datetime.now(UTC), lease=timedelta(minutes=5))
    return [] if claim is None else [one.subscriber_id for one in claim.deliveries]
