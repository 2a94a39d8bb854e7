"""One run in the ledger of runs: what it has to say, how it ended, and what it reports."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from newsletter.errors import NewsletterError
from newsletter.model.mail import Note
from newsletter.tracing import span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from newsletter.model.edition import Edition, Silence
    from newsletter.press import Press, Watch
    from newsletter.send.tally import Tally
    from newsletter.stages.dispatching import Dispatch

Outcome = Literal["done", "partial", "failed"]


@dataclass(slots=True)
class Log:
    """What a run has to say, kept in the run ledger as it happens and told to whoever watches."""

    press: Press
    run_id: int
    watch: Watch
    outcome: Outcome = "done"
    notes: list[Note] = field(default_factory=list)

    def add(self, *notes: Note) -> None:
        self.notes += notes
        self.press.runs.note(self.run_id, notes)
        for note in notes:
            self.watch(note)


@dataclass(frozen=True, slots=True)
class Report:
    """What one run did: the numbers for programs, the notes for people."""

    command: str
    day: date
    outcome: Outcome
    notes: tuple[Note, ...]
    edition: Edition | None = None
    cut: int = 0
    silences: tuple[Silence, ...] = ()
    silent: dict[str, int] = field(default_factory=dict)  # code: readers
    tally: Tally | None = None

    @property
    def exit_code(self) -> int:
        """0 done, 1 a person must look, 75 run it again later (DESIGN part 5)."""
        return {"done": 0, "failed": 1, "partial": 75}[self.outcome]


def outcome_of(log: Log, command: str, sent: Dispatch | None = None) -> Outcome:
    """Partial: something failed for now. One source of several may fail: the edition came out of the others."""
    failed = {note.subject for note in log.notes if note.level == "error"}
    silent_sources = failed & log.press.source_names
    if sent is not None:
        if sent.attention:
            return "failed"
        if "send" in failed or (sent.tally is not None and (sent.tally.deferred or sent.tally.stop)):
            return "partial"
    if command == "collect":
        return "partial" if silent_sources else "done"
    return "partial" if silent_sources and silent_sources == log.press.source_names else "done"


@contextmanager
def running(press: Press, command: str, day: date, watch: Watch) -> Iterator[Log]:
    """A run in the ledger of runs, with its end, whatever happens."""
    log = Log(press, press.runs.begin(command, day, at=press.clock.now()), watch)
    try:
        with span(command):
            yield log
    except NewsletterError as error:
        log.add(Note("error", command, str(error)))
        press.runs.finish(log.run_id, "failed", at=press.clock.now())
        raise
    except BaseException:  # edge: a run that is interrupted or crashes is not left as running
        press.runs.finish(log.run_id, "failed", at=press.clock.now())
        raise
    else:
        troubled = any(note.level == "error" for note in log.notes)
        outcome = "partial" if troubled and log.outcome == "done" else log.outcome
        press.runs.finish(log.run_id, outcome, at=press.clock.now())
