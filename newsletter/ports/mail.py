"""The ledger, the way out and the way back in, as protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime, timedelta

    from newsletter.model.edition import Silence
    from newsletter.model.mail import (
        Claim,
        Delivery,
        DeliveryState,
        Message,
        NewDelivery,
        Offered,
        Outcome,
        RelayTrouble,
        Standing,
    )
    from newsletter.model.paper import Problem
    from newsletter.model.returns import Evidence, Letter, What


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

    def unclaimed(self) -> int:
        """How many digests were never claimed, at most: a quick look, not a count."""

    def renew(self, claim: Claim, *, until: datetime) -> bool:
        """False when the lease was taken over, or ran out and rows ended meanwhile: stop sending from it."""

    def start(self, delivery_ids: Iterable[int], *, now: datetime) -> None:
        """Mark as sending, durable, before the first byte after DATA."""

    def settle(self, outcomes: Iterable[tuple[Outcome, datetime | None]], *, now: datetime) -> None:
        """Write outcomes in one transaction; the datetime is a Deferred's not-before. Settling twice settles once.
        A Delivered counts also after a Dropped: whoever dropped it did not know that it had left.
        """

    def holders(self, *, now: datetime) -> tuple[str, ...]:
        """Who holds a living lease."""

    def disown(self, owner: str, *, now: datetime) -> None:
        """The owner is known to be dead: its leases run out now instead of later."""

    def release(self, claim: Claim) -> None:
        """Give the lease back: rows without an outcome or deferral are queued again, `start`ed or not: so settle
        first what is in flight (Uncertain, if nothing better is known). A lease that was taken over is left alone.
        """

    def counts(self, *, day: date | None = None, kind: str | None = None, now: datetime) -> Mapping[DeliveryState, int]:
        """How many rows are in each state: of one day or all, of one kind or all."""

    def next_due(self, *, now: datetime) -> datetime | None:
        """When the earliest open row may be tried (`now`: at once), or None: nothing is open."""

    def last_day(self, kind: str, subscriber_ids: Iterable[int], *, until: date | None = None) -> Mapping[int, date]:
        """The latest day up to `until` of this kind for each reader, in any state but expired."""

    def last_edition(self, subscriber_ids: Iterable[int], *, until: date | None = None) -> Mapping[int, date]:
        """The latest edition day that each reader's digests were cut from (as `seen` counts, up to `until`)."""

    def missed(self, subscriber_ids: Iterable[int], *, since: date) -> Mapping[int, date]:
        """The earliest edition day of each reader's digests of `since` or later that ended as expired, and that none of
        her other digests (as `seen` counts) was cut from: they may have been cut before that one expired.
        """

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
        """Rows `start`ed whose lease ran out, and rows settled Uncertain; those that are final only with `every`."""

    def resend(self, delivery_ids: Iterable[int], *, now: datetime, not_before: datetime, every: bool = False) -> int:
        """Queue these as retries due at `not_before`, those that `uncertain_since` gives; returns how many. So a row
        is sent again once by itself, and one that a worker died on as often as that happens.
        """

    def cancel(self, *, day: date, now: datetime) -> int:
        """End the day's queued and deferred rows. What a worker holds is left to it, what is uncertain stays so."""

    def prune(self, *, before: datetime, limit: int) -> int:
        """Erase up to `limit` rows that ended and were queued before then; returns how many. They stay counted."""

    def closed(self) -> date | None:
        """The latest day of which digests were erased: who had mail then, and earlier, is not known any more."""

    def expire(self, *, now: datetime) -> int:
        """End as expired what is too old and nobody holds; returns how many."""


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


@runtime_checkable
class Relays(Protocol):
    """What a transport with several next hops can say of them."""

    def check_each(self, envelope: tuple[str, str] | None = None) -> Iterator[tuple[str, Problem | Offered]]:
        """Each relay's name with what is wrong with it, or what it offers; tried as they are taken.
        `envelope`: whether each takes mail from this sender to this recipient, without sending any.
        """

    def worked(self) -> Sequence[str]:
        """Those that answered a mail in the last delivery."""

    def troubles(self) -> Sequence[RelayTrouble]:
        """Those that were left alone at its end, while others worked."""

    def rest(self, where: str, seconds: float, said: str) -> None:
        """Leave this one alone for so long: an earlier delivery found it in trouble, in these words."""


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

    def tally(self, *, since: datetime) -> Mapping[tuple[date, What], int]:
        """How much signed evidence came since: by the day of the mail that it is about, else by the day it came."""

    def sweep(self, *, before: datetime) -> int:
        """Erase what came earlier and is closed; returns how many rows."""


class Mailbox(Protocol):
    """Where returned mail arrives. Nothing in it changes before `finish`."""

    name: str

    def letters(self, *, limit: int) -> Iterator[Letter]:
        """At most `limit`, oldest first. Raises RelayError or RelayConfigError when it cannot be read."""

    def finish(self, done: Sequence[str], aside: Sequence[str]) -> None:
        """Erase the letters of these names, put those aside where a person finds them. What is gone is gone."""
