"""A run that ended without a word is shown as died."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from newsletter.store.open import open_store
from newsletter.store.values import micros
from tests.support.stores import SECRET, fresh_url

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2026, 11, 25)
_BEGIN = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from newsletter.store.open import open_store
store = open_store("sqlite:///test.db", secret="s", folder=Path(sys.argv[1]))
store.runs.begin("run", date(2026, 11, 25), at=datetime(2026, 11, 25, tzinfo=UTC))
print("begun", flush=True)
sys.stdin.read()
"""


def test_a_run_whose_process_was_killed_has_died_and_not_before(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", _BEGIN, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        assert [run.outcome for run in store.runs.last()] == ["running"]
        process.kill()
    assert [run.outcome for run in store.runs.last()] == ["died"]
    store.close()


def test_a_run_on_another_machine_has_died_when_it_said_nothing_for_six_hours(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path)
    now = datetime.now(UTC)
    for hours in (5, 7):
        store.runs.begin("run", DAY, at=now)
        with store.database.writing() as connection:
            connection.execute(
                text("UPDATE runs SET host = 'elsewhere', alive_at = :then WHERE host <> 'elsewhere'"),
                {"then": micros(now - timedelta(hours=hours))},
            )

    assert [run.outcome for run in store.runs.last()] == ["died", "running"]
    store.runs.note(store.runs.last()[0].id, [])
    assert [run.outcome for run in store.runs.last()] == ["running", "running"]
    store.close()
