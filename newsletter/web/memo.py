"""Answers that are dear to find and may be a little old."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

T = TypeVar("T")


class Memo(Generic[T]):
    """Keeps up to `capacity` values for `life` each; safe for threads, which may find one twice at the same time."""

    def __init__(self, *, life: timedelta, capacity: int) -> None:
        self._life = life
        self._capacity = capacity
        self._kept: OrderedDict[str, tuple[datetime, T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], T], *, now: datetime) -> T:
        known = self.look(key, now=now)
        return self.put(key, make(), now=now) if known is None else known

    def look(self, key: str, *, now: datetime, stale: bool = False) -> T | None:
        """What is kept and not too old; of any age, with `stale`."""
        with self._lock:
            known = self._kept.get(key)
        return known[1] if known is not None and (stale or now - known[0] < self._life) else None

    def put(self, key: str, made: T, *, now: datetime) -> T:
        with self._lock:
            self._kept[key] = (now, made)
            self._kept.move_to_end(key)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return made
