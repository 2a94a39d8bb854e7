"""Rate limits such as "14/s": a token bucket on a monotonic clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SHARERS = 2  # a shared block is smaller: several processes wait for theirs at once
BURST = 0.25  # seconds of the rate that may be caught up at once after a pause


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages per second."""

    per_second: float


class Pacer:
    """Gives out one token a message; starts with a single token so that no run begins with a burst."""

    def __init__(
        self,
        rate: Rate,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = rate.per_second
        self._most = max(1.0, rate.per_second * BURST)
        self._now = now
        self._sleep = sleep
        self._tokens = 1.0
        self._at = now()

    def delay(self) -> float:
        """Seconds until the next token is there; 0 when one can be taken."""
        now = self._now()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        return max(0.0, (1 - self._tokens) / self._per_second)

    def take(self) -> None:
        """Wait for a token and take it."""
        while (wait := self.delay()) > 1e-9:
            self._sleep(wait)
        self._tokens -= 1


class SharedPacer:
    """The same for many processes: turns come in blocks of `BURST` seconds from a place that all of them ask.

    `reserve(turns)` gives the seconds until the first of them.
    """

    def __init__(
        self,
        rate: Rate,
        reserve: Callable[[int], float],
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / rate.per_second
        self._block = max(1, int(rate.per_second * BURST / SHARERS))
        self._reserve, self._now, self._sleep = reserve, now, sleep
        self._left = 0
        self._next = 0.0

    def delay(self) -> float:
        """Seconds until the next turn; 0 when one can be taken."""
        now = self._now()
        if not self._left:
            self._left, self._next = self._block, now + self._reserve(self._block)
        return max(self._next - now, 0.0)

    def take(self) -> None:
        """Wait for a turn and take it."""
        while (wait := self.delay()) > 1e-9:
            self._sleep(wait)
        self._left -= 1
        self._next += self._gap
