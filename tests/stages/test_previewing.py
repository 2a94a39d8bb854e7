"""A preview shows what goes out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.stages.cutting import cut_block
from newsletter.stages.previewing import Chosen, choose
from tests.support.website import open_site

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2025, 11, 20)
ASOF = datetime(2025, 11, 20, 23, 59, 59, tzinfo=UTC)


def test_a_preview_is_ordered_by_the_readers_taste_as_her_mail_is(tmp_path: Path) -> None:
    site = open_site(tmp_path / "digest")
    press = site.press
    who = press.subscribers.add(Subscriber(email="ada@example.org", created_at=ASOF - timedelta(days=9)))
    assert who is not None
    plain = choose(press, DAY, ASOF, email=who.email)
    edition = press.editions.get(DAY)
    assert edition is not None
    for pool in edition.pools:
        for pick in pool.picks[-2:]:
            press.subscribers.say(Feedback(who.id, pick.paper_id, "more", ASOF - timedelta(days=1)))

    seen = choose(press, DAY, ASOF, email=who.email)
    ((_, _, mailed),) = cut_block(press, [who], ASOF, day=DAY).issues
    site.store.close()

    assert isinstance(seen, Chosen)
    assert isinstance(plain, Chosen)
    assert seen.issue.sections == mailed.sections != plain.issue.sections
