"""Who may be written to, and what is remembered for a while, as protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from newsletter.model.paper import Paper
    from newsletter.model.subscriber import Addressee, Feedback, Hours, Subscriber


class Subscribers(Protocol):
    """The table of subscribers, and the addresses that may never be written to."""

    def add(self, subscriber: Subscriber) -> Subscriber | None:
        """None when the address is known already (compared case-insensitively). Raises AddressError when suppressed."""

    def add_many(self, subscribers: Iterable[Subscriber]) -> Iterator[tuple[Subscriber, str]]:
        """Streams (subscriber, "added" | "known" | "suppressed") in order, writing in batches."""

    def by_email(self, email: str) -> Subscriber | None: ...
    def get(self, subscriber_ids: Iterable[int]) -> Mapping[int, Subscriber]: ...

    def addressees(self, subscriber_ids: Iterable[int]) -> Mapping[int, Addressee]:
        """The same people as a mail needs them, at a fraction of the cost: `suppressed` is answered with it."""

    def active(self, *, after_id: int = 0, limit: int = 1000) -> tuple[Subscriber, ...]:
        """Active subscribers with id > after_id, by id: page through with the last id."""

    def hours(self) -> Mapping[Hours, int]: ...  # how many active subscribers made each choice
    def locales(self) -> Mapping[str | None, int]: ...  # the same for the language
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
    def say_all(self, feedback: Iterable[Feedback]) -> None: ...  # in one transaction: a whole library, or none of it
    def said(self, subscriber_ids: Iterable[int]) -> Mapping[int, tuple[Feedback, ...]]: ...

    def bring(self, subscriber_id: int, papers: Iterable[Paper]) -> None:
        """Keep what a reader told of papers herself, for her alone, in place of what she told under the same ids."""

    def brought(self, subscriber_ids: Iterable[int]) -> Mapping[int, Mapping[str, Paper]]:
        """What each of them brought, by id; readers who brought nothing are left out."""

    def drop_brought(self, subscriber_id: int, paper_ids: Iterable[str] | None) -> None:
        """Forget these papers of hers, or all."""


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

    def drop(self, kind: str, key: str, *, value: str | None = None) -> None:
        """Given a `value`: only while it is the one that the key holds. Atomic."""

    def sweep(self, *, now: datetime) -> int:
        """Erase what has ended, limits too; returns how many rows."""
