"""When a deferred message is tried again: a schedule, spread without randomness, bounded by the row's expiry."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.send.doubt import AGAIN
from newsletter.send.verdict import HINT_LEAST, HINT_MOST, cause_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from newsletter.model.mail import Deferred, Delivery

SCHEDULE = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
)
LATER = timedelta(minutes=30)  # after the schedule's last step, or that step where it is longer
GREYLIST_LEAST = timedelta(minutes=5)  # RFC 6647 5: servers want minutes, not seconds
FULL_LEAST = timedelta(hours=1)
SPREAD = 0.2
DOUBLINGS = 6  # more than any expiry leaves room for


def not_before(
    deferred: Deferred, delivery: Delivery, *, now: datetime, schedule: Sequence[timedelta]
) -> datetime | None:
    """The next time to try, or None when the row expires before it (expiry wins, RFC 5321 4.5.4.1)."""
    at = now + pause(deferred, delivery, schedule=schedule)
    return at if at < delivery.expires_at else None


def pause(deferred: Deferred, delivery: Delivery, *, schedule: Sequence[timedelta]) -> timedelta:
    """How long to wait. The spread of up to 20 % comes from the delivery's id and attempt: the same at every run.

    A server's own hint beats the schedule and is spread upwards only; greylisting and full mailboxes have a least
    pause. After silence the pause doubles at the schedule's end, since each try may be one more mail in her inbox: with
    the default schedule ten mails in twenty hours at most.
    """
    if deferred.retry_after is not None:
        wait = timedelta(seconds=min(max(deferred.retry_after, HINT_LEAST), HINT_MOST))
        return wait * (1 + SPREAD * _fraction(delivery) / 4)
    steps = schedule or SCHEDULE
    over = delivery.attempt - len(steps)
    step = steps[delivery.attempt - 1] if over <= 0 else max(steps[-1], LATER)
    if over > 0 and deferred.reply.text.startswith(AGAIN):
        step *= 2 ** min(over, DOUBLINGS)
    wait = step * (1 - SPREAD + 2 * SPREAD * _fraction(delivery))
    if deferred.reply.code:
        cause = cause_of("rcpt", deferred.reply)
        if cause == "greylist":
            wait = max(wait, GREYLIST_LEAST * (1 + SPREAD * _fraction(delivery)))
        elif cause in {"mailbox-full", "mailbox-off"}:
            wait = max(wait, FULL_LEAST * (1 + SPREAD * _fraction(delivery)))
    return wait


def _fraction(delivery: Delivery) -> float:
    digest = hashlib.blake2b(f"{delivery.id}.{delivery.attempt}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32
