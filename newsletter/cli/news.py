"""What is new to whom cron mails: `--quiet` does not say again what the runs of the last hours said already."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.mail import Note
    from newsletter.press import Press, Watch
    from newsletter.running import Report

AGAIN = timedelta(hours=20)  # a trouble that lasts is told once a day


class News:
    """Warnings and errors of earlier runs, if it is to be quiet; without, all is new."""

    def __init__(self, press: Press, *, quiet: bool) -> None:
        now = press.clock.now()
        runs = press.runs.last(limit=100) if quiet else ()
        recent = [run for run in runs if now - AGAIN <= run.started_at <= now]
        self._told = frozenset(note for run in recent for note in run.notes if note.level != "info")

    def is_new(self, note: Note) -> bool:
        return note not in self._told

    def only(self, watch: Watch) -> Watch:
        """A watch that hears what is new."""
        return lambda note: watch(note) if self.is_new(note) else None

    def rest(self, watch: Watch, report: Report) -> None:
        """A run that failed says why, however often it has been said."""
        if report.exit_code:
            for note in report.notes:
                if note.level == "error" and not self.is_new(note):
                    watch(note)
