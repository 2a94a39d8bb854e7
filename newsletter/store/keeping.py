"""One transaction of `Papers.keep`: arriving papers find their place, their series follow them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, func, select, update

from newsletter.model.codec import dumps
from newsletter.model.paper import identity_keys
from newsletter.store import full_text
from newsletter.store.merging import ALIAS, Known, Placement, place
from newsletter.store.papers_read import known_papers, owners_of
from newsletter.store.tables import listings, originals, paper_keys, paper_vectors_due, papers, readings
from newsletter.store.values import micros, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Table

    from newsletter.model.paper import Listing, Paper, Reading
    from newsletter.store.database import Database

_SERIES: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (listings, ("source", "day")),
    (readings, ("signal", "at")),
    (originals, ("source",)),
)


class Keeper:
    """Works inside the caller's transaction; `at` in microseconds. Use once."""

    def __init__(self, database: Database, connection: Connection, at: int) -> None:
        self._db = database
        self._connection = connection
        self._at = at
        self._owners: dict[str, str] = {}
        self._known: dict[str, Known] = {}
        self._fresh: dict[str, Paper] = {}
        self._met: set[str] = set()
        self._changed: dict[str, Paper] = {}
        self._last = 0  # in the order of arrival
        self._became: dict[str, str] = {}  # an id that papers arrived under, or had, and the one they have now

    def papers(self, arriving: Sequence[Paper]) -> int:
        """How many were new."""
        keys = {key for paper in arriving for key in (*identity_keys(paper), ALIAS + paper.id)}
        self._owners = owners_of(self._db, self._connection, keys)
        ids = {*self._owners.values(), *(paper.id for paper in arriving)}
        self._known = known_papers(self._db, self._connection, ids)
        self._last = max((one.order for one in self._known.values()), default=0)
        for paper in arriving:
            self._settle(paper, place(paper, self._owners, self._known))
        self._write()
        return len(self._fresh)

    def _settle(self, paper: Paper, placed: Placement) -> None:
        stored = placed.paper
        before = self._known.get(stored.id)
        self._met.add(stored.id)
        for one in placed.absorbed:
            self._absorb(one, stored.id)
        if before is None or stored.id in self._fresh:
            self._fresh[stored.id] = stored
        elif before.paper != stored:
            self._changed[stored.id] = stored
        self._last += 1
        self._known[stored.id] = Known(before.order if before else self._last, stored)
        self._owners |= dict.fromkeys(placed.keys, stored.id)
        if paper.id != stored.id:
            self._became[paper.id] = stored.id

    def _absorb(self, one: str, into: str) -> None:
        """What hangs on a paper that turned out to be another moves over there."""
        order = self._known.pop(one).order
        self._changed.pop(one, None)
        self._became[one] = into
        self._owners = {key: into if owner == one else owner for key, owner in self._owners.items()}
        if self._fresh.pop(one, None) is not None:
            return
        for table, same in _SERIES:
            self._move(table, same, one, into)
        move_keys = update(paper_keys).where(paper_keys.c.paper_id == one).values(paper_id=into)
        self._connection.execute(move_keys)
        full_text.remove(self._db, self._connection, order)
        self._connection.execute(delete(paper_vectors_due).where(paper_vectors_due.c.seq == order))
        self._connection.execute(delete(papers).where(papers.c.id == one))

    def _move(self, table: Table, same: tuple[str, ...], one: str, into: str) -> None:
        there = table.alias()
        doubled = (
            select(1)
            .select_from(there)
            .where(and_(there.c.paper_id == into, *(there.c[name] == table.c[name] for name in same)))
        )
        self._connection.execute(delete(table).where(table.c.paper_id == one, doubled.exists()))
        self._connection.execute(update(table).where(table.c.paper_id == one).values(paper_id=into))

    def _write(self) -> None:
        today = moment(self._at).date()
        rows = [
            {
                "id": one,
                "first_seen": self._at,
                "document": dumps(paper),
                "day": (paper.published or today).isoformat(),
            }
            for one, paper in self._fresh.items()
        ]
        self._db.insert_new(self._connection, papers, rows)
        if met := [{"one": one} for one in sorted(self._met - self._fresh.keys())]:
            earlier = update(papers).where(papers.c.id == bindparam("one"), papers.c.first_seen > self._at)
            self._connection.execute(earlier.values(first_seen=self._at), met)
        if self._changed:
            statement = update(papers).where(papers.c.id == bindparam("one"))
            statement = statement.values(document=bindparam("new"), day=func.coalesce(bindparam("on"), papers.c.day))
            changed = [
                {"one": one, "new": dumps(paper), "on": paper.published.isoformat() if paper.published else None}
                for one, paper in self._changed.items()
            ]
            self._connection.execute(statement, changed)
        keys = [{"key": key, "paper_id": owner} for key, owner in sorted(self._owners.items())]
        self._db.insert_new(self._connection, paper_keys, keys)
        written = {**self._fresh, **self._changed}
        numbers = known_papers(self._db, self._connection, written)
        full_text.write(self._db, self._connection, {numbers[one].order: paper for one, paper in written.items()})
        self._ask_for_vectors(sorted(numbers[one].order for one in written))

    def _ask_for_vectors(self, orders: Sequence[int]) -> None:
        if not orders:
            return
        statement = self._db.insert(paper_vectors_due).values(seq=bindparam("number"), mark=1)
        statement = statement.on_conflict_do_update(index_elements=["seq"], set_={"mark": paper_vectors_due.c.mark + 1})
        self._connection.execute(statement, [{"number": order} for order in orders])

    def series(
        self,
        listed: Sequence[Listing],
        measured: Sequence[Reading],
        received: Sequence[tuple[str, str, str]],
    ) -> None:
        """What is there already stays as it is, but for originals: there the latest counts."""
        ids = {one.paper_id for one in listed} | {one.paper_id for one in measured} | {one for one, _, _ in received}
        self._learn_aliases(ids)
        rows: list[dict[str, Any]] = [
            {
                "paper_id": self._now(one.paper_id),
                "source": one.source,
                "day": one.day.isoformat(),
                "kind": one.kind,
                "at": micros(one.at),
            }
            for one in listed
        ]
        self._db.insert_new(self._connection, listings, rows)
        if rows:
            same = [listings.c[name] == bindparam(f"one_{name}") for name in ("paper_id", "source", "day")]
            earlier = update(listings).where(*same, listings.c.at > bindparam("one_at")).values(at=bindparam("one_at"))
            self._connection.execute(earlier, [{f"one_{name}": value for name, value in row.items()} for row in rows])
        rows = [
            {"paper_id": self._now(one.paper_id), "signal": one.signal, "at": micros(one.at), "value": one.value}
            for one in measured
        ]
        self._db.insert_new(self._connection, readings, rows)
        self._keep_originals({(self._now(one), source): text for one, source, text in received})

    def _keep_originals(self, latest: dict[tuple[str, str], str]) -> None:
        if not latest:
            return
        statement = self._db.insert(originals)
        statement = statement.on_conflict_do_update(
            index_elements=["paper_id", "source"],
            set_={"at": statement.excluded.at, "content": statement.excluded.content},
        )
        rows = [
            {"paper_id": one, "source": source, "at": self._at, "content": zlib.compress(text.encode(), 1)}
            for (one, source), text in latest.items()
        ]
        self._connection.execute(statement, rows)

    def _learn_aliases(self, ids: Iterable[str]) -> None:
        asked = [ALIAS + one for one in ids if one not in self._known and one not in self._became]
        if asked:
            found = owners_of(self._db, self._connection, asked)
            self._became |= {key.removeprefix(ALIAS): owner for key, owner in found.items()}

    def _now(self, one: str) -> str:
        while one in self._became:
            one = self._became[one]
        return one
