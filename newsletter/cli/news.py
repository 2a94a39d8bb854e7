"""What is new to whom cron mails: `--quiet` does not say again what the runs of the last hours said already."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.mail import Note
    from newsletter.press import Press, Watch
    from newsletter.running import Report

AGAIN = timedelta(hours=20)  # a trouble that lasts is told once a day


class News:
    """Which warnings and errors were told lately, if it is to be quiet; without, all is new.

    What was told is kept apart from the ledger of runs: there each run notes its troubles, told or not.
    """

    def __init__(self, press: Press, *, quiet: bool) -> None:
        self._now = press.clock.now()
        self._records = press.records if quiet else None
        self._fresh: dict[Note, bool] = {}

    def is_new(self, note: Note) -> bool:
        """The same all through a run."""
        if self._records is None or note.level == "info":
            return True
        if note not in self._fresh:
            self._fresh[note] = self._records.get("told", _key(note), now=self._now) is None
        return self._fresh[note]

    def only(self, watch: Watch) -> Watch:
        """A watch that hears what is new."""
        return lambda note: watch(note) if self.is_new(note) else None

    def rest(self, watch: Watch, report: Report) -> None:
        """The end of a run: if it failed it says why, however often it has been said. What was told is kept then, so
        that a run which is killed is followed by one that tells again.
        """
        for note in report.notes:
            if report.exit_code and note.level == "error" and not self.is_new(note):
                watch(note)
        for note, fresh in self._fresh.items():
            if fresh and self._records is not None:
                self._records.put("told", _key(note), "", until=self._now + AGAIN)


def _key(note: Note) -> str:
    return hashlib.sha256(f"{note.level}\n{note.subject}\n{note.text}".encode("utf-8", "replace")).hexdigest()
