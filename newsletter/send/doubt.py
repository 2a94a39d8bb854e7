"""Was a mail sent into silence before? The text of its last answer says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.model.mail import Delivery
    from newsletter.ports import Ledger

# Begins the text of a deferral that follows a missing answer; found again, the mail is not sent twice more.
AGAIN = "uncertain: "


def was_silent(ledger: Ledger, delivery: Delivery, now: datetime) -> bool:
    standing = ledger.standing(kind=delivery.kind, day=delivery.day, subscriber_id=delivery.subscriber_id, now=now)
    return standing is not None and standing.reply is not None and standing.reply.text.startswith(AGAIN)
