"""Was a mail sent into silence before, and how often? The text of its last answer says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.model.mail import Delivery
    from newsletter.ports import Ledger

# Begins the text of a deferral that follows a missing answer; found again, the mail is not sent a third time.
AGAIN = "uncertain: "
BEHIND = "behind a mail without an answer: "  # sent again however often: the silence was not about this one
HUNG_UP = "the server closed the connection after it had taken mail"
GARBAGE = "the server does not speak SMTP"
TWICE = "uncertain twice: "


def last_words(ledger: Ledger, delivery: Delivery, now: datetime) -> str:
    """The text of the row's last answer, blank when there was none."""
    standing = ledger.standing(kind=delivery.kind, day=delivery.day, subscriber_id=delivery.subscriber_id, now=now)
    return standing.reply.text if standing is not None and standing.reply is not None else ""
