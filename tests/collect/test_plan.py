"""Which days are asked for, and when a list counts as finished."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.collect.plan import days_wanted
from newsletter.collect.settle import Settled, settled
from newsletter.model.paper import Poll

DAY = date(2026, 1, 20)
MAYBE = "and may still grow"
NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)

HAD = "the list of 2026-01-20 had"


def days(*numbers: int) -> tuple[date, ...]:
    return tuple(date(2026, 1, n) for n in numbers)


@pytest.mark.parametrize(
    ("answered", "wanted"),
    [
        ((), (17, 18, 19, 20)),
        ((17, 18, 19), (19, 20)),
        ((17, 18, 19, 20), (19, 20)),
        ((10,), (11, 12, 13, 14, 15, 16, 17, 18, 19, 20)),
        ((10, 12, 14, 15, 16), (11, 13, 17, 18, 19, 20)),
        ((19,), (17, 18, 19, 20)),
        ((25,), (17, 18, 19, 20)),
    ],
)
def test_missed_days_are_asked_oldest_first(answered: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    assert days_wanted(True, frozenset(days(*answered)), NOON, lookback_days=3) == days(*wanted)


def test_a_source_without_days_is_asked_for_today() -> None:
    assert days_wanted(False, frozenset(), NOON, lookback_days=3) == (DAY,)


@given(st.frozensets(st.integers(-90, 10).map(lambda n: DAY + timedelta(days=n)), max_size=60), st.integers(0, 10))
def test_a_plan_never_looks_ahead_nor_behind_its_horizon(answered: frozenset[date], lookback: int) -> None:
    found = days_wanted(True, answered, NOON, lookback_days=lookback, horizon_days=30)
    assert list(found) == sorted(set(found))
    assert all(DAY - timedelta(days=30) <= day <= DAY for day in found)
    assert DAY in found


def polls(*seen: tuple[str, int]) -> list[Poll]:
    return [Poll("hf", DAY, size, datetime.fromisoformat(f"2026-01-{when}:00+00:00")) for when, size in seen]


@pytest.mark.parametrize(
    ("seen", "now", "verdict"),
    [
        ((), "21T02:00", Settled(True, "the list of 2026-01-20 is closed")),
        ((("20T23:00", 40),), "21T01:59", Settled(True, f"{HAD} 40 papers at 23:00 UTC: enough for an edition")),
        ((), "20T12:00", Settled(False, "the list of 2026-01-20 has not been seen yet")),
        ((), "19T12:00", Settled(False, "the list of 2026-01-20 has not begun")),
        ((("20T02:01", 3),), "20T02:01", Settled(False, f"{HAD} 3 papers at 02:01 UTC {MAYBE}")),
        ((("20T03:00", 12),), "20T03:00", Settled(False, f"{HAD} 12 papers at 03:00 UTC {MAYBE}")),
        ((("20T06:00", 10),), "20T06:00", Settled(True, f"{HAD} 10 papers at 06:00 UTC: enough for an edition")),
        (
            (("20T03:00", 8), ("20T04:00", 8)),
            "20T04:00",
            Settled(True, f"{HAD} 8 papers at 04:00 UTC and has stopped growing"),
        ),
        ((("20T03:00", 8), ("20T03:50", 8)), "20T03:50", Settled(False, f"{HAD} 8 papers at 03:50 UTC {MAYBE}")),
        ((("20T03:00", 0), ("20T05:00", 0)), "20T05:00", Settled(False, f"{HAD} 0 papers at 05:00 UTC {MAYBE}")),
        (
            (("20T06:00", 0), ("20T07:00", 0)),
            "20T07:00",
            Settled(True, f"{HAD} 0 papers at 07:00 UTC and has stopped growing"),
        ),
        ((("20T03:00", 8), ("20T13:00", 9)), "20T04:30", Settled(False, f"{HAD} 8 papers at 03:00 UTC {MAYBE}")),
    ],
)
def test_a_list_is_finished_when_it_is_over_full_or_no_longer_growing(
    seen: tuple[tuple[str, int], ...], now: str, verdict: Settled
) -> None:
    assert settled(polls(*seen), DAY, datetime.fromisoformat(f"2026-01-{now}:00+00:00")) == verdict
