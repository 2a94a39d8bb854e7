"""The legal moves of a subscriber's status, as one table: whoever is in no row may not move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from newsletter.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.model.subscriber import Status, Subscriber

Event = Literal["ask", "confirm", "lapse", "leave", "bounce", "complain", "add"]

# (from, event) -> to. A bounced or complained address comes back only by a person's hand: `subscribers add`
# after `unsuppress`. Leaving works from everywhere and twice, since a link in an old mail must always work.
MOVES: dict[tuple[Status, Event], Status] = {
    ("pending", "ask"): "pending",
    ("pending", "confirm"): "active",
    ("pending", "lapse"): "expired",
    ("pending", "leave"): "left",
    ("pending", "bounce"): "bounced",
    ("pending", "complain"): "complained",
    ("pending", "add"): "active",
    ("active", "ask"): "active",
    ("active", "confirm"): "active",
    ("active", "leave"): "left",
    ("active", "bounce"): "bounced",
    ("active", "complain"): "complained",
    ("active", "add"): "active",
    ("left", "ask"): "pending",
    ("left", "leave"): "left",
    ("left", "bounce"): "bounced",
    ("left", "complain"): "complained",
    ("left", "add"): "active",
    ("expired", "ask"): "pending",
    ("expired", "leave"): "left",
    ("expired", "complain"): "complained",
    ("expired", "add"): "active",
    ("bounced", "leave"): "left",
    ("bounced", "bounce"): "bounced",
    ("bounced", "complain"): "complained",
    ("bounced", "add"): "active",
    ("complained", "leave"): "complained",
    ("complained", "bounce"): "complained",
    ("complained", "complain"): "complained",
    ("complained", "add"): "active",
}


def move(subscriber: Subscriber, event: Event, *, at: datetime) -> Subscriber:
    """The subscriber after the event. Raises UsageError when the table has no such move."""
    to = MOVES.get((subscriber.status, event))
    if to is None:
        raise UsageError(f"A subscriber who is {subscriber.status} cannot {event}.")
    confirmed = at if to == "active" and subscriber.status != "active" else subscriber.confirmed_at
    return replace(subscriber, status=to, confirmed_at=confirmed)
