"""One lane for each host: one request at a time, a pause between two, and quiet when the host asks for it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

QUIET_CAP = 120.0  # seconds we are ready to wait for a host within a run; longer means: come back with the next run

HOLD = 65.0  # seconds: longer than any request may take; who dies with a turn in hand keeps others waiting so long
LOOK = 1.0  # seconds between two looks whether the other is done


class Time(Protocol):
    """What waiting needs: tests give one that does not wait."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class RealTime:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Shared(Protocol):
    """A host's turn that all processes of a newsletter share, for hosts that ask for one connection in all."""

    def take(self, hold: float) -> float:
        """0: it is ours for `hold` seconds at most. Else the seconds for which another has it, or until it is free."""

    def give_back(self, pause: float) -> None:
        """Nobody takes it for so many seconds more."""


class TooLongError(Exception):
    """The wait would end after the budget does."""


@dataclass
class Lane:
    lock: threading.Lock = field(default_factory=threading.Lock)
    free_at: float = 0.0  # monotonic: when the last request ended
    quiet_until: float = 0.0  # monotonic: nothing is asked before
    why_quiet: str = ""


class Lanes:
    """All lanes of this process. `shared` are those that other processes of the newsletter wait in too, by name."""

    def __init__(self, clock: Time, shared: Mapping[str, Shared] | None = None) -> None:
        self._clock = clock
        self._shared = shared or {}
        self._guard = threading.Lock()
        self._lanes: dict[str, Lane] = {}

    def lane(self, name: str) -> Lane:
        with self._guard:
            return self._lanes.setdefault(name, Lane())

    @contextmanager
    def turn(self, name: str, pace: float, until: float, asker: str = "") -> Iterator[None]:
        """Hold the lane for one request, `pace` seconds after the last one ended.

        `asker` is whose quiet counts (see `hush`). Raises TooLongError when that is after `until` (monotonic).
        """
        lane, hushed = self.lane(name), self.lane(f"{name} {asker}")
        if not lane.lock.acquire(timeout=max(0.0, until - self._clock.monotonic())):
            raise TooLongError("its turn did not come in time")
        try:
            if hushed.quiet_until > until:
                raise TooLongError(hushed.why_quiet)
            ready = max(lane.free_at + pace if lane.free_at else 0.0, hushed.quiet_until)
            if ready > until:
                raise TooLongError("its turn did not come in time")
            if (wait := ready - self._clock.monotonic()) > 0:
                self._clock.sleep(wait)
            shared = self._shared.get(name)
            if shared:
                self._wait_for(shared, until)
            try:
                yield
            finally:
                lane.free_at = self._clock.monotonic()
                if shared:
                    shared.give_back(pace)
        finally:
            lane.lock.release()

    def _wait_for(self, shared: Shared, until: float) -> None:
        while (wait := shared.take(HOLD)) > 0:
            if wait > QUIET_CAP:
                raise TooLongError("the host asked another run of this newsletter for quiet")
            if self._clock.monotonic() + min(wait, LOOK) > until:
                raise TooLongError("another run of this newsletter had its turn all the time")
            self._clock.sleep(min(wait, LOOK))

    def hush(self, name: str, seconds: float, why: str, asker: str = "") -> None:
        """Ask nothing more for so many seconds. What is asked at another place of the same host goes on."""
        lane = self.lane(f"{name} {asker}")
        until = self._clock.monotonic() + seconds
        if until > lane.quiet_until:
            lane.quiet_until, lane.why_quiet = until, why
            if shared := self._shared.get(name):
                shared.give_back(seconds)


def said_now(headers: Mapping[str, str]) -> datetime | None:
    """What time it is for the server that answered: its Date (RFC 9110 6.6.1), and how long a cache kept it (Age)."""
    try:
        when = parsedate_to_datetime(headers["date"])
        age = headers.get("age", "0").strip()
        return when.replace(tzinfo=when.tzinfo or UTC) + timedelta(seconds=int(age) if len(age) < 8 else 0)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return None


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header (RFC 9110 10.2.3): digits or a date; None for junk or the past."""
    if value is None or len(value) > 60:
        return None
    raw = value.strip()
    if raw.isascii() and raw.isdigit():
        return float(raw) if len(raw) <= 12 else float("inf")
    try:
        when = parsedate_to_datetime(raw)
        seconds = (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if seconds > 0 else None
