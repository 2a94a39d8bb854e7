"""The people: a subscriber, her choices, and where she stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import date, datetime

Cadence = Literal["daily", "weekdays", "weekly", "monthly"]
Status = Literal["pending", "active", "left", "bounced", "complained", "expired"]

CADENCES: tuple[Cadence, ...] = ("daily", "weekdays", "weekly", "monthly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A row of the subscriber table. Empty `topics` means every topic of the newsletter.

    `cadence`, `timezone`, `locale`, `send_hour` and `per_topic` of None mean the newsletter's default.
    """

    id: int = 0  # 0: not stored yet
    email: str
    name: str = ""
    status: Status = "active"
    topics: tuple[str, ...] = ()
    cadence: Cadence | None = None
    send_hour: int | None = None  # 0 to 23, her local hour
    timezone: str | None = None
    locale: str | None = None
    per_topic: int | None = None  # her cap for each topic
    text_only: bool = False
    created_at: datetime | None = None
    confirmed_at: datetime | None = None
    paused_until: date | None = None
    consent: str = ""  # how and when she agreed: "import list.csv line 7", "web form v1"
    generation: int = 0  # goes up to revoke every link that was signed before


class Addressee(NamedTuple):
    """What a mail has to know of a subscriber: read by the thousand while a list goes out, so there is no more of it.

    `barred`: her address may never be written to.
    """

    id: int
    email: str
    status: Status
    topics: tuple[str, ...]
    cadence: Cadence | None
    locale: str | None
    text_only: bool
    generation: int
    barred: bool = False


Reader = Subscriber | Addressee


@dataclass(frozen=True, slots=True)
class Hours:
    """What decides when a reader is due; None: the newsletter's default. Many readers share the same."""

    timezone: str | None
    send_hour: int | None
    cadence: Cadence | None


@dataclass(frozen=True, slots=True)
class Slot:
    """A reader is due: the issue of her local `day`, not before `at`, worthless after `expires`."""

    day: date
    at: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader said of a paper (or, with `paper_id` empty, of a topic).

    The last word on a paper or topic counts; `undo` takes back `more` or `less`.
    """

    subscriber_id: int
    paper_id: str
    verb: Literal["more", "less", "save", "unsave", "mute", "unmute", "undo"]
    at: datetime
    topic: str = ""
    source: str = ""  # what it was brought in with, such as "library.bib"; empty: her own click
