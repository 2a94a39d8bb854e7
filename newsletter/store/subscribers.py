"""The table of subscribers, and the keyed hashes of addresses that may never be written to."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.errors import AddressError
from newsletter.model.subscriber import Addressee, Feedback, Hours, Subscriber
from newsletter.store import bringing
from newsletter.store.addresses import address_hash, address_key
from newsletter.store.forgetting import forget_mail
from newsletter.store.subscriber_rows import addressee, from_row, to_row
from newsletter.store.tables import brought, feedback, subscribers, suppressions
from newsletter.store.values import micros, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.model.paper import Paper
    from newsletter.store.database import Database

_ANY_SUPPRESSION = select(suppressions.c.since).exists()
_BATCH = 1000  # rows a transaction: short enough that a sign-up on the web never waits for an import


class SqlSubscribers:
    """The port `Subscribers`. `secret` keys the hashes: with another secret all suppressions are lost."""

    def __init__(self, database: Database, *, secret: str) -> None:
        self._db = database
        self._secret = secret
        columns = (subscribers.c[name] for name in Addressee._fields[:-1])
        self._addressees = select(*columns, _ANY_SUPPRESSION).where(subscribers.c.id.in_(database.numbers()))

    def add(self, subscriber: Subscriber) -> Subscriber | None:
        ((stored, result),) = self.add_many([subscriber])
        if result == "suppressed":
            raise AddressError(
                "This address may not be written to: its owner asked for that, or mail to it bounced.",
                cure="If she signs up again herself, lift the suppression first.",
            )
        return stored if result == "added" else None

    def add_many(self, subscribers: Iterable[Subscriber]) -> Iterator[tuple[Subscriber, str]]:
        """Streams in order; whoever is "known" or "suppressed" comes back as given."""
        rest = iter(subscribers)
        while batch := list(islice(rest, _BATCH)):
            with self._db.writing() as connection:
                results = self._add_batch(connection, batch)
            yield from results

    def _add_batch(self, connection: Connection, batch: list[Subscriber]) -> list[tuple[Subscriber, str]]:
        hashes = [address_hash(one.email, self._secret) for one in batch]
        barred = self._barred(connection, hashes)
        rows = [to_row(one) for one, hashed in zip(batch, hashes, strict=True) if hashed not in barred]
        added: dict[str, Subscriber] = {}
        if rows:
            stored = self._db.insert_returning(connection, subscribers, rows)
            added = {row.email_key: from_row(row) for row in stored}
        results = []
        for one, hashed in zip(batch, hashes, strict=True):
            if hashed in barred:
                results.append((one, "suppressed"))
            elif new := added.pop(address_key(one.email), None):
                results.append((new, "added"))
            else:
                results.append((one, "known"))
        return results

    def _barred(self, connection: Connection, hashes: Iterable[str]) -> frozenset[str]:
        statement = select(suppressions.c.address_hash).where(suppressions.c.address_hash.in_(self._db.words()))
        return frozenset(connection.execute(statement, {"words": self._db.listed(hashes)}).scalars())

    def by_email(self, email: str) -> Subscriber | None:
        statement = select(subscribers).where(subscribers.c.email_key == address_key(email))
        with self._db.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else from_row(row)

    def get(self, subscriber_ids: Iterable[int]) -> Mapping[int, Subscriber]:
        statement = select(subscribers).where(subscribers.c.id.in_(self._db.numbers()))
        with self._db.reading() as connection:
            rows = connection.execute(statement, {"numbers": self._db.listed(subscriber_ids)})
            return {one.id: one for one in map(from_row, rows)}

    def addressees(self, subscriber_ids: Iterable[int]) -> Mapping[int, Addressee]:
        rows = self._db.look(self._addressees, {"numbers": self._db.listed(subscriber_ids)})
        if not rows or not rows[0][-1]:  # nobody at all is suppressed
            return {row[0]: addressee(row, False) for row in rows}
        hashes = [address_hash(row[1], self._secret) for row in rows]
        with self._db.reading() as connection:
            barred = self._barred(connection, hashes)
        return {row[0]: addressee(row, hashed in barred) for row, hashed in zip(rows, hashes, strict=True)}

    def active(self, *, after_id: int = 0, limit: int = 1000) -> tuple[Subscriber, ...]:
        statement = (
            select(subscribers)
            .where(subscribers.c.status == "active", subscribers.c.id > bindparam("after_id"))
            .order_by(subscribers.c.id)
            .limit(bindparam("many"))
        )
        with self._db.reading() as connection:
            rows = connection.execute(statement, {"after_id": after_id, "many": limit})
            return tuple(from_row(row) for row in rows)

    def hours(self) -> Mapping[Hours, int]:
        columns = (subscribers.c.timezone, subscribers.c.send_hour, subscribers.c.cadence)
        statement = select(*columns, func.count()).where(subscribers.c.status == "active").group_by(*columns)
        with self._db.reading() as connection:
            return {Hours(zone, hour, cadence): many for zone, hour, cadence, many in connection.execute(statement)}

    def locales(self) -> Mapping[str | None, int]:
        chosen = subscribers.c.locale
        statement = select(chosen, func.count()).where(subscribers.c.status == "active").group_by(chosen)
        with self._db.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}

    def every(self) -> Iterator[Subscriber]:
        """By id, a page at a time: no transaction stays open while the caller works."""
        after = 0
        while True:
            statement = select(subscribers).where(subscribers.c.id > after).order_by(subscribers.c.id).limit(_BATCH)
            with self._db.reading() as connection:
                page = [from_row(row) for row in connection.execute(statement)]
            yield from page
            if len(page) < _BATCH:
                return
            after = page[-1].id

    def stale(self, *, before: datetime) -> tuple[str, ...]:
        statement = (
            select(subscribers.c.email)
            .where(subscribers.c.status == "pending", subscribers.c.created_at < micros(before))
            .order_by(subscribers.c.id)
        )
        with self._db.reading() as connection:
            return tuple(connection.execute(statement).scalars())

    def update(self, subscriber: Subscriber, was: Subscriber | None = None) -> bool:
        """By id. AddressError: her new address is another subscriber's."""
        row = to_row(subscriber)
        statement = update(subscribers).where(subscribers.c.id == subscriber.id)
        if was is not None:
            old = to_row(was)
            row = {name: value for name, value in row.items() if value != old[name]}
            if {"status", "generation"} & set(row):
                statement = statement.where(
                    subscribers.c.status == was.status, subscribers.c.generation == was.generation
                )
        if not row:
            return True
        with self._db.writing() as connection:
            try:
                return bool(connection.execute(statement.values(row)).rowcount)
            except IntegrityError as error:
                raise AddressError("Another subscriber has this address already.") from error

    def remove(self, email: str, *, at: datetime) -> bool:
        """True when the address is in the table, also when she had left before."""
        del at  # the ledger and the run notes say when; the row says that
        stays = subscribers.c.status == "complained"  # as in newsletter.subscribe.moves
        statement = (
            update(subscribers)
            .where(subscribers.c.email_key == address_key(email))
            .values(status=case((stays, subscribers.c.status), else_="left"))
        )
        with self._db.writing() as connection:
            return bool(connection.execute(statement).rowcount)

    def forget(self, email: str, *, at: datetime) -> bool:
        """True when she was in the table. Her ledger rows stay, counted and empty of her: see `forgetting`."""
        with self._db.writing() as connection:
            known = _erase(connection, email)
            if known:
                self._suppress(connection, email, "forgotten", at)
        if known:
            self._db.flush_log()
        return known

    def erase(self, email: str) -> bool:
        with self._db.writing() as connection:
            return _erase(connection, email)

    def suppress(self, email: str, reason: str, *, at: datetime) -> None:
        """Whoever is suppressed already keeps the first reason and day."""
        with self._db.writing() as connection:
            self._suppress(connection, email, reason, at)

    def _suppress(self, connection: Connection, email: str, reason: str, at: datetime) -> None:
        row = {"address_hash": address_hash(email, self._secret), "reason": reason, "since": micros(at)}
        self._db.insert_new(connection, suppressions, [row])

    def unsuppress(self, email: str) -> bool:
        hashed = address_hash(email, self._secret)
        with self._db.writing() as connection:
            return bool(connection.execute(delete(suppressions).where(suppressions.c.address_hash == hashed)).rowcount)

    def suppressed(self, emails: Iterable[str]) -> frozenset[str]:
        given = defaultdict(set)
        for email in emails:
            given[address_hash(email, self._secret)].add(email)
        with self._db.reading() as connection:
            barred = self._barred(connection, given)
        return frozenset(email for hashed in barred for email in given[hashed])

    def suppressions(self) -> Iterator[tuple[str, str, datetime]]:
        with self._db.reading() as connection:
            rows = connection.execute(select(suppressions).order_by(suppressions.c.address_hash)).all()
        for row in rows:
            yield row.address_hash, row.reason, moment(row.since)

    def counts(self) -> Mapping[str, int]:
        """Readers by status; a status that nobody has is left out."""
        statement = select(subscribers.c.status, func.count()).group_by(subscribers.c.status)
        with self._db.reading() as connection:
            return dict(connection.execute(statement).all())

    def say(self, feedback: Feedback) -> None:
        self.say_all([feedback])

    def say_all(self, feedback: Iterable[Feedback]) -> None:
        """What a reader who is not in the table says is not kept."""
        rows = [
            {
                "subscriber_id": one.subscriber_id,
                "paper_id": one.paper_id,
                "topic": one.topic,
                "verb": one.verb,
                "at": micros(one.at),
                "source": one.source,
            }
            for one in feedback
        ]
        if not rows:
            return
        asked = select(subscribers.c.id).where(subscribers.c.id.in_(self._db.numbers()))
        with self._db.writing() as connection:
            numbers = {"numbers": self._db.listed({row["subscriber_id"] for row in rows})}
            known = set(connection.execute(asked, numbers).scalars())
            if kept := [row for row in rows if row["subscriber_id"] in known]:
                connection.execute(insert(_feedback), kept)

    def said(self, subscriber_ids: Iterable[int]) -> Mapping[int, tuple[Feedback, ...]]:
        """Oldest first; readers who said nothing are left out."""
        statement = (
            select(_feedback)
            .where(_feedback.c.subscriber_id.in_(self._db.numbers()))
            .order_by(_feedback.c.at, _feedback.c.id)
        )
        found: dict[int, list[Feedback]] = defaultdict(list)
        with self._db.reading() as connection:
            for row in connection.execute(statement, {"numbers": self._db.listed(subscriber_ids)}):
                found[row.subscriber_id].append(
                    Feedback(row.subscriber_id, row.paper_id, row.verb, moment(row.at), row.topic, row.source)
                )
        return {one: tuple(said) for one, said in found.items()}

    def bring(self, subscriber_id: int, papers: Iterable[Paper]) -> None:
        with self._db.writing() as connection:
            bringing.keep(self._db, connection, subscriber_id, papers)

    def brought(self, subscriber_ids: Iterable[int]) -> Mapping[int, Mapping[str, Paper]]:
        with self._db.reading() as connection:
            return bringing.of(self._db, connection, subscriber_ids)

    def drop_brought(self, subscriber_id: int, paper_ids: Iterable[str] | None) -> None:
        with self._db.writing() as connection:
            bringing.drop(self._db, connection, subscriber_id, paper_ids)


def _erase(connection: Connection, email: str) -> bool:
    statement = select(subscribers.c.id).where(subscribers.c.email_key == address_key(email))
    number = connection.execute(statement).scalar()
    if number is None:
        return False
    for table in (feedback, brought):
        connection.execute(delete(table).where(table.c.subscriber_id == number))
    forget_mail(connection, number)
    connection.execute(delete(subscribers).where(subscribers.c.id == number))
    return True


_feedback = feedback  # an argument of the same name hides it
