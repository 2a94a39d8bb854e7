"""A reader's change of address: a waiting row at the new one, which becomes hers once she confirms there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.errors import AddressError
from newsletter.subscribe.moves import MOVES
from newsletter.web import signup
from newsletter.web.readers import queue_notice

if TYPE_CHECKING:
    from newsletter.model.subscriber import Subscriber
    from newsletter.web.desk import Desk

CHANGE = "change of address"  # how the last consent of a waiting row begins
MOVING, MOVED = "moving", "moved"  # records: waiting row's id -> the reader's id
REMEMBERED = timedelta(days=30)


def ask_for(desk: Desk, who: Subscriber, email: str) -> None:
    """Queue a confirmation to the new address, within its limits; nothing of the reader changes yet."""
    people, now = desk.press.subscribers, desk.now()
    if who.status != "active" or people.suppressed([email]) or not signup.take_address(desk, email):
        return
    there = people.by_email(email)
    if there is None:
        there = _add(desk, who, email)
        if there is None:
            return
    elif there.status == "active":
        if there.id != who.id:
            queue_notice(desk, "link", there.id)
        return
    elif (there.status, "ask") not in MOVES:
        return
    else:
        again = signup.ask_again(desk, there, CHANGE)
        people.update(again, there)
        there = again
    desk.records.put(MOVING, str(there.id), str(who.id), until=now + desk.settings.confirm_within)
    queue_notice(desk, "address", there.id)


def mover(desk: Desk, waiting: Subscriber) -> Subscriber | None:
    """The active reader who wants to move to this waiting row's address, if it is one."""
    return _reader(desk, MOVING, waiting.id)


def waits(row: Subscriber) -> bool:
    """Whether this row is only the place that a reader wants to move to, and no sign-up of its own."""
    return row.status == "pending" and row.consent.rpartition("; ")[2].startswith(CHANGE)


def moved(desk: Desk, waiting_id: int) -> Subscriber | None:
    """The reader who has moved to what was this waiting row's address."""
    return _reader(desk, MOVED, waiting_id)


def move_to(desk: Desk, who: Subscriber, waiting: Subscriber) -> Subscriber:
    """The reader at her new address, with her history; links in mails to the old one no longer hold."""
    people, now = desk.press.subscribers, desk.now()
    consent = f"{who.consent}, address changed {now:%Y-%m-%dT%H:%M:%SZ}"
    there = replace(who, email=waiting.email, generation=who.generation + 1, consent=consent)
    desk.records.put(MOVED, str(waiting.id), str(who.id), until=now + REMEMBERED)
    desk.records.drop(MOVING, str(waiting.id))
    people.erase(waiting.email)
    people.update(there, who)
    signup.proven(desk, waiting.email)
    return there


def _add(desk: Desk, who: Subscriber, email: str) -> Subscriber | None:
    now = desk.now()
    consent = signup.asked_now(desk, CHANGE)
    try:
        return desk.press.subscribers.add(
            replace(who, id=0, email=email, status="pending", created_at=now, confirmed_at=None, consent=consent)
        )
    except AddressError:
        return None


def _reader(desk: Desk, kind: str, waiting_id: int) -> Subscriber | None:
    found = desk.records.get(kind, str(waiting_id), now=desk.now())
    who = desk.press.subscribers.get([int(found)]).get(int(found)) if found else None
    return who if who is not None and who.status == "active" else None
