"""What the web pages count and remember: limits over windows of time, and small values that end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, Table, Text, delete, or_, select

from newsletter.store.database import WEB_LOCK
from newsletter.store.tables import BIG, metadata
from newsletter.store.values import micros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement

    from newsletter.store.database import Database


web_limits = Table(
    "web_limits",
    metadata,
    Column("key", Text, primary_key=True),
    Column("ends_at", BIG, nullable=False, index=True),
    Column("taken", Integer, nullable=False),
)
web_records = Table(
    "web_records",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("ends_at", BIG, index=True),  # NULL: holds until it is dropped
)


class SqlLimits:
    """The port `Limits`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def take(self, asks: Sequence[tuple[str, int, timedelta]], *, now: datetime) -> int | None:
        at = micros(now)
        keys = [key for key, _, _ in asks]
        with self._db.writing(lock=WEB_LOCK) as connection:
            rows = connection.execute(select(web_limits).where(web_limits.c.key.in_(keys)))
            counts = {row.key: (row.taken, row.ends_at) for row in rows if row.ends_at > at}
            for place, (key, limit, _) in enumerate(asks):
                if counts.get(key, (0, 0))[0] >= limit:
                    return place
            for key, _, window in asks:
                taken, ends_at = counts.get(key, (0, micros(now + window)))
                insert = self._db.insert(web_limits).values(key=key, taken=taken + 1, ends_at=ends_at)
                connection.execute(
                    insert.on_conflict_do_update(index_elements=["key"], set_={"taken": taken + 1, "ends_at": ends_at})
                )
        return None

    def left(self, key: str, limit: int, *, now: datetime) -> int:
        with self._db.reading() as connection:
            taken = connection.execute(
                select(web_limits.c.taken).where(web_limits.c.key == key, web_limits.c.ends_at > micros(now))
            ).scalar()
        return max(limit - (taken or 0), 0)

    def clear(self, key: str) -> None:
        with self._db.writing() as connection:
            connection.execute(delete(web_limits).where(web_limits.c.key == key))


class SqlRecords:
    """The port `Records`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, kind: str, key: str, *, now: datetime) -> str | None:
        with self._db.reading() as connection:
            found = connection.execute(select(web_records.c.value).where(*_named(kind, key), _holds(now))).scalar()
        return None if found is None else str(found)

    def put(self, kind: str, key: str, value: str, *, until: datetime | None) -> None:
        row = {"value": value, "ends_at": None if until is None else micros(until)}
        insert = self._db.insert(web_records).values(kind=kind, key=key, **row)
        with self._db.writing() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["kind", "key"], set_=row))

    def put_new(self, kind: str, key: str, value: str, *, until: datetime | None, now: datetime) -> bool:
        row = {"value": value, "ends_at": None if until is None else micros(until)}
        with self._db.writing(lock=WEB_LOCK) as connection:
            there = connection.execute(select(web_records.c.value).where(*_named(kind, key), _holds(now))).first()
            if there is not None:
                return False
            insert = self._db.insert(web_records).values(kind=kind, key=key, **row)
            connection.execute(insert.on_conflict_do_update(index_elements=["kind", "key"], set_=row))
        return True

    def drop(self, kind: str, key: str, *, value: str | None = None) -> None:
        only = () if value is None else (web_records.c.value == value,)
        with self._db.writing() as connection:
            connection.execute(delete(web_records).where(*_named(kind, key), *only))

    def sweep(self, *, now: datetime) -> int:
        at = micros(now)
        with self._db.writing() as connection:
            limits = connection.execute(delete(web_limits).where(web_limits.c.ends_at <= at)).rowcount
            records = connection.execute(delete(web_records).where(web_records.c.ends_at <= at)).rowcount
        return int(limits + records)


def _named(kind: str, key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return web_records.c.kind == kind, web_records.c.key == key


def _holds(now: datetime) -> ColumnElement[bool]:
    return or_(web_records.c.ends_at.is_(None), web_records.c.ends_at > micros(now))
