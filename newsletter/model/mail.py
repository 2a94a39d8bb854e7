"""Mail: ledger rows, messages and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, datetime

Kind = Literal["digest", "confirm", "welcome", "goodbye", "link", "address", "notice", "test"]


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A ledger row about to be queued; unique per (kind, day, subscriber)."""

    kind: Kind
    day: date
    subscriber_id: int
    payload: str  # JSON: for a digest the editions and picks, never the body
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A ledger row as claimed. `attempt` counts from 1; `created_at` is the message's Date at every try."""

    id: int
    kind: Kind
    day: date
    subscriber_id: int
    payload: str
    created_at: datetime
    expires_at: datetime
    attempt: int = 1

    @property
    def key(self) -> str:
        """What the Message-ID and the bounce address are made from: the same at every try."""
        return f"{_stem(self.kind, self.day)}{self.subscriber_id}"


@lru_cache(maxsize=256)
def _stem(kind: str, day: date) -> str:
    return f"{kind}.{day.isoformat()}."


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on some deliveries: nobody else has them until it runs out."""

    lease_id: int
    owner: str
    until: datetime
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every mail of this newsletter has in common."""

    name: str
    sender: str  # header From: `Name <address>`
    reply_to: str
    base_url: str  # no trailing slash
    postal_address: str
    bounce_domain: str
    list_id: str  # `Name <slug.domain>` without encoded words

    @property
    def address(self) -> str:
        """The bare address of the sender."""
        return _bare(self.sender)

    @property
    def unsubscribe_address(self) -> str:
        """Where `mailto:` leavers write to: the bounce domain when there is one, else where replies go."""
        return f"leave@{self.bounce_domain}" if self.bounce_domain else _bare(self.reply_to or self.sender)


@lru_cache(maxsize=64)
def _bare(mailbox: str) -> str:
    """Without the name. Cached: it is asked for with every mail."""
    return parseaddr(mailbox)[1]


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A new sending address makes itself known: `first` mails on `start`, and each day `growth` times as many."""

    first: int
    start: date
    growth: float

    def cap(self, day: date) -> int | None:
        """The most mails of that day; 0 before the start, None once it is beyond any list."""
        days = (day - self.start).days
        if days < 0:
            return 0
        most = self.first * self.growth ** min(days, 400)
        return int(most) if most < 1e7 else None

    def __str__(self) -> str:
        return f"{self.first} from {self.start.isoformat()}, x{self.growth:g} a day"


@dataclass(frozen=True, slots=True)
class RelayTrouble:
    """A relay that others had to stand in for. `lasting`: a person must look, trying again does not help."""

    where: str
    said: str
    lasting: bool


@dataclass(frozen=True, slots=True)
class ReaderLinks:
    """One reader's signed links, made by `subscribe` and only placed by `compose`."""

    unsubscribe: str
    preferences: str
    view: str
    unsubscribe_mailto: str = ""
    feedback: str = ""  # a prefix: `{feedback}?paper=ID&choice=more`; empty: no feedback links
    confirm: str = ""
    # All but `view` are tokens of A-Z, a-z, 0-9, - and _ after a web address of these and :/.~ alone, at most 400 long.
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What goes over the wire: envelope and octets with CRLF line ends, not dot-stuffed."""

    delivery_id: int
    envelope_from: str
    recipient: str
    data: bytes
    smtputf8: bool = False
    # The composer vouches for `data`: CRLF line ends only, lines of at most 998 octets, no NUL, no line that begins
    # with a dot. A transport then sends it as it is; without it, it checks and repairs each message (100 us of 40 kB).
    vetted: bool = False
    # The composer vouches that `data` is ASCII alone; without it, a transport looks through all of it.
    seven_bit: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer: code 0 means there was none. `text` is printable, bounded to 500 characters."""

    code: int
    enhanced: str = ""  # "5.1.1"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The next hop said 250 after the final dot (or the maildir file is in place)."""

    delivery_id: int
    reply: Reply = Reply(250)


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now. `charged` is False when the relay, not the recipient, was at fault: no attempt is counted."""

    delivery_id: int
    reply: Reply
    charged: bool = True
    retry_after: float | None = None  # seconds, when the server gave a hint


@dataclass(frozen=True, slots=True)
class Refused:
    """Never. `fault` says whose: only `address` changes the subscriber's standing."""

    delivery_id: int
    reply: Reply
    fault: Literal["address", "mailbox-full", "message", "policy", "sender"]


@dataclass(frozen=True, slots=True)
class Uncertain:
    """No answer after the final dot: the server may or may not have it. `final`: only a person sends it again.

    `behind`: a mail before it on the same connection had no answer either, so it is hardly what the server fell over.
    """

    delivery_id: int
    reply: Reply
    final: bool = False
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """Decided on our side before the wire: the reader left, the row is too old, the operator stopped it."""

    delivery_id: int
    state: Literal["suppressed", "expired", "cancelled"]
    text: str = ""


Outcome = Delivered | Deferred | Refused | Uncertain | Dropped

DeliveryState = Literal[
    "queued",
    "claimed",
    "sending",
    "sent",
    "deferred",
    "refused",
    "uncertain",
    "expired",
    "suppressed",
    "cancelled",
]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one delivery stands, with the last answer: what `why` and `status` show."""

    delivery: Delivery
    state: DeliveryState
    attempts: int
    reply: Reply | None
    at: datetime | None
    not_before: datetime | None = None


Turned = tuple[str, Reply]  # "mail" or "rcpt", and the answer: where an envelope was refused or put off


@dataclass(frozen=True, slots=True)
class Offered:
    """What a mail server said in its greeting: keywords of EHLO, and the largest mail it takes (0: no limit named)."""

    keywords: frozenset[str]
    size: int = 0
    turned: Turned | None = None  # what became of the envelope that was tried out, if one was


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a command, kept so that nobody has to guess why today looks as it does."""

    id: int
    command: str
    day: date
    started_at: datetime
    finished_at: datetime | None
    outcome: Literal["running", "done", "partial", "failed", "died"]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a run: what happened to what, in words. `level` info, warning or error."""

    level: Literal["info", "warning", "error"]
    subject: str  # "huggingface", "edition", "send", "reader:17"
    text: str
