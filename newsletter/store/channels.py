"""The ledger of channels: a row a post, rewritten in place, since there are some a day and not a million."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Boolean, Column, Integer, Table, Text, UniqueConstraint, and_, or_, select, update

from newsletter.model.channel import Entry
from newsletter.model.mail import Deferred, Delivered, Dropped, Refused, Reply
from newsletter.store.database import LEDGER_LOCK
from newsletter.store.tables import BIG, DAY, metadata
from newsletter.store.values import day as as_day
from newsletter.store.values import micros, moment, moment_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, timedelta

    from sqlalchemy import ColumnElement, Row

    from newsletter.model.mail import DeliveryState, Outcome
    from newsletter.store.database import Database

channel_posts = Table(
    "channel_posts",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("day", DAY, nullable=False),
    Column("state", Text, nullable=False),  # queued, claimed, sending, or how it ended
    Column("attempts", Integer, nullable=False),
    Column("again", Boolean, nullable=False),  # it was sent into silence and tried once more
    Column("owner", Text, nullable=False),
    Column("until", BIG, nullable=False),  # the end of the owner's lease
    Column("not_before", BIG, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("expires_at", BIG, nullable=False),
    Column("at", BIG),
    Column("code", Integer),
    Column("text", Text),
    UniqueConstraint("day", "channel"),
)
_ROW = channel_posts.c


class SqlChannelLedger:
    """The port `ChannelLedger`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def queue(self, channel: str, day: date, *, at: datetime, expires_at: datetime) -> bool:
        row = _new(channel, day, micros(at), micros(expires_at))
        with self._db.reading() as connection:  # every beat asks: only a new post costs a write
            known = connection.execute(select(_ROW.id).where(_ROW.channel == channel, _ROW.day == row["day"])).first()
        if known is not None:
            return False
        with self._db.writing() as connection:
            return self._db.insert_new(connection, channel_posts, [row]) == 1

    def due(self, channels: Sequence[str], *, now: datetime, resend: bool) -> bool:
        wanted = select(_ROW.id).where(_ROW.channel.in_(channels), _due(micros(now), resend=resend)).limit(1)
        with self._db.reading() as connection:
            return connection.execute(wanted).first() is not None

    def claim(
        self, owner: str, channels: Sequence[str], *, now: datetime, lease: timedelta, resend: bool
    ) -> Entry | None:
        at = micros(now)
        if not self.due(channels, now=now, resend=resend):
            return None
        wanted = and_(_ROW.channel.in_(channels), _due(at, resend=resend))
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            row = connection.execute(select(channel_posts).where(wanted).order_by(_ROW.day, _ROW.id).limit(1)).first()
            if row is None:
                return None
            silent = row.state in {"sending", "uncertain"}
            values = {"state": "claimed", "owner": owner, "until": at + micros_of(lease), "again": row.again or silent}
            values["attempts"] = row.attempts + 1
            mine = update(channel_posts).where(_ROW.id == row.id).values(**values).returning(*channel_posts.c)
            return _entry(connection.execute(mine).one(), at)

    def start(self, entry: Entry, owner: str, *, now: datetime) -> bool:
        held = (_ROW.id == entry.id, _ROW.owner == owner, _ROW.state == "claimed", _ROW.until > micros(now))
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            return connection.execute(update(channel_posts).where(*held).values(state="sending")).rowcount == 1

    def settle(self, outcome: Outcome, owner: str, not_before: datetime | None, *, now: datetime) -> bool:
        """A lease that ran out unclaimed is still its owner's to end."""
        state, reply = _ended(outcome)
        values: dict[str, Any] = {"state": state, "owner": "", "until": 0, "at": micros(now)}
        values |= {"code": reply.code, "text": reply.text, "not_before": micros(not_before) if not_before else 0}
        held = (_ROW.id == outcome.delivery_id, _ROW.owner == owner, _ROW.state.in_(("claimed", "sending")))
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            return connection.execute(update(channel_posts).where(*held).values(**values)).rowcount == 1

    def cancel(self, channels: Sequence[str], day: date, *, now: datetime, expires_at: datetime) -> int:
        """Whatever a living lease holds goes on: it may be under way."""
        at = micros(now)
        waits = or_(_ROW.state.in_(("queued", "deferred")), and_(_ROW.state == "claimed", _ROW.until <= at))
        rows = [{**_new(name, day, at, micros(expires_at)), "state": "cancelled", "at": at} for name in channels]
        mine = and_(_ROW.channel.in_(channels), _ROW.day == day.isoformat(), waits)
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            changed = connection.execute(
                update(channel_posts).where(mine).values(state="cancelled", owner="", until=0, at=at)
            )
            return changed.rowcount + (self._db.insert_new(connection, channel_posts, rows) if rows else 0)

    def holders(self, *, now: datetime) -> tuple[str, ...]:
        held = select(_ROW.owner).where(_ROW.owner != "", _ROW.until > micros(now)).distinct()
        with self._db.reading() as connection:
            return tuple(sorted(connection.execute(held).scalars()))

    def disown(self, owner: str, *, now: datetime) -> None:
        held = (_ROW.owner == owner, _ROW.until > micros(now))
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            connection.execute(update(channel_posts).where(*held).values(until=micros(now)))

    def latest(self, channels: Sequence[str], *, now: datetime, limit: int) -> tuple[Entry, ...]:
        rows = select(channel_posts).where(_ROW.channel.in_(channels))
        rows = rows.order_by(_ROW.day.desc(), _ROW.channel).limit(limit * len(channels))
        with self._db.reading() as connection:
            return tuple(_entry(row, micros(now)) for row in connection.execute(rows))


def _new(channel: str, day: date, at: int, expires_at: int) -> dict[str, Any]:
    return {
        "channel": channel,
        "day": day.isoformat(),
        "state": "queued",
        "attempts": 0,
        "again": False,
        "owner": "",
        "until": 0,
        "not_before": 0,
        "created_at": at,
        "expires_at": expires_at,
    }


def micros_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1_000_000)


def _due(at: int, *, resend: bool) -> ColumnElement[bool]:
    due = [
        _ROW.state == "queued",
        and_(_ROW.state == "deferred", _ROW.not_before <= at),
        and_(_ROW.state == "claimed", _ROW.until <= at),
    ]
    if resend:
        due.append(and_(_ROW.state == "sending", _ROW.until <= at, ~_ROW.again))
        due.append(and_(_ROW.state == "uncertain", ~_ROW.again))
    return or_(*due)


def _ended(outcome: Outcome) -> tuple[str, Reply]:
    if isinstance(outcome, Delivered):
        return "sent", outcome.reply
    if isinstance(outcome, Deferred):
        return "deferred", outcome.reply
    if isinstance(outcome, Refused):
        return "refused", outcome.reply
    if isinstance(outcome, Dropped):
        return outcome.state, Reply(0, "", outcome.text)
    return "uncertain", outcome.reply


def _entry(row: Row[Any], at: int) -> Entry:
    state: str = row.state
    if state == "claimed" and row.until <= at:
        state = "queued"
    elif state == "sending" and row.until <= at:
        state = "uncertain"
    return Entry(
        row.id,
        row.channel,
        as_day(row.day),
        cast("DeliveryState", state),
        row.attempts,
        moment(row.created_at),
        moment(row.expires_at),
        moment(row.not_before) if state == "deferred" else None,
        None if row.code is None and row.text is None else Reply(row.code or 0, "", row.text or ""),
        moment_or_none(row.at),
    )
