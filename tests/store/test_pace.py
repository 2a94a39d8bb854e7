"""One rate for any number of workers in any number of processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.send.pace import Rate, SharedPacer
from newsletter.store.open import open_store
from tests.support.stores import REAL, SECRET, fresh_url

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SECONDS = 5.0


@pytest.mark.parametrize("kind", REAL)
@pytest.mark.parametrize("workers", [1, 8, 64])
def test_the_rate_holds_within_a_twentieth_for_any_number_of_workers(kind: str, workers: int, tmp_path: Path) -> None:
    """On a clock of our own: workers that always have mail, at 200 a second."""
    store = open_store(fresh_url(kind, tmp_path), secret=SECRET, folder=tmp_path)
    clock = 0.0
    pacers = [
        SharedPacer(
            Rate(200.0),
            lambda turns: store.pace.reserve(turns, 200.0, now=NOW + timedelta(seconds=clock)),
            now=lambda: clock,
        )
        for _ in range(workers)
    ]
    sent = 0
    while clock < SECONDS:
        for pacer in pacers:
            while pacer.delay() <= 0:
                pacer.take()
                sent += 1
        clock += 0.005
    assert sent == pytest.approx(200 * SECONDS, rel=0.05)
    store.close()


def test_of_a_pause_a_quarter_of_a_second_is_caught_up(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path)
    assert [store.pace.reserve(10, 10.0, now=NOW) for _ in range(3)] == [0.0, 1.0, 2.0]
    assert store.pace.reserve(5, 10.0, now=NOW + timedelta(seconds=2)) == 1.0
    assert store.pace.reserve(10, 10.0, now=NOW + timedelta(hours=1)) == -0.25
    assert store.pace.reserve(1, 10.0, now=NOW + timedelta(hours=1)) == 0.75
    store.close()
