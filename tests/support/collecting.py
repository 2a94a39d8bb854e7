"""What the tests of collecting share: a time that does not wait, and a client with small limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newsletter.collect.answers import Limits
from newsletter.collect.http import Http

NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)


class FakeTime:
    """Sleeping only moves the clock."""

    def __init__(self, start: datetime = NOON) -> None:
        self.start, self.slept = start, [0.0]

    def now(self) -> datetime:
        return self.start + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return 1_000.0 + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def client(clock: FakeTime | None = None, proxies: dict[str, str] | None = None, **limits: float) -> Http:
    """No real waiting, no jitter, and a second for what would be a minute."""
    return Http(
        contact="papers@example.org",
        clock=clock or FakeTime(),
        chance=lambda: 0.5,
        limits=Limits(**{"deadline": 5.0, "quiet": 2.0, **limits}),
        proxies=proxies or {},
    )
