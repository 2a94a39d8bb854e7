"""Who asks to be forgotten is in no table any more, while the counts of the days she was mailed stay true."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.model.edition import Silence
from newsletter.model.mail import Deferred, Delivered, NewDelivery, Refused, Reply
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.store.ledger_tables import deliveries
from newsletter.store.open import open_store
from newsletter.store.tables import metadata
from tests.support.stores import REAL, SECRET, fresh_url

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.store.open import Store

DAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
EMAIL = "Eve.Example@secret.example"


def everything(store: Store) -> str:
    with store.database.reading() as connection:
        return "\n".join(
            str(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(table.select())
        )


@pytest.mark.parametrize("kind", REAL)
def test_nothing_that_tells_of_her_is_left_in_any_table(kind: str, tmp_path: Path) -> None:
    store = open_store(fresh_url(kind, tmp_path), secret=SECRET, folder=tmp_path)
    eve = store.subscribers.add(Subscriber(email=EMAIL, name="Eve", consent="web form from eve's lab"))
    assert eve is not None
    store.subscribers.say(Feedback(eve.id, "2611.12345", "more", NOW))
    for kind_ in ("digest", "address", "link"):
        row = NewDelivery(kind_, DAY, eve.id, f'{{"to": "{EMAIL}", "2611.12345": 1}}', NOW + timedelta(hours=1))  # type: ignore[arg-type]
        store.ledger.queue([row], at=NOW)
    claim = store.ledger.claim("me", limit=9, now=NOW, lease=timedelta(minutes=1))
    assert claim is not None
    one, two, three = (each.id for each in claim.deliveries)
    reply = Reply(550, "5.1.1", f"<{EMAIL}> unknown")
    store.ledger.settle(
        [(Delivered(one, reply), None), (Refused(two, reply, "address"), None), (Deferred(three, reply), NOW)], now=NOW
    )
    store.ledger.record_silences([Silence(eve.id, DAY, "left", "Eve left.")], at=NOW)
    assert everything(store).lower().count("eve") > 5

    store.subscribers.forget(EMAIL, at=NOW)

    left = everything(store)
    assert "eve" not in left.lower()
    assert "2611.12345" not in left
    assert store.ledger.counts(now=NOW) == {"sent": 1, "refused": 1, "deferred": 1}
    with store.database.reading() as connection:
        assert connection.execute(deliveries.select()).first() is not None
    store.close()
