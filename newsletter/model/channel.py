"""Channels: the same edition in a chat or at a webhook, one post a day, and where each post stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from newsletter.model.mail import DeliveryState, Reply

ChannelKind = Literal["webhook", "slack", "discord", "matrix", "telegram"]


@dataclass(frozen=True, slots=True)
class Post:
    """One edition in a channel's own markup; `document` is the same for programs, which only webhooks get."""

    key: str  # the same at every try, so that a receiver can tell a second one
    title: str
    text: str
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A post in the ledger of channels, unique per (channel, day). `attempts` counts from 1 once it was claimed."""

    id: int
    channel: str
    day: date
    state: DeliveryState
    attempts: int
    created_at: datetime
    expires_at: datetime
    not_before: datetime | None = None
    reply: Reply | None = None
    at: datetime | None = None

    @property
    def key(self) -> str:
        return f"channel.{self.day.isoformat()}.{self.channel}"
