"""What the web pages count and remember, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta


class FakeLimits:
    """The port `Limits`."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[int, datetime]] = {}

    def take(self, asks: Sequence[tuple[str, int, timedelta]], *, now: datetime) -> int | None:
        counts = {key: row for key, row in self.rows.items() if row[1] > now}
        for place, (key, limit, _) in enumerate(asks):
            if counts.get(key, (0, now))[0] >= limit:
                return place
        for key, _, window in asks:
            taken, ends_at = counts.get(key, (0, now + window))
            self.rows[key] = (taken + 1, ends_at)
        return None

    def left(self, key: str, limit: int, *, now: datetime) -> int:
        taken, ends_at = self.rows.get(key, (0, now))
        return max(limit - (taken if ends_at > now else 0), 0)

    def clear(self, key: str) -> None:
        self.rows.pop(key, None)


class FakeRecords:
    """The port `Records`; sweeps the limits that it is given too."""

    def __init__(self, limits: FakeLimits | None = None) -> None:
        self.limits = limits or FakeLimits()
        self.rows: dict[tuple[str, str], tuple[str, datetime | None]] = {}

    def get(self, kind: str, key: str, *, now: datetime) -> str | None:
        value, until = self.rows.get((kind, key), ("", now))
        return value if until is None or until > now else None

    def put(self, kind: str, key: str, value: str, *, until: datetime | None) -> None:
        self.rows[kind, key] = (value, until)

    def put_new(self, kind: str, key: str, value: str, *, until: datetime | None, now: datetime) -> bool:
        if self.get(kind, key, now=now) is not None:
            return False
        self.put(kind, key, value, until=until)
        return True

    def drop(self, kind: str, key: str, *, value: str | None = None) -> None:
        if value is None or self.rows.get((kind, key), ("", None))[0] == value:
            self.rows.pop((kind, key), None)

    def sweep(self, *, now: datetime) -> int:
        ended = [key for key, (_, until) in self.rows.items() if until is not None and until <= now]
        over = [key for key, (_, until) in self.limits.rows.items() if until <= now]
        for key in ended:
            del self.rows[key]
        for name in over:
            del self.limits.rows[name]
        return len(ended) + len(over)
