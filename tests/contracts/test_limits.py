"""Limits count over windows and small values end, the same on the fake and on every database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.stores import Stores

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_limit_gives_what_it_has_and_again_when_its_window_is_over(store: Stores) -> None:
    taken = [store.limits.take([("a", 2, HOUR)], now=NOW + timedelta(minutes=n)) for n in range(3)]

    assert taken == [None, None, 0]
    assert store.limits.left("a", 2, now=NOW) == 0
    assert store.limits.take([("a", 2, HOUR)], now=NOW + HOUR) is None
    assert store.limits.left("a", 2, now=NOW + HOUR) == 1
    store.limits.clear("a")
    assert store.limits.left("a", 2, now=NOW + HOUR) == 2


def test_several_limits_are_taken_together_or_not_at_all(store: Stores) -> None:
    store.limits.take([("small", 1, HOUR)], now=NOW)

    assert store.limits.take([("large", 9, HOUR), ("small", 1, HOUR)], now=NOW) == 1
    assert store.limits.left("large", 9, now=NOW) == 9


def test_of_many_at_once_only_as_many_as_allowed_get_one(store: Stores) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: store.limits.take([("a", 3, HOUR)], now=NOW), range(16)))

    assert taken.count(None) == 3


def test_a_record_holds_until_it_ends_and_a_new_one_never_replaces_it(store: Stores) -> None:
    assert store.records.put_new("session", "k", "one", until=NOW + HOUR, now=NOW)
    assert not store.records.put_new("session", "k", "two", until=NOW + HOUR, now=NOW)
    assert store.records.get("session", "k", now=NOW) == "one"
    assert store.records.get("other", "k", now=NOW) is None
    assert store.records.get("session", "k", now=NOW + HOUR) is None
    assert store.records.put_new("session", "k", "three", until=None, now=NOW + HOUR)
    assert store.records.get("session", "k", now=NOW + timedelta(days=900)) == "three"

    store.records.put("session", "k", "four", until=None)
    assert store.records.get("session", "k", now=NOW) == "four"
    store.records.drop("session", "k", value="three")
    assert store.records.get("session", "k", now=NOW) == "four"  # it holds another value by now
    store.records.drop("session", "k", value="four")
    assert store.records.get("session", "k", now=NOW) is None
    store.records.put("session", "k", "five", until=None)
    store.records.drop("session", "k")
    assert store.records.get("session", "k", now=NOW) is None


def test_what_has_ended_is_swept(store: Stores) -> None:
    store.records.put("a", "ended", "x", until=NOW)
    store.records.put("a", "holds", "x", until=None)
    store.limits.take([("ended", 1, HOUR)], now=NOW - HOUR)
    store.limits.take([("holds", 1, HOUR)], now=NOW)

    assert store.records.sweep(now=NOW) == 2
    assert (store.records.get("a", "holds", now=NOW), store.limits.left("holds", 1, now=NOW)) == ("x", 0)
