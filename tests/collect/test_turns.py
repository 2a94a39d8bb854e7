"""A host that wants one connection in all is asked by one process at a time, after its pause, whoever asked last."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.collect.pace import Lanes, TooLongError
from newsletter.errors import BusyError
from newsletter.process import myself
from newsletter.stages import turns
from newsletter.stages.turns import Turns
from tests.support.collecting import NOON, FakeTime
from tests.support.fake_web import FakeRecords

if TYPE_CHECKING:
    from datetime import datetime

HOST = "arxiv.org"
DEAD = myself().replace(f" {os.getpid()}.", " 0.")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    time = FakeTime()
    monkeypatch.setattr(turns, "_now", time.now)
    return time


def process(clock: FakeTime, records: FakeRecords) -> Lanes:
    return Lanes(clock, {HOST: Turns(records, HOST)})


def test_two_processes_take_turns_with_the_pause_between_them(clock: FakeTime) -> None:
    records = FakeRecords()
    one, other = process(clock, records), process(clock, records)
    asked = []
    for lanes in (one, other, one, other):
        with lanes.turn(HOST, 3.0, clock.monotonic() + 60):
            asked.append((clock.now() - NOON).total_seconds())
            clock.sleep(10)  # the host is slow
    assert asked == [0, 13, 26, 39]


def test_while_one_process_asks_the_other_waits_as_long_as_it_may_and_then_says_so(clock: FakeTime) -> None:
    records = FakeRecords()
    with (
        process(clock, records).turn(HOST, 3.0, clock.monotonic() + 60),
        pytest.raises(TooLongError, match="another run"),
        process(clock, records).turn(HOST, 3.0, clock.monotonic() + 20),
    ):
        pass
    assert 19 <= (clock.now() - NOON).total_seconds() <= 21


def test_a_process_that_was_killed_in_its_turn_keeps_those_of_its_machine_waiting_for_nothing(clock: FakeTime) -> None:
    """Those of another machine, who cannot know, wait for a minute."""
    for owner, least, most in ((DEAD, 0, 0), ("elsewhere 7.a.b.c", 64, 66)):
        began, records = clock.now(), FakeRecords()
        ends = began + timedelta(seconds=65)
        records.put("turn", HOST, f"{ends.timestamp()} {owner}", until=ends)
        with process(clock, records).turn(HOST, 3.0, clock.monotonic() + 600):
            assert least <= (clock.now() - began).total_seconds() <= most


def test_the_quiet_that_a_host_asked_of_one_process_is_kept_by_all(clock: FakeTime) -> None:
    records = FakeRecords()
    process(clock, records).hush(HOST, 600, "too many requests (429)")
    with (
        pytest.raises(TooLongError, match="quiet"),
        process(clock, records).turn(HOST, 3.0, clock.monotonic() + 600),
    ):
        pass
    assert clock.now() == NOON
    clock.sleep(timedelta(minutes=10).total_seconds())
    with process(clock, records).turn(HOST, 3.0, clock.monotonic() + 1):
        pass


def test_a_short_rest_before_a_retry_does_not_shorten_the_pause_for_all(clock: FakeTime) -> None:
    records = FakeRecords()
    one, other = process(clock, records), process(clock, records)
    with one.turn(HOST, 3.0, clock.monotonic() + 60):
        pass
    one.hush(HOST, 1.5, "503")
    with other.turn(HOST, 3.0, clock.monotonic() + 60):
        assert (clock.now() - NOON).total_seconds() >= 3


def test_of_two_that_find_a_dead_one_s_turn_at_once_one_asks(clock: FakeTime) -> None:
    class Between(FakeRecords):
        """Another process finds the dead one between our look and what we do about it."""

        other: float | None = None

        def get(self, kind: str, key: str, *, now: datetime) -> str | None:
            found = super().get(kind, key, now=now)
            if self.other is None and found and found.endswith(DEAD):
                self.other = 1.0
                self.other = Turns(self, HOST).take(65.0)
            return found

    records, ends = Between(), clock.now() + timedelta(seconds=65)
    records.put("turn", HOST, f"{ends.timestamp()} {DEAD}", until=ends)
    assert Turns(records, HOST).take(65.0) > 0
    assert records.other == 0.0


def test_a_database_that_is_locked_keeps_nobody_from_asking(clock: FakeTime) -> None:
    class Locked(FakeRecords):
        def put(self, *_: object, **__: object) -> None:
            raise BusyError("locked")

        def put_new(self, *_: object, **__: object) -> bool:
            raise BusyError("locked")

    with process(clock, Locked()).turn(HOST, 3.0, clock.monotonic() + 1):
        pass
