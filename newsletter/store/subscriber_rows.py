"""A subscriber as a row, and back."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from newsletter.model.subscriber import Subscriber
from newsletter.store.addresses import address_key
from newsletter.store.values import day, micros_or_none, moment_or_none

if TYPE_CHECKING:
    from sqlalchemy import Row


def to_row(subscriber: Subscriber) -> dict[str, Any]:
    """All columns but the id, which the database gives."""
    return {
        "email": subscriber.email,
        "email_key": address_key(subscriber.email),
        "name": subscriber.name,
        "status": subscriber.status,
        "topics": json.dumps(subscriber.topics, ensure_ascii=False),
        "cadence": subscriber.cadence,
        "send_hour": subscriber.send_hour,
        "timezone": subscriber.timezone,
        "locale": subscriber.locale,
        "per_topic": subscriber.per_topic,
        "text_only": subscriber.text_only,
        "created_at": micros_or_none(subscriber.created_at),
        "confirmed_at": micros_or_none(subscriber.confirmed_at),
        "paused_until": subscriber.paused_until.isoformat() if subscriber.paused_until else None,
        "consent": subscriber.consent,
        "generation": subscriber.generation,
    }


@lru_cache(maxsize=8192)
def _topics(stored: str) -> tuple[str, ...]:
    """Cached: readers share their choices."""
    return tuple(json.loads(stored))


def from_row(row: Row[Any]) -> Subscriber:
    return Subscriber(
        id=row.id,
        email=row.email,
        name=row.name,
        status=row.status,
        topics=_topics(row.topics),
        cadence=row.cadence,
        send_hour=row.send_hour,
        timezone=row.timezone,
        locale=row.locale,
        per_topic=row.per_topic,
        text_only=row.text_only,
        created_at=moment_or_none(row.created_at),
        confirmed_at=moment_or_none(row.confirmed_at),
        paused_until=day(row.paused_until) if row.paused_until else None,
        consent=row.consent,
        generation=row.generation,
    )
