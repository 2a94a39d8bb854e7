"""The operator's switch: sending may be paused and resumed; nothing queued is lost by it."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.ports import Records
    from newsletter.press import Press

LOOK = 1.0  # seconds
KIND, KEY = "switch", "sending"


def pause(records: Records, *, at: datetime) -> None:
    """Stop claiming. What is queued stays queued; a pause that is on already keeps its time."""
    records.put_new(KIND, KEY, at.isoformat(), until=None, now=at)


def resume(records: Records) -> None:
    records.drop(KIND, KEY)


def paused(records: Records | None, *, now: datetime) -> datetime | None:
    """Since when sending is paused, or None."""
    found = records.get(KIND, KEY, now=now) if records is not None else None
    return datetime.fromisoformat(found) if found else None


def watched(press: Press, stop: Callable[[], bool]) -> Callable[[], bool]:
    """`stop`, and the switch beside it, looked at once a second at most: a drain asks for every message."""
    looked, off = time.monotonic(), False

    def asked() -> bool:
        nonlocal looked, off
        now = time.monotonic()
        if now - looked >= LOOK:
            looked, off = now, paused(press.records, now=press.clock.now()) is not None
        return off or stop()

    return asked
