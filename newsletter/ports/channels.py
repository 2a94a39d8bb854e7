"""The ports of channels: chats and webhooks that take one post a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, timedelta

    from newsletter.model.channel import Entry, Post
    from newsletter.model.mail import Outcome
    from newsletter.model.paper import Problem


class Channel(Protocol):
    """A place that takes one post a day."""

    @property
    def name(self) -> str:
        """Unique in one configuration."""

    def check(self) -> Problem | None:
        """Whether its address can be used; asks nobody, since a chat would show it."""

    def post(self, post: Post, number: int) -> Outcome:
        """Hand it over; `number` is the outcome's `delivery_id`. Never raises for the channel's faults."""


class ChannelLedger(Protocol):
    """Every post that is due, held or done: the states of the mail's ledger, for some rows a day."""

    def queue(self, channel: str, day: date, *, at: datetime, expires_at: datetime) -> bool:
        """False, and nothing changes, when the channel has a post of this day in any state."""

    def due(self, channels: Sequence[str], *, now: datetime, resend: bool) -> bool:
        """Whether `claim` would give something."""

    def claim(
        self, owner: str, channels: Sequence[str], *, now: datetime, lease: timedelta, resend: bool
    ) -> Entry | None:
        """The next post that is due for one of these; with `resend` also one without an answer, once. Durable."""

    def start(self, entry: Entry, owner: str, *, now: datetime) -> bool:
        """Mark as sending, durable, before the request. False: the lease was taken over, leave it."""

    def settle(self, outcome: Outcome, owner: str, not_before: datetime | None, *, now: datetime) -> bool:
        """Write down how it went; the datetime is a Deferred's. False, and nothing changes: another has it by now."""

    def cancel(self, channels: Sequence[str], day: date, *, now: datetime, expires_at: datetime) -> int:
        """No post of this day in these channels, whether it waits or is not queued yet; how many were stopped."""

    def holders(self, *, now: datetime) -> tuple[str, ...]:
        """Who holds a living lease."""

    def disown(self, owner: str, *, now: datetime) -> None:
        """The owner is known to be dead: its leases run out now."""

    def latest(self, channels: Sequence[str], *, now: datetime, limit: int) -> tuple[Entry, ...]:
        """Of these channels, so many for each in all, of the newest days: newest day first, then by channel."""
