"""What came back: evidence of what became of a mail, or of what its reader wants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

# hard: there is no such mailbox. soft: not this time. blocked: they do not want us, whoever the reader is. ours: the
# mail itself or its sender was at fault. suspended: a decision of ours, open until its probe is known.
What = Literal["hard", "soft", "blocked", "ours", "complaint", "leave", "accepted", "suspended"]
# smtp: the next hop's own answer. hook: a provider's verified webhook. dsn: a returned mail with a report (RFC 3464).
# arf: a complaint (RFC 5965). mailto: a mail to the leave address. words: guessed from prose. tend: our decision.
Way = Literal["smtp", "hook", "dsn", "arf", "mailto", "words", "tend"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that is known of one reader. Only what is `signed` may change her standing (facts: forged bounces)."""

    key: str  # the same for a report that comes twice: it is kept and acted on once
    what: What
    way: Way
    at: datetime
    subscriber_id: int = 0  # 0: nobody that we know
    delivery_key: str = ""  # `Delivery.key`, where the mail is known
    signed: bool = False
    text: str = ""  # the far end's words without addresses
    mail: str = ""  # a digest of the Message-ID of the returned mail that said so

    @property
    def day(self) -> date:
        """The day of the issue that it is about, else the day on which it came."""
        parts = self.delivery_key.split(".")
        return date.fromisoformat(parts[1]) if len(parts) == 3 else self.at.date()


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in a mailbox of returns: its name there, and its first octets (long ones are cut)."""

    name: str
    data: bytes
