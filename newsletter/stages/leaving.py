"""A reader leaves: off the list at once, then one goodbye with a way back, through the ledger like all mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.model.mail import NewDelivery
from newsletter.subscribe.moves import MOVES

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.model.subscriber import Subscriber
    from newsletter.press import Press

GOODBYE_LIFE = timedelta(hours=24)  # a goodbye that comes days later reads as if nobody had listened


def leave(press: Press, reader: Subscriber, *, at: datetime) -> None:
    """Off the list; whoever left or complained before stays as she is. Doing it twice does it once."""
    if (reader.status, "leave") in MOVES and reader.status != "complained":
        press.subscribers.remove(reader.email, at=at)
        say_goodbye(press, reader, at=at)


def say_goodbye(press: Press, was: Subscriber, *, at: datetime) -> None:
    """Queue the goodbye to who was a reader until now; nobody else gets one, so no link can be made to mail twice.

    It needs an active reader to begin with, which is one who confirmed: to get a second one somebody must come back
    by a confirmation from her own inbox. A reader's day holds one at most, whatever happens at the same moment.
    """
    if was.status == "active":
        press.ledger.queue([NewDelivery("goodbye", press.edition_day(at), was.id, "{}", at + GOODBYE_LIFE)], at=at)
