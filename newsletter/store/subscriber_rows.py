"""A subscriber as a row, and back."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from newsletter.model.subscriber import Addressee, Subscriber
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


def addressee(row: tuple[Any, ...], barred: bool) -> Addressee:
    """From the columns that `Addressee` names, in its order, as the driver gives them; others may follow."""
    number, email, status, topics, cadence, locale, text_only, generation = row[:8]
    return Addressee(number, email, status, _topics(topics), cadence, locale, bool(text_only), generation, barred)


def from_row(row: Row[Any]) -> Subscriber:
    """A whole row of the table, its columns in their order: by name each would cost as much as the subscriber."""
    (
        number,
        email,
        _email_key,
        name,
        status,
        topics,
        cadence,
        send_hour,
        timezone,
        locale,
        per_topic,
        text_only,
        created_at,
        confirmed_at,
        paused_until,
        consent,
        generation,
    ) = tuple(row)
    return Subscriber(
        id=number,
        email=email,
        name=name,
        status=status,
        topics=_topics(topics),
        cadence=cadence,
        send_hour=send_hour,
        timezone=timezone,
        locale=locale,
        per_topic=per_topic,
        text_only=text_only,
        created_at=moment_or_none(created_at),
        confirmed_at=moment_or_none(confirmed_at),
        paused_until=day(paused_until) if paused_until else None,
        consent=consent,
        generation=generation,
    )
