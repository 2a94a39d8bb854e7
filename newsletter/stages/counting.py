"""How many readers there are, written down once a day: a table tells who is there now, not who was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.mail import Note
    from newsletter.press import Press

READERS = "readers"  # records: ISO day of the newsletter's zone -> active readers
REMEMBERED = timedelta(days=800)


def count_readers(press: Press) -> tuple[Note, ...]:
    """Today's count; a later one of the same day takes its place."""
    if press.records is not None:
        now = press.clock.now()
        active = press.subscribers.counts().get("active", 0)
        press.records.put(READERS, press.edition_day(now).isoformat(), str(active), until=now + REMEMBERED)
    return ()
