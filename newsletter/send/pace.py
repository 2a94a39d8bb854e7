"""Rate limits such as "14/s": a token bucket on a monotonic clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BURST = 0.25  # seconds of the rate that may be caught up at once after a pause
LATE = 0.25  # seconds after its time that a shared turn may still be taken, or until the next one's time
SHARERS = 2  # a shared block is smaller: several processes wait for theirs at once
REPAY = 0.0244  # of a block: 1 / (1 - REPAY) is 1.025 times the rate
OWED = 5.0  # seconds of the rate that come back so, at most


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
    """The same for many processes: turns come in blocks from a place that all of them ask.

    `reserve(turns, ahead)` gives the seconds until the first of them; none of them begins before `ahead` seconds from
    now. A turn is good until LATE after its time, and whoever wakes later has lost it: so in any W seconds no more
    than 1.025 * (rate * W + max(1, rate * LATE)) + 1 are taken, by any number of workers, whatever they sleep through.
    What is lost comes back a little closer together, REPAY of each block; who loses turns takes fewer at once.
    """

    def __init__(
        self,
        rate: Rate,
        reserve: Callable[[float, float], float],
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = rate.per_second
        self._most = max(1, int(rate.per_second * LATE / SHARERS))
        self._late = max(LATE, 1 / rate.per_second)
        self._reserve, self._now, self._sleep = reserve, now, sleep
        self._block = self._most
        self._owed = 0.0  # turns that were lost
        self._left = 0
        self._next, self._gap = 0.0, 0.0
        self._slow = 0.0  # seconds that answers take, when they come too late for their turns

    def delay(self) -> float:
        """Seconds until the next turn; 0 when one can be taken."""
        while True:
            now = self._now()
            self._lose(now)
            if self._left:
                return max(self._next - now, 0.0)
            self._ask(now)

    def take(self) -> None:
        """Wait for a turn and take it."""
        while (wait := self.delay()) > 1e-9:
            self._sleep(wait)
        self._left -= 1
        self._next += self._gap

    def _lose(self, now: float) -> None:
        late = now - self._late - self._next
        if not self._left or late <= 0:
            return
        lost = min(self._left, int(late / self._gap) + 1)
        self._left -= lost
        self._next += lost * self._gap
        self._owed = min(self._owed + lost, max(1.0, self._per_second * OWED))
        self._block = max(1, self._block // 2)

    def _ask(self, now: float) -> None:
        """For a block of turns; for a later one, if the answer comes too late for the first of them."""
        self._block = min(self._most, self._block + 1 + self._block // 8)
        back = min(self._owed, self._block * REPAY)
        self._owed -= back
        self._next = now + self._reserve(self._block - back, self._slow)
        self._left, self._gap = self._block, (self._block - back) / self._block / self._per_second
        came = self._now()
        lost = came - self._next > self._late
        self._slow = min(came - now, max(LATE, 2 * self._slow)) if lost else 0.0
