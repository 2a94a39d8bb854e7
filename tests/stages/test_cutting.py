"""Issues are queued so that they are cheap to send."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from newsletter.model.subscriber import Subscriber
from newsletter.stages.cutting import cut_all
from tests.support.website import open_site

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2025, 11, 20)
ASOF = datetime(2025, 11, 20, 23, 59, 59, tzinfo=UTC)


def test_readers_of_the_same_issue_stand_next_to_each_other_in_the_queue(tmp_path: Path) -> None:
    site = open_site(tmp_path / "digest")
    press = site.press
    edition = press.editions.get(DAY)
    assert edition is not None
    topics = [pool.slug for pool in edition.pools][:2]
    for n in range(8):
        press.subscribers.add(Subscriber(email=f"r{n}@example.org", topics=(topics[n % 2],)))

    queued = sum(cut.queued for cut in cut_all(press, ASOF, day=DAY))
    claim = press.ledger.claim("test", limit=100, now=press.clock.now(), lease=timedelta(minutes=2))
    site.store.close()

    assert claim is not None
    payloads = [row.payload for row in claim.deliveries]
    assert len(payloads) == queued >= 8
    assert len({*payloads}) > 1
    assert [payload for payload, _ in groupby(payloads)] == sorted({*payloads})
    assert len({row.expires_at for row in claim.deliveries}) == 1
