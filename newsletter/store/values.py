"""How values are written down: moments as integer microseconds since 1970 UTC, days as ISO text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC. ValueError: the moment has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {moment!r}")
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=8192)
def moment(stored: int) -> datetime:
    """The inverse of `micros`, in UTC. Cached: the rows of one batch share their moments."""
    return _EPOCH + timedelta(microseconds=stored)


def micros_or_none(given: datetime | None) -> int | None:
    return None if given is None else micros(given)


def moment_or_none(stored: int | None) -> datetime | None:
    return None if stored is None else moment(stored)


@lru_cache(maxsize=4096)
def day(stored: str) -> date:
    return date.fromisoformat(stored)
