"""All that we need from the world, as protocols, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from newsletter.ports_search import WordSearch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime, timedelta

    from newsletter.model.edition import Edition, Silence
    from newsletter.model.mail import (
        Claim,
        Delivery,
        DeliveryState,
        Message,
        NewDelivery,
        Note,
        Outcome,
        Run,
        Standing,
    )
    from newsletter.model.paper import Ask, Candidate, Harvest, Listing, Paper, Poll, Problem, Reading
    from newsletter.model.returns import Evidence, Letter
    from newsletter.model.subscriber import Feedback, Hours, Subscriber


class Clock(Protocol):
    """The wall clock, UTC."""

    def now(self) -> datetime: ...


class Source(Protocol):
    """A list of papers somewhere in the world."""

    name: str  # unique in one configuration: "huggingface", "arxiv", "feed:blog.example.org"
    daily: bool  # True: publishes a list per day that may be asked for later; False: gives what it has now

    def fetch(self, ask: Ask) -> Harvest:
        """Never raises for the source's faults: a failed source is a Harvest that says so."""

    def probe(self) -> Problem | None:
        """One cheap request for `doctor`: None when the source answers."""


class Signal(Protocol):
    """Attention to papers that we already know: stars, points, citations."""

    name: str

    def read(self, papers: Sequence[Paper], asof: datetime) -> tuple[tuple[Reading, ...], tuple[Problem, ...]]: ...

    def probe(self) -> Problem | None: ...


class Papers(WordSearch, Protocol):
    """Papers, their appearances and their readings. Everything written is idempotent."""

    def find(self, keys: Iterable[str]) -> Mapping[str, Paper]:
        """Known papers by identity key (`newsletter.model.paper.identity_keys`)."""

    def get(self, paper_ids: Iterable[str]) -> Mapping[str, Paper]: ...

    def keep(
        self,
        papers: Iterable[Paper],
        listings: Iterable[Listing],
        readings: Iterable[Reading],
        originals: Iterable[tuple[str, str, str]],  # (paper id, source, text as received)
        *,
        at: datetime,
    ) -> int:
        """In one transaction; how many papers were new. A known one keeps its first_seen unless `at` is earlier."""

    def candidates(self, *, since: datetime, until: datetime) -> tuple[Candidate, ...]:
        """Papers listed or first seen in (since, until], by id, with their readings and listings up to `until`."""

    def readings(self, paper_id: str) -> tuple[Reading, ...]: ...

    def listings(self, paper_id: str) -> tuple[Listing, ...]: ...

    def answered(self, source: str, *, since: date) -> frozenset[date]:
        """Days of this source that were answered whole."""

    def note_answer(
        self, source: str, days: Iterable[date], memory: Mapping[str, str], polls: Iterable[Poll]
    ) -> None: ...

    def memory(self, source: str) -> dict[str, str]: ...

    def polls(self, source: str, day: date) -> tuple[Poll, ...]: ...

    def count(self) -> int: ...


class Editions(Protocol):
    """Printed editions: immutable, one a day."""

    def print(self, edition: Edition) -> Edition:
        """Keep it unless the day has one already; return the day's edition, whoever printed it."""

    def get(self, day: date) -> Edition | None: ...

    def between(self, after: date | None, until: date) -> tuple[Edition, ...]:
        """Editions with after < day <= until, oldest first."""

    def days(self) -> tuple[date, ...]: ...

    def featured(self, *, since: date, before: date) -> frozenset[str]:
        """Ids shown (rank <= top) in editions with since <= day < before: never featured again."""


class Subscribers(Protocol):
    """The table of subscribers, and the addresses that may never be written to."""

    def add(self, subscriber: Subscriber) -> Subscriber | None:
        """None when the address is known already (compared case-insensitively). Raises AddressError when suppressed."""

    def add_many(self, subscribers: Iterable[Subscriber]) -> Iterator[tuple[Subscriber, str]]:
        """Streams (subscriber, "added" | "known" | "suppressed") in order, writing in batches."""

    def by_email(self, email: str) -> Subscriber | None: ...
    def get(self, subscriber_ids: Iterable[int]) -> Mapping[int, Subscriber]: ...

    def active(self, *, after_id: int = 0, limit: int = 1000) -> tuple[Subscriber, ...]:
        """Active subscribers with id > after_id, by id: page through with the last id."""

    def hours(self) -> Mapping[Hours, int]: ...  # how many active subscribers made each choice
    def every(self) -> Iterator[Subscriber]: ...

    def stale(self, *, before: datetime) -> tuple[str, ...]:
        """Addresses that signed up before then and never confirmed."""

    def update(self, subscriber: Subscriber, was: Subscriber | None = None) -> bool:
        """Every field; with `was`, what differs from it, a new status or generation only over those of `was`: so a
        leave is not undone by who read before it. False: nothing was written.
        """

    def remove(self, email: str, *, at: datetime) -> bool:
        """Status `left`, unless she complained: not mailed again, may sign up again."""

    def forget(self, email: str, *, at: datetime) -> bool:
        """Erase the row and all that hangs on it; only a keyed hash stays, as a suppression."""

    def erase(self, email: str) -> bool:
        """Erase the row and all that hangs on it, and keep nothing: for an address that never confirmed."""

    def suppress(self, email: str, reason: str, *, at: datetime) -> None: ...
    def unsuppress(self, email: str) -> bool: ...

    def suppressed(self, emails: Iterable[str]) -> frozenset[str]:
        """Those of `emails` that may never be written to."""

    def suppressions(self) -> Iterator[tuple[str, str, datetime]]:
        """(keyed hash, reason, since)"""

    def counts(self) -> Mapping[str, int]: ...
    def say(self, feedback: Feedback) -> None: ...
    def said(self, subscriber_ids: Iterable[int]) -> Mapping[int, tuple[Feedback, ...]]: ...


class Ledger(Protocol):
    """Every mail that is due, held or done. The queue is immutable, a lease covers a range, an outcome ends."""

    def queue(self, deliveries: Iterable[NewDelivery], *, at: datetime) -> int:
        """Queue in one transaction; of rows whose (kind, day, subscriber) exist only the expired are made anew, the
        others are left as they are. Returns how many are due by this.
        """

    def record_silences(self, silences: Iterable[Silence], *, at: datetime) -> None: ...
    def silences(self, *, day: date, subscriber_id: int | None = None) -> tuple[Silence, ...]: ...

    def claim(self, owner: str, *, limit: int, now: datetime, lease: timedelta) -> Claim | None:
        """Fresh notices, expired leases, due deferrals, fresh digests, in this order. Durable. None: nothing is due."""

    def renew(self, claim: Claim, *, until: datetime) -> bool:
        """False when the lease was taken over meanwhile: stop sending from it."""

    def start(self, delivery_ids: Iterable[int], *, now: datetime) -> None:
        """Mark as sending, durable, before the first byte after DATA."""

    def settle(self, outcomes: Iterable[tuple[Outcome, datetime | None]], *, now: datetime) -> None:
        """Write outcomes in one transaction; the datetime is a Deferred's not-before. Settling twice settles once."""

    def holders(self, *, now: datetime) -> tuple[str, ...]:
        """Who holds a living lease."""

    def disown(self, owner: str, *, now: datetime) -> None:
        """The owner is known to be dead: its leases run out now instead of later."""

    def release(self, claim: Claim) -> None:
        """Give the lease back: rows without an outcome or deferral are queued again, `start`ed or not: so settle
        first what is in flight (Uncertain, if nothing better is known). A lease that was taken over is left alone.
        """

    def counts(self, *, day: date | None = None, now: datetime) -> Mapping[DeliveryState, int]: ...

    def next_due(self, *, now: datetime) -> datetime | None:
        """When the earliest open row may be tried (`now`: at once), or None: nothing is open."""

    def last_day(self, kind: str, subscriber_ids: Iterable[int], *, until: date | None = None) -> Mapping[int, date]:
        """The latest day up to `until` of this kind for each reader, in any state but expired."""

    def last_edition(self, subscriber_ids: Iterable[int], *, until: date | None = None) -> Mapping[int, date]:
        """The latest edition day that each reader's digests were cut from (as `seen` counts, up to `until`)."""

    def seen(self, subscriber_ids: Iterable[int], *, since: date | None = None) -> Mapping[int, frozenset[str]]:
        """Paper ids in each reader's digests so far (all but cancelled, expired, refused, suppressed ones).
        `since` leaves out digests of earlier days: with a million readers a year's are many.
        """

    def issues(self, subscriber_ids: Iterable[int]) -> Mapping[int, int]: ...  # how many digests were queued

    def latest(self, subscriber_id: int, *, limit: int) -> tuple[tuple[date, bool], ...]:
        """Her latest digests that the next hop answered, newest first: (day, True when it took it)."""

    def standing(self, *, kind: str, day: date, subscriber_id: int, now: datetime) -> Standing | None: ...

    def standings(
        self, *, day: date, states: Sequence[DeliveryState], limit: int, now: datetime
    ) -> tuple[Standing, ...]: ...

    def uncertain_since(self, *, now: datetime, every: bool = False) -> tuple[Delivery, ...]:
        """Rows `start`ed whose lease ran out, and rows settled Uncertain; sent again once, or final: with `every`."""

    def resend(self, delivery_ids: Iterable[int], *, now: datetime, not_before: datetime, every: bool = False) -> int:
        """Queue these as retries due at `not_before`, those that `uncertain_since` gives; returns how many. So a row
        is sent again once by itself, and one that a worker died on as often as that happens.
        """

    def cancel(self, *, day: date, now: datetime) -> int:
        """End the day's queued and deferred rows. What a worker holds is left to it, what is uncertain stays so."""


class Runs(Protocol):
    """What was run, when, and what it said."""

    def begin(self, command: str, day: date, *, at: datetime) -> int: ...

    def note(self, run_id: int, notes: Sequence[Note]) -> None: ...

    def finish(self, run_id: int, outcome: str, *, at: datetime) -> None: ...

    def last(self, *, limit: int = 10, command: str | None = None, day: date | None = None) -> tuple[Run, ...]: ...


class Limits(Protocol):
    """Counters over fixed windows, shared by every process of one database: what keeps sign-ups from being a weapon."""

    def take(self, asks: Sequence[tuple[str, int, timedelta]], *, now: datetime) -> int | None:
        """Take one from each (key, limit, window), or from none of them.

        Returns None when all were taken, else the place in `asks` of the first that is used up. A window starts with
        its first taking. Atomic: of two processes only one gets the last one.
        """

    def left(self, key: str, limit: int, *, now: datetime) -> int: ...

    def clear(self, key: str) -> None: ...


class Records(Protocol):
    """Small values by (kind, key) that may end: sessions, seen webhooks, answers to repeated writes, switches."""

    def get(self, kind: str, key: str, *, now: datetime) -> str | None: ...

    def put(self, kind: str, key: str, value: str, *, until: datetime | None) -> None: ...

    def put_new(self, kind: str, key: str, value: str, *, until: datetime | None, now: datetime) -> bool:
        """False, and nothing changes, when the key holds a value that has not ended. Atomic."""

    def drop(self, kind: str, key: str) -> None: ...

    def sweep(self, *, now: datetime) -> int:
        """Erase what has ended, limits too; returns how many rows."""


class Returns(Protocol):
    """What came back, as evidence: kept once, open until it was acted on."""

    def keep(self, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
        """Write in one transaction; a key that is there already stays as it is. Returns those that are open, as
        they were first said, oldest first: the new ones, and those that a crash left open.
        """

    def close(self, keys: Iterable[str], *, at: datetime) -> None:
        """They were acted on."""

    def open(self, *, limit: int, suspended: bool | None = None) -> tuple[Evidence, ...]:
        """What nobody acted on yet, oldest first; `suspended`: only the marks of suspensions, or all but those."""

    def about(self, subscriber_ids: Iterable[int], *, since: datetime) -> Mapping[int, tuple[Evidence, ...]]:
        """All that came since, oldest first, signed or not; readers of whom there is nothing are left out."""

    def seen(self, mails: Iterable[str]) -> frozenset[str]:
        """Those returned mails (`Evidence.mail`) that something was kept of and acted on."""

    def sweep(self, *, before: datetime) -> int:
        """Erase what came earlier and is closed; returns how many rows."""


class Mailbox(Protocol):
    """Where returned mail arrives. Nothing in it changes before `finish`."""

    name: str

    def letters(self, *, limit: int) -> Iterator[Letter]:
        """At most `limit`, oldest first. Raises RelayError or RelayConfigError when it cannot be read."""

    def finish(self, done: Sequence[str], aside: Sequence[str]) -> None:
        """Erase the letters of these names, put those aside where a person finds them. What is gone is gone."""


class Transport(Protocol):
    """The way to the next hop."""

    def check(self) -> Problem | None:
        """Connect, secure, log in, say goodbye: before anything is rendered. None when mail can go out."""

    def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        """One outcome for each message, in any order; never raises for a message's fault.
        Raises RelayError or RelayConfigError when nothing can be sent at all; messages already taken from the
        iterator get their outcome first.
        """

    def close(self) -> None: ...
