"""Every dependency of the missions, in one frozen record."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from newsletter.errors import LaterError
from newsletter.model.mail import Note
from newsletter.subscribe.links import places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, datetime
    from pathlib import Path

    from newsletter.compose import Composer
    from newsletter.config import Config
    from newsletter.model.mail import Letterhead, ReaderLinks
    from newsletter.model.paper import Problem
    from newsletter.model.subscriber import Reader
    from newsletter.ports import (
        Channel,
        ChannelLedger,
        Clock,
        Dns,
        Editions,
        Embedder,
        Embeddings,
        Ledger,
        Limits,
        Lookup,
        Mailbox,
        Papers,
        Records,
        Returns,
        Runs,
        Signal,
        Source,
        Subscribers,
        Summarizer,
        Transport,
        Vectors,
    )
    from newsletter.rank.settings import RankSettings
    from newsletter.rank.text_model import Models
    from newsletter.subscribe.calendar import Defaults
    from newsletter.subscribe.links import Places, Signer


Watch = Callable[[Note], None]


def no_dns() -> Dns:
    raise LaterError("nobody was named to ask.")


def quiet(_note: Note) -> None:
    """Watch a mission without a word."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a web address answered: `trouble` in words, or the body and the server's Date."""

    trouble: str = ""
    body: bytes = b""
    date: str = ""


Look = Callable[[str], Looked]


class Jobs(Protocol):
    """What wakes workers on other machines when rows were queued. The ledger stays the truth."""

    def work(self, drain: Callable[[], None], *, due: Callable[[], bool], stop: Callable[[], bool]) -> None:
        """Call `drain` for each job, and whenever `due()` without one, until `stop()`."""


class Reserve(Protocol):
    """Turns to send, given out one block after the other."""

    def __call__(
        self, turns: float, per_second: float, *, now: datetime, key: str = "sending", ahead: float = 0.0
    ) -> float:
        """Seconds from `now` until the first of so many turns, which are for `ahead` seconds from now and later.

        `key`: of what, all mail or one relay's.
        """


class Allow(Protocol):
    """A cap that all processes share."""

    def __call__(self, key: str, wanted: int, most: int, *, until: datetime) -> int:
        """So many of `wanted` as are left of `most` under this name; fewer than none gives back."""


@dataclass(frozen=True, slots=True)
class Press:
    """What a mission needs; `wiring.py` builds it from a Config, tests from fakes.

    What is costly and not always wanted is opened late: the transport, the composer, the ranking models.
    """

    config: Config
    clock: Clock
    sources: Sequence[Source]
    signals: Sequence[Signal]
    papers: Papers
    editions: Editions
    subscribers: Subscribers
    ledger: Ledger
    runs: Runs
    signer: Signer
    letterhead: Letterhead
    reader_defaults: Defaults
    rank_settings: RankSettings
    open_transport: Callable[[], Transport]
    open_composer: Callable[[], Composer]
    open_models: Callable[[], Models]
    open_jobs: Callable[[], Jobs | None] = lambda: None
    # Further processes that drain beside this one; at the end the list holds how many mails each sent.
    helpers: Callable[[], AbstractContextManager[list[int]]] = lambda: nullcontext([])
    reserve: Reserve | None = None  # turns under [delivery] rate, shared by every process of the database
    allow: Allow | None = None  # the cap of [delivery] warm_up, shared likewise
    open_dns: Callable[[], Dns] = no_dns
    look: Look | None = None  # at a web address, once: for doctor
    # By host that answered so far: how far this machine's clock is ahead of its own.
    clock_offsets: Callable[[], Mapping[str, timedelta]] = dict
    clock_ahead: Callable[[], timedelta] = timedelta  # of the database server's clock, which all machines share
    dkim_records: Callable[[], tuple[tuple[str, str], ...]] = tuple  # (name, TXT) that receivers look for
    check_store: Callable[[], tuple[Problem, ...]] = tuple
    copy_store: Callable[[Path], None] | None = None
    upgraded: str = ""  # what was done to the database of an older version, in words
    limits: Limits | None = None  # what the web pages count and remember; without them there are no pages
    records: Records | None = None
    summarizer: Summarizer | None = None
    lookup: Lookup | None = None  # without it only papers that are stored, or told whole by a file, can be brought
    vectors: Vectors | None = None  # without them searches go by word alone
    embedder: Embedder | None = None  # the text model that topics are compared by; without it, the packaged one
    embeddings: Embeddings | None = None
    returns: Returns | None = None  # what came back
    mailboxes: tuple[Mailbox, ...] = ()  # where it comes back
    open_channels: Callable[[], tuple[Channel, ...]] = tuple
    channel_ledger: ChannelLedger | None = None
    filling: frozenset[str] = frozenset()  # names of sources whose list of a day grows while the day lasts

    @property
    def source_names(self) -> frozenset[str]:
        return frozenset(source.name for source in self.sources)

    def edition_day(self, asof: datetime) -> date:
        """The newsletter's own calendar day at a moment (UTC)."""
        return asof.astimezone(ZoneInfo(self.config.newsletter.timezone)).date()

    def places(self, day: date | None = None, *, since: date | None = None) -> Places:
        """Where mails' links lead; "view online" shows the edition of `day`, together with all from `since` on."""
        head = self.letterhead
        return places(self.signer, head.base_url, day, since=since, unsubscribe_address=head.unsubscribe_address)

    def links(self, reader: Reader, day: date | None = None, *, confirm_until: datetime | None = None) -> ReaderLinks:
        """A reader's signed links."""
        return self.places(day).links(reader, confirm_until=confirm_until)
