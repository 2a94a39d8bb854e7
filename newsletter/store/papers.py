"""Papers, their appearances and their readings, on SQLite or PostgreSQL."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING, cast

from sqlalchemy import Select, bindparam, func, select, union

from newsletter.model.paper import Candidate, Listing, Poll, Reading
from newsletter.store import full_text, pruning
from newsletter.store.keeping import Keeper
from newsletter.store.merging import ALIAS
from newsletter.store.papers_read import as_paper, known_papers, owners_of
from newsletter.store.tables import answers, listings, memories, paper_keys, papers, polls, readings
from newsletter.store.values import day as as_day
from newsletter.store.values import micros, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import BindParameter, Row

    from newsletter.model.paper import Announced, Paper
    from newsletter.model.search import Within
    from newsletter.store.database import Database


class SqlPapers:
    """The port `Papers`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, keys: Iterable[str]) -> Mapping[str, Paper]:
        statement = (
            select(paper_keys.c.key, papers.c.document)
            .join(papers, papers.c.id == paper_keys.c.paper_id)
            .where(paper_keys.c.key.in_(self._db.words()))
        )
        with self._db.reading() as connection:
            rows = connection.execute(statement, {"words": self._db.listed(keys)})
            return {key: as_paper(document) for key, document in rows}

    def get(self, paper_ids: Iterable[str]) -> Mapping[str, Paper]:
        """By id; an id that was merged into another gives the paper that it became."""
        ids = list(paper_ids)
        with self._db.reading() as connection:
            found = {one: known.paper for one, known in known_papers(self._db, connection, ids).items()}
            if missing := [ALIAS + one for one in ids if one not in found]:
                became = owners_of(self._db, connection, missing)
                kept = known_papers(self._db, connection, became.values())
                found |= {key.removeprefix(ALIAS): kept[one].paper for key, one in became.items()}
        return found

    def keep(
        self,
        papers: Iterable[Paper],
        listings: Iterable[Listing],
        readings: Iterable[Reading],
        originals: Iterable[tuple[str, str, str]],
        *,
        at: datetime,
    ) -> int:
        """See the port. A key that joins two known papers makes them one: the older id, the listings and readings
        of both; the id that went still finds the paper.
        """
        arriving, listed, measured, received = list(papers), list(listings), list(readings), list(originals)
        with self._db.writing() as connection:
            keeper = Keeper(self._db, connection, micros(at))
            new = keeper.papers(arriving)
            keeper.series(listed, measured, received)
        return new

    def candidates(self, *, since: datetime, until: datetime) -> tuple[Candidate, ...]:
        span = {"since": micros(since), "until": micros(until)}
        low: BindParameter[int] = bindparam("since")
        high: BindParameter[int] = bindparam("until")
        chosen = union(
            select(papers.c.id).where(papers.c.first_seen > low, papers.c.first_seen <= high),
            select(listings.c.paper_id).where(listings.c.at > low, listings.c.at <= high),
        ).subquery()
        return self._candidates(select(chosen.c.id), span, high)

    def remeasured(self, *, since: datetime, until: datetime) -> tuple[Candidate, ...]:
        high: BindParameter[int] = bindparam("until")
        ids = select(readings.c.paper_id).where(readings.c.at > bindparam("since"), readings.c.at <= high).distinct()
        return self._candidates(ids, {"since": micros(since), "until": micros(until)}, high)

    def _candidates(
        self, ids: Select[tuple[str]], span: Mapping[str, int], high: BindParameter[int]
    ) -> tuple[Candidate, ...]:
        with self._db.reading() as connection:
            rows = connection.execute(
                select(papers.c.id, papers.c.first_seen, papers.c.document).where(papers.c.id.in_(ids)), span
            ).all()
            listed = defaultdict(list)
            for row in connection.execute(
                select(listings).where(listings.c.paper_id.in_(ids), listings.c.at <= high), span
            ):
                listed[row.paper_id].append(_listing(row))
            measured = defaultdict(list)
            for row in connection.execute(
                select(readings).where(readings.c.paper_id.in_(ids), readings.c.at <= high), span
            ):
                measured[row.paper_id].append(_reading(row))
        # Sorted here: databases collate text as their locale says.
        return tuple(
            Candidate(as_paper(document), moment(seen), _by_day(listed[one]), _by_time(measured[one]))
            for one, seen, document in sorted(rows, key=lambda row: cast("str", row.id))
        )

    def readings(self, paper_id: str) -> tuple[Reading, ...]:
        with self._db.reading() as connection:
            rows = connection.execute(select(readings).where(readings.c.paper_id == paper_id))
            return _by_time([_reading(row) for row in rows])

    def readings_of(self, paper_ids: Iterable[str]) -> Mapping[str, tuple[Reading, ...]]:
        statement = select(readings).where(readings.c.paper_id.in_(self._db.words()))
        found: dict[str, list[Reading]] = defaultdict(list)
        with self._db.reading() as connection:
            for row in connection.execute(statement, {"words": self._db.listed(paper_ids)}):
                found[row.paper_id].append(_reading(row))
        return {name: _by_time(some) for name, some in found.items()}

    def listings(self, paper_id: str) -> tuple[Listing, ...]:
        with self._db.reading() as connection:
            rows = connection.execute(select(listings).where(listings.c.paper_id == paper_id))
            return _by_day([_listing(row) for row in rows])

    def answered(self, source: str, *, since: date) -> frozenset[date]:
        statement = select(answers.c.day).where(answers.c.source == source, answers.c.day >= since.isoformat())
        with self._db.reading() as connection:
            return frozenset(as_day(one) for one in connection.execute(statement).scalars())

    def note_answer(self, source: str, days: Iterable[date], memory: Mapping[str, str], polls: Iterable[Poll]) -> None:
        """Days and polls are added; an empty `memory` changes nothing, another replaces the last one."""
        answered = [{"source": source, "day": day.isoformat()} for day in days]
        with self._db.writing() as connection:
            self._db.insert_new(connection, answers, answered)
            if memory:
                statement = self._db.insert(memories).values(
                    source=source, document=json.dumps(dict(memory), sort_keys=True)
                )
                connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["source"], set_={"document": statement.excluded.document}
                    )
                )
            self._db.insert_new(connection, _polls, [_poll_row(poll) for poll in polls])

    def memory(self, source: str) -> dict[str, str]:
        with self._db.reading() as connection:
            document = connection.execute(select(memories.c.document).where(memories.c.source == source)).scalar()
        return cast("dict[str, str]", json.loads(document)) if document else {}

    def polls(self, source: str, day: date) -> tuple[Poll, ...]:
        statement = (
            select(_polls).where(_polls.c.source == source, _polls.c.day == day.isoformat()).order_by(_polls.c.at)
        )
        with self._db.reading() as connection:
            rows = connection.execute(statement)
            return tuple(Poll(row.source, as_day(row.day), row.size, moment(row.at)) for row in rows)

    def search(
        self, words: Sequence[str], *, limit: int, every: bool | None = None, within: Within | None = None
    ) -> tuple[str, ...]:
        with self._db.reading() as connection:
            return full_text.search(self._db, connection, words, limit, every=every, within=within)

    def last(self) -> int:
        with self._db.reading() as connection:
            return connection.execute(select(func.max(papers.c.seq))).scalar() or 0

    def forget_readings(self, *, before: datetime) -> int:
        with self._db.writing() as connection:
            return pruning.prune_readings(connection, micros(before))

    def count(self) -> int:
        with self._db.reading() as connection:
            return connection.execute(select(func.count()).select_from(papers)).scalar_one()


_polls = polls  # the method of the same name hides it


def _poll_row(poll: Poll) -> dict[str, str | int]:
    return {"source": poll.source, "day": poll.day.isoformat(), "at": micros(poll.at), "size": poll.size}


def _listing(row: Row[tuple[object, ...]]) -> Listing:
    return Listing(
        row.paper_id, _without_path(row.source), as_day(row.day), cast("Announced", row.kind), moment(row.at)
    )


def _reading(row: Row[tuple[object, ...]]) -> Reading:
    source, dot, what = row.signal.rpartition(".")
    return Reading(row.paper_id, f"{_without_path(source)}{dot}{what}", row.value, moment(row.at))


def _without_path(source: str) -> str:
    """Files were once named by their path: what they said is the same file's still."""
    return f"file:{PurePath(source[5:]).stem}" if source.startswith("file:") else source


def _by_day(found: list[Listing]) -> tuple[Listing, ...]:
    return tuple(sorted(found, key=lambda one: (one.day, one.at, one.source)))


def _by_time(found: list[Reading]) -> tuple[Reading, ...]:
    return tuple(sorted(found, key=lambda one: (one.at, one.signal)))
