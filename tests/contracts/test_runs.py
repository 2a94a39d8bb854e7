"""The contract of the runs: nobody has to guess why today looks as it does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.mail import Note, Run

if TYPE_CHECKING:
    from tests.support.stores import Stores

DAY = date(2020, 2, 29)  # a run of a day long past is as alive as any
NOW = datetime(2020, 2, 29, 23, 59, 59, tzinfo=UTC)


def test_a_run_is_told_with_its_notes_from_start_to_end(store: Stores) -> None:
    notes = (Note("info", "huggingface", "23 papers"), Note("error", "arxiv", "timed out"))
    number = store.runs.begin("run", DAY, at=NOW)
    assert store.runs.last() == (Run(number, "run", DAY, NOW, None, "running"),)

    store.runs.note(number, notes[:1])
    store.runs.note(number, notes[1:])
    store.runs.note(number, [])
    store.runs.finish(number, "partial", at=NOW + timedelta(minutes=1))

    assert store.runs.last() == (Run(number, "run", DAY, NOW, NOW + timedelta(minutes=1), "partial", notes),)


def test_the_newest_runs_come_first_and_can_be_asked_by_command_and_day(store: Stores) -> None:
    assert store.runs.last() == ()
    days = [DAY, DAY, DAY + timedelta(days=1)]
    one, two, three = (
        store.runs.begin(command, day, at=NOW) for command, day in zip(["run", "send", "run"], days, strict=True)
    )

    assert [run.id for run in store.runs.last()] == [three, two, one]
    assert [run.id for run in store.runs.last(limit=2)] == [three, two]
    assert [run.id for run in store.runs.last(command="run")] == [three, one]
    assert [run.id for run in store.runs.last(command="run", day=DAY)] == [one]
