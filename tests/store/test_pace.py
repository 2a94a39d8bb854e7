"""One rate for any number of workers in any number of processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from heapq import heapify, heapreplace
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.send.pace import LATE, Rate, SharedPacer
from newsletter.store.open import open_store
from newsletter.store.pace import first_turn
from tests.support.stores import REAL, SECRET, fresh_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
            lambda turns, ahead: store.pace.reserve(turns, 200.0, now=NOW + timedelta(seconds=clock), ahead=ahead),
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


def test_of_a_pause_a_fifth_of_a_second_is_caught_up(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path)
    assert [store.pace.reserve(10, 10.0, now=NOW) for _ in range(3)] == [0.0, 1.0, 2.0]
    assert store.pace.reserve(5, 10.0, now=NOW + timedelta(seconds=2)) == 1.0
    assert store.pace.reserve(10, 10.0, now=NOW + timedelta(hours=1)) == -0.2
    assert store.pace.reserve(1, 10.0, now=NOW + timedelta(hours=1), ahead=0.5) == 0.8
    assert store.pace.reserve(1, 10.0, now=NOW + timedelta(hours=2), ahead=0.5) == pytest.approx(0.3)
    store.close()


class Worker:
    """One that always has mail. It wakes late by `late`, and the database takes `slow` to answer, each in its turn; of
    every five seconds it sleeps through so many as `stall` says, with all others (`phase` 0) or at a time of its own.
    """

    def __init__(
        self,
        place: list[int],
        per_second: float,
        late: Iterable[float],
        slow: Iterable[float],
        phase: float,
        stall: float,
    ) -> None:
        self.now = 0.0
        self._late, self._slow, self._phase, self._stall = cycle(late), cycle(slow), phase, stall
        self._place, self._per_second = place, per_second
        self.pacer = SharedPacer(Rate(per_second), self._reserve, now=lambda: self.now)

    def _reserve(self, turns: float, ahead: float) -> float:
        at = round(self.now * 1e6)
        begins = first_turn(self._place[0] if self._place else None, at, ahead)
        self._place[:] = [begins + round(turns * 1e6 / self._per_second)]
        self._pass(next(self._slow))
        return (begins - at) / 1e6

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        self.now += max(0.0, self._stall - (self.now + self._phase) % 5.0)

    def act(self) -> bool:
        """Take a turn, or sleep until there is one."""
        wait = self.pacer.delay()
        if wait > 1e-9:
            self._pass(wait + next(self._late))
            return False
        self.pacer.take()
        return True


def _times(
    per_second: float,
    workers: int,
    seconds: float,
    late: Sequence[float],
    slow: Sequence[float],
    *,
    apart: float = 0.0,
    stall: float = 0.0,
) -> list[float]:
    place: list[int] = []
    crew = [
        Worker(place, per_second, late[n % len(late) :] + late[: n % len(late)], slow, n * apart, stall)
        for n in range(workers)
    ]
    heap = [(0.0, n) for n in range(workers)]
    heapify(heap)
    times: list[float] = []
    while heap[0][0] < seconds:
        one = crew[heap[0][1]]
        if one.act():
            times.append(one.now)
        heapreplace(heap, (one.now, heap[0][1]))
    return sorted(times)


def _most_beyond(times: Sequence[float], per_second: float) -> float:
    """The most turns in any stretch of time beyond so many a second."""
    most, least = 0.0, float("inf")
    for number, at in enumerate(times):
        ahead = number - per_second * at
        least = min(least, ahead)
        most = max(most, ahead - least + 1)
    return most


RATES = st.sampled_from([0.2, 1.0, 14.0, 500.0, 5000.0])
SLEEPS = st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.1, 0.3, 1.0, 8.0]), min_size=1, max_size=9)


@given(RATES, st.integers(1, 64), SLEEPS, SLEEPS)
def test_no_stretch_of_time_has_a_twentieth_too_many_whoever_wakes_late(
    per_second: float, workers: int, late: list[float], slow: list[float]
) -> None:
    """Beside a quarter of a second's worth, or one, and the first."""
    times = _times(per_second, workers, min(60.0, 3000 / per_second), late, slow)
    assert _most_beyond(times, per_second * 1.05) <= 1.05 * max(1, per_second * LATE) + 1.01


@pytest.mark.parametrize("per_second", [0.2, 1.0, 14.0, 500.0, 5000.0])
@pytest.mark.parametrize("workers", [1, 8, 64])
@pytest.mark.parametrize("apart", [0.0, 0.37])
def test_the_rate_holds_within_a_twentieth_on_a_machine_that_stalls(
    per_second: float, workers: int, apart: float
) -> None:
    """A third of a second in every five, all workers together or each for itself."""
    seconds = max(20.0, 60 / per_second)
    late = [0.0, 0.002, 0.0001, 0.01, 0.0, 0.03, 0.001]
    times = _times(per_second, workers, seconds, late, [0.002, 0.01, 0.1], apart=apart, stall=0.33)
    assert len(times) == pytest.approx(per_second * seconds, rel=0.05)
