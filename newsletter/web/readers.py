"""From a signed link to the reader it names, and mail queued for her: the web never sends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.model.mail import NewDelivery

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.mail import Kind
    from newsletter.model.subscriber import Subscriber
    from newsletter.subscribe.links import Claim, Purpose
    from newsletter.web.desk import Desk

NOTICE_LIFE = timedelta(hours=24)  # a notice that could not go out for a day is not sent late; for the two that
# hold a link to confirm, the row's end is the link's end too
COUNTED = ("confirm", "address", "link")  # a limit lets each through; others, such as a welcome, come once a day
SEVERAL = 30  # notices of one kind that one reader's day may hold


def claimed(desk: Desk, purpose: Purpose, token: str) -> tuple[Claim, Subscriber] | None:
    """The claim and its reader; None when the token is not ours or the reader is gone. Generation is not compared."""
    claim = desk.signer.read(purpose, token, desk.now())
    if claim is None:
        return None
    subscriber = desk.press.subscribers.get([claim.subscriber_id]).get(claim.subscriber_id)
    return None if subscriber is None else (claim, subscriber)


def reader(desk: Desk, purpose: Purpose, token: str) -> Subscriber | None:
    """The reader of a link that still holds: one of an older generation was revoked."""
    found = claimed(desk, purpose, token)
    if found is None or found[0].generation != found[1].generation:
        return None
    return found[1]


def queue_notice(desk: Desk, kind: Kind, subscriber_id: int, **payload: str) -> bool:
    """Queue one mail to a reader through the ledger. True when it is new."""
    now = desk.now()
    life = desk.settings.confirm_within if kind in ("confirm", "address") else NOTICE_LIFE
    row = NewDelivery(
        kind,
        _free_day(desk, kind, subscriber_id) if kind in COUNTED else now.date(),
        subscriber_id,
        json.dumps(payload, sort_keys=True),
        now + life,
    )
    return desk.press.ledger.queue([row], at=now) == 1


def _free_day(desk: Desk, kind: Kind, subscriber_id: int) -> date:
    """Today, or the next day whose place is free: who leaves and comes back on one day gets a second mail.

    A ledger row is unique by (kind, day, reader), so a notice's day is only a part of its name.
    """
    day = desk.now().date()
    for step in range(SEVERAL):
        place = day + timedelta(days=step)
        if desk.press.ledger.standing(kind=kind, day=place, subscriber_id=subscriber_id, now=desk.now()) is None:
            return place
    return day
