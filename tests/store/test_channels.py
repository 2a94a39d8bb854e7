"""The ledger of channels on every database: one post a channel and day, leases, and one second try after silence."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.model.mail import Deferred, Delivered, Refused, Reply, Uncertain
from newsletter.store.open import Store, open_store
from tests.support.stores import REAL, SECRET, fresh_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.model.channel import Entry

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
LEASE = timedelta(minutes=5)


@pytest.fixture(params=REAL)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(fresh_url(request.param, tmp_path), secret=SECRET, folder=tmp_path)
    yield opened
    opened.close()


def claim(store: Store, at: datetime = NOW, *, owner: str = "me", resend: bool = True) -> Entry | None:
    return store.channels.claim(owner, ["lab"], now=at, lease=LEASE, resend=resend)


def queued(store: Store) -> bool:
    return store.channels.queue("lab", DAY, at=NOW, expires_at=NOW + timedelta(hours=20))


def states(store: Store, at: datetime = NOW) -> list[str]:
    return [entry.state for entry in store.channels.latest(["lab"], now=at, limit=10)]


def test_a_channel_has_one_post_a_day_whatever_became_of_it(store: Store) -> None:
    assert [queued(store), queued(store)] == [True, False]
    entry = claim(store)
    assert entry is not None
    assert (entry.key, entry.state, entry.attempts) == ("channel.2026-11-20.lab", "claimed", 1)
    assert store.channels.settle(Delivered(entry.id), "me", None, now=NOW)
    assert (queued(store), claim(store), states(store)) == (False, None, ["sent"])


def test_what_is_held_is_nobody_elses_until_the_lease_runs_out_or_its_holder_is_dead(store: Store) -> None:
    queued(store)
    first = claim(store)
    assert first is not None
    assert claim(store, owner="other") is None
    assert store.channels.holders(now=NOW) == ("me",)
    later = NOW + LEASE
    second = claim(store, later, owner="other")
    assert second is not None
    assert not store.channels.start(first, "me", now=later)
    assert store.channels.start(second, "other", now=later)
    store.channels.disown("other", now=later)
    assert states(store, later) == ["uncertain"]


def test_whoever_lost_the_post_to_another_changes_nothing_with_a_late_answer(store: Store) -> None:
    queued(store)
    first = claim(store)
    later = NOW + LEASE
    second = claim(store, later, owner="other")
    assert first is not None
    assert second is not None
    assert store.channels.start(second, "other", now=later)
    assert not store.channels.settle(Deferred(first.id, Reply(503, "", "no")), "me", later, now=later)
    assert states(store, later) == ["sending"]
    assert store.channels.settle(Delivered(second.id), "other", None, now=later)
    assert not store.channels.settle(Refused(second.id, Reply(404), "message"), "other", None, now=later)
    assert states(store, later) == ["sent"]


def test_channels_that_are_not_asked_for_take_no_place_of_those_that_are(store: Store) -> None:
    queued(store)
    for name in "abcdef":
        store.channels.queue(name, DAY + timedelta(days=1), at=NOW, expires_at=NOW + LEASE)
    found = store.channels.latest(["lab"], now=NOW, limit=1)
    assert [(entry.channel, entry.day) for entry in found] == [("lab", DAY)]


def test_a_try_that_failed_comes_again_at_its_time(store: Store) -> None:
    queued(store)
    entry = claim(store)
    assert entry is not None
    at = NOW + timedelta(minutes=2)
    store.channels.settle(Deferred(entry.id, Reply(503, "", "no")), "me", at, now=NOW)
    assert claim(store, at - timedelta(seconds=1)) is None
    again = claim(store, at)
    assert again is not None
    assert again.attempts == 2
    store.channels.settle(Refused(entry.id, Reply(404, "", "gone"), "message"), "me", None, now=at)
    assert (claim(store, at + timedelta(days=1)), states(store)) == (None, ["refused"])


@pytest.mark.parametrize("silence", ["no answer", "killed"])
def test_a_post_into_silence_is_tried_once_more_and_only_when_that_is_wanted(store: Store, silence: str) -> None:
    queued(store)
    at = NOW
    for _ in range(2):
        entry = claim(store, at)
        assert entry is not None
        assert store.channels.start(entry, "me", now=at)
        if silence == "killed":
            at += LEASE
        else:
            store.channels.settle(Uncertain(entry.id, Reply(0)), "me", None, now=at)
        assert claim(store, at, resend=False) is None
    assert claim(store, at) is None
    assert states(store, at) == ["uncertain"]


def test_of_many_at_once_one_gets_the_post(store: Store) -> None:
    queued(store)
    got: list[Entry | None] = []
    threads = [threading.Thread(target=lambda n=n: got.append(claim(store, owner=f"w{n}"))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None for one in got) == 1
