"""What was run, when, and what it said."""

from __future__ import annotations

import os
import socket
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import insert, select, update

from newsletter.model.mail import Note, Run
from newsletter.process import mark, runs_here
from newsletter.store import pruning
from newsletter.store.tables import run_notes, runs
from newsletter.store.values import day as as_day
from newsletter.store.values import micros, moment, moment_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from typing import Literal

    from sqlalchemy import Row

    from newsletter.store.database import Database

_SILENT = timedelta(hours=6)  # a run on another machine that has said nothing for so long is taken for dead


class SqlRuns:
    """The port `Runs`. A run without an end is `died` when its process is gone: here we look, of another machine or
    container we only know when it last said something.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, command: str, day: date, *, at: datetime) -> int:
        row = {
            "command": command,
            "day": day.isoformat(),
            "started_at": micros(at),
            "outcome": "running",
            "host": socket.gethostname(),
            "process": mark(os.getpid()),
            "alive_at": micros(datetime.now(UTC)),
        }
        with self._db.writing() as connection:
            return int(connection.execute(insert(runs).returning(runs.c.id), row).scalar_one())

    def note(self, run_id: int, notes: Sequence[Note]) -> None:
        rows = [{"run_id": run_id, "level": n.level, "subject": n.subject, "text": n.text} for n in notes]
        with self._db.writing() as connection:
            if rows:
                connection.execute(insert(run_notes), rows)
            connection.execute(update(runs).where(runs.c.id == run_id).values(alive_at=micros(datetime.now(UTC))))

    def finish(self, run_id: int, outcome: str, *, at: datetime) -> None:
        statement = update(runs).where(runs.c.id == run_id).values(finished_at=micros(at), outcome=outcome)
        with self._db.writing() as connection:
            connection.execute(statement)

    def sweep(self, *, before: datetime, limit: int) -> int:
        with self._db.writing() as connection:
            return pruning.prune_runs(self._db, connection, micros(before), limit)

    def last(
        self, *, limit: int = 10, command: str | None = None, day: date | None = None, before: int | None = None
    ) -> tuple[Run, ...]:
        """Newest first, each with its notes."""
        statement = select(runs).order_by(runs.c.id.desc()).limit(limit)
        if command is not None:
            statement = statement.where(runs.c.command == command)
        if day is not None:
            statement = statement.where(runs.c.day == day.isoformat())
        if before is not None:
            statement = statement.where(runs.c.id < before)
        notes: dict[int, list[Note]] = defaultdict(list)
        with self._db.reading() as connection:
            rows = connection.execute(statement).all()
            said = select(run_notes).where(run_notes.c.run_id.in_([row.id for row in rows])).order_by(run_notes.c.id)
            for note in connection.execute(said):
                notes[note.run_id].append(Note(note.level, note.subject, note.text))
        return tuple(_run(row, tuple(notes[row.id])) for row in rows)


def _run(row: Row[Any], notes: tuple[Note, ...]) -> Run:
    outcome = row.outcome if row.finished_at is not None or _alive(row) else "died"
    return Run(
        row.id,
        row.command,
        as_day(row.day),
        moment(row.started_at),
        moment_or_none(row.finished_at),
        cast('Literal["running", "done", "partial", "failed", "died"]', outcome),
        notes,
    )


def _alive(row: Row[Any]) -> bool:
    known = runs_here(row.host, row.process)
    if known is not None:
        return known
    return datetime.now(UTC) - moment(row.alive_at) < _SILENT
