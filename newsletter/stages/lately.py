"""The latest runs that did a certain thing; a busy outbox must not push them out of sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from newsletter.model.edition import Edition
    from newsletter.model.mail import Run
    from newsletter.ports import Runs


def when_printed(edition: Edition, now: datetime) -> str:
    """`printed at 2026-11-20 06:40 UTC`; of one made with --day before that day is over, its end."""
    if edition.printed_at > now:
        return f"printed as at the end of {edition.day}"
    return f"printed at {edition.printed_at:%Y-%m-%d %H:%M} UTC"


COLLECTING = ("collect", "run")
PRINTING = ("print", "run")


def collectings(runs: Runs, *, limit: int, day: date | None = None) -> tuple[Run, ...]:
    """Runs that asked the sources, newest first."""
    return _of(runs, COLLECTING, limit, day)


def printings(runs: Runs, *, limit: int, day: date | None = None) -> tuple[Run, ...]:
    """Runs that tried to print an edition, newest first."""
    return _of(runs, PRINTING, limit, day)


def _of(runs: Runs, commands: tuple[str, ...], limit: int, day: date | None) -> tuple[Run, ...]:
    found = [run for command in commands for run in runs.last(limit=limit, command=command, day=day)]
    return tuple(sorted(found, key=lambda run: run.id, reverse=True)[:limit])
