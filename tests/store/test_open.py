"""A database is made at first use, private to its owner, and brought to the shape that the tables describe."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.mail import Delivered, NewDelivery
from newsletter.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


def test_a_new_database_is_made_for_its_owner_alone_and_keeps_what_it_is_given(tmp_path: Path) -> None:
    store = open_store("sqlite:///subscribers.db", secret="s", folder=tmp_path)
    row = NewDelivery("digest", date(2026, 11, 25), 7, "{}", NOW + timedelta(hours=20))

    assert store.ledger.queue([row], at=NOW) == 1
    claim = store.ledger.claim("me", limit=10, now=NOW, lease=timedelta(minutes=1))
    assert claim is not None
    store.ledger.settle([(Delivered(one.id), None) for one in claim.deliveries], now=NOW)

    assert store.ledger.counts(now=NOW) == {"sent": 1}
    assert store.check() == ()
    store.close()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
