"""Printed editions: written once, read for ever."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from newsletter.model.codec import edition_from_json, edition_to_json
from newsletter.store.tables import editions, featured, ranked
from newsletter.store.values import day as as_day
from newsletter.store.values import micros

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from newsletter.model.edition import Card, Edition
    from newsletter.store.database import Database


class SqlEditions:
    """The port `Editions`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def print(self, edition: Edition) -> Edition:
        """Whoever commits first has printed the day; everybody gets that edition back."""
        row = {
            "day": edition.day.isoformat(),
            "printed_at": micros(edition.printed_at),
            "content": zlib.compress(edition_to_json(edition).encode()),
        }
        shown = {pick.paper_id for pool in edition.pools for pick in pool.picks if pick.rank <= pool.top}
        shown |= {one.paper_id for one in edition.follow_ups}
        with self._db.writing() as connection:
            if self._db.insert_new(connection, editions, [row]):
                rows = [{"day": row["day"], "paper_id": one} for one in sorted(shown)]
                self._db.insert_new(connection, featured, rows)
                self._db.insert_new(connection, ranked, ranked_rows(edition))
                return edition
            statement = select(editions.c.content).where(editions.c.day == row["day"])
            return _edition(connection.execute(statement).scalar_one())

    def get(self, day: date) -> Edition | None:
        with self._db.reading() as connection:
            content = connection.execute(select(editions.c.content).where(editions.c.day == day.isoformat())).scalar()
        return None if content is None else _edition(content)

    def between(self, after: date | None, until: date) -> tuple[Edition, ...]:
        statement = select(editions.c.content).where(editions.c.day <= until.isoformat()).order_by(editions.c.day)
        if after is not None:
            statement = statement.where(editions.c.day > after.isoformat())
        with self._db.reading() as connection:
            return tuple(_edition(content) for content in connection.execute(statement).scalars())

    def days(self) -> tuple[date, ...]:
        """Oldest first."""
        with self._db.reading() as connection:
            found = connection.execute(select(editions.c.day).order_by(editions.c.day)).scalars()
            return tuple(as_day(one) for one in found)

    def featured(self, *, since: date, before: date) -> frozenset[str]:
        statement = select(featured.c.paper_id).where(
            featured.c.day >= since.isoformat(), featured.c.day < before.isoformat()
        )
        with self._db.reading() as connection:
            return frozenset(connection.execute(statement).scalars())

    def last_cards(self, paper_ids: Iterable[str], *, before: date) -> dict[str, Card]:
        statement = (
            select(featured.c.paper_id, func.max(featured.c.day))
            .where(featured.c.paper_id.in_(self._db.words()), featured.c.day < before.isoformat())
            .group_by(featured.c.paper_id)
        )
        with self._db.reading() as connection:
            last = dict(connection.execute(statement, {"words": self._db.listed(paper_ids)}).all())
        found: dict[str, Card] = {}
        for day in sorted(set(last.values())):
            edition = self.get(as_day(day))
            cards = {card.paper.id: card for card in edition.cards} if edition else {}
            found |= {one: cards[one] for one, of in last.items() if of == day and one in cards}
        return found


def ranked_rows(edition: Edition) -> list[dict[str, str]]:
    """What a search in a topic finds: every paper of its pool, shown or below the fold."""
    pairs = sorted({(pool.slug, pick.paper_id) for pool in edition.pools for pick in pool.picks})
    return [{"topic": topic, "paper_id": paper_id} for topic, paper_id in pairs]


def _edition(content: bytes) -> Edition:
    return edition_from_json(zlib.decompress(content).decode())
