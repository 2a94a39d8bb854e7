"""What came back: evidence, kept once, open until it was acted on."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, Index, Table, Text, delete, select, text, update

from newsletter.model.returns import Evidence
from newsletter.store.tables import BIG, metadata
from newsletter.store.values import micros, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import Row

    from newsletter.model.returns import What
    from newsletter.store.database import Database

returns = Table(
    "returns",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("what", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("at", BIG, nullable=False, index=True),
    Column("subscriber_id", BIG, nullable=False, index=True),
    Column("delivery_key", Text, nullable=False),
    Column("signed", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("mail", Text, nullable=False, index=True),
    Column("closed_at", BIG),
    Index("ix_returns_open", "id", sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
)


class SqlReturns:
    """The port `Returns`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def keep(self, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
        if not evidence:
            return ()
        statement = (
            select(returns)
            .where(returns.c.key.in_(self._db.words()), returns.c.closed_at.is_(None))
            .order_by(returns.c.id)
        )
        with self._db.writing() as connection:
            self._db.insert_new(connection, returns, [_to_row(one) for one in evidence])
            keys = self._db.listed(one.key for one in evidence)
            return tuple(_from_row(row) for row in connection.execute(statement, {"words": keys}))

    def close(self, keys: Iterable[str], *, at: datetime) -> None:
        statement = (
            update(returns)
            .where(returns.c.key.in_(self._db.words()), returns.c.closed_at.is_(None))
            .values(closed_at=micros(at))
        )
        with self._db.writing() as connection:
            connection.execute(statement, {"words": self._db.listed(keys)})

    def open(self, *, limit: int, suspended: bool | None = None) -> tuple[Evidence, ...]:
        statement = select(returns).where(returns.c.closed_at.is_(None)).order_by(returns.c.id).limit(limit)
        if suspended is not None:
            mark = returns.c.what == "suspended"
            statement = statement.where(mark if suspended else ~mark)
        with self._db.reading() as connection:
            return tuple(_from_row(row) for row in connection.execute(statement))

    def about(self, subscriber_ids: Iterable[int], *, since: datetime) -> Mapping[int, tuple[Evidence, ...]]:
        statement = (
            select(returns)
            .where(returns.c.subscriber_id.in_(self._db.numbers()), returns.c.at >= micros(since))
            .order_by(returns.c.id)
        )
        found: dict[int, list[Evidence]] = defaultdict(list)
        with self._db.reading() as connection:
            for row in connection.execute(statement, {"numbers": self._db.listed(subscriber_ids)}):
                found[row.subscriber_id].append(_from_row(row))
        return {number: tuple(some) for number, some in found.items()}

    def seen(self, mails: Iterable[str]) -> frozenset[str]:
        statement = select(returns.c.mail).where(returns.c.mail.in_(self._db.words()), returns.c.closed_at.is_not(None))
        with self._db.reading() as connection:
            return frozenset(connection.execute(statement, {"words": self._db.listed(mails)}).scalars())

    def tally(self, *, since: datetime) -> Mapping[tuple[date, What], int]:
        statement = select(returns).where(returns.c.at >= micros(since), returns.c.signed)
        with self._db.reading() as connection:
            found = (_from_row(row) for row in connection.execute(statement))
            return Counter((one.day, one.what) for one in found)

    def sweep(self, *, before: datetime) -> int:
        statement = delete(returns).where(returns.c.at < micros(before), returns.c.closed_at.is_not(None))
        with self._db.writing() as connection:
            return int(connection.execute(statement).rowcount)


def _to_row(one: Evidence) -> dict[str, Any]:
    return {
        "key": one.key,
        "what": one.what,
        "way": one.way,
        "at": micros(one.at),
        "subscriber_id": one.subscriber_id,
        "delivery_key": one.delivery_key,
        "signed": one.signed,
        "text": one.text,
        "mail": one.mail,
    }


def _from_row(row: Row[Any]) -> Evidence:
    return Evidence(
        row.key,
        row.what,
        row.way,
        moment(row.at),
        row.subscriber_id,
        row.delivery_key,
        row.signed,
        row.text,
        row.mail,
    )
