"""How values are written down: moments as integer microseconds since 1970 UTC, days as ISO text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


K = TypeVar("K")
V = TypeVar("V")


class Kept(dict[K, V], Generic[K, V]):
    """`kept[x]` is `of(x)`, worked out once: for the many rows of one answer, at a quarter of what a cache costs."""

    def __init__(self, of: Callable[[K], V]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, key: K) -> V:
        value = self[key] = self._of(key)
        return value


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC. ValueError: the moment has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {moment!r}")
    return (moment - _EPOCH) // _MICROSECOND


def fresh_moment(stored: int) -> datetime:
    """The inverse of `micros`, in UTC."""
    return _EPOCH + timedelta(0, stored // 1_000_000, stored % 1_000_000)


moment = lru_cache(maxsize=8192)(fresh_moment)  # the rows of one batch share their moments


def micros_or_none(given: datetime | None) -> int | None:
    return None if given is None else micros(given)


def moment_or_none(stored: int | None) -> datetime | None:
    return None if stored is None else moment(stored)


@lru_cache(maxsize=4096)
def day(stored: str) -> date:
    return date.fromisoformat(stored)
