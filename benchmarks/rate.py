"""The rate limit with 1, 8 and 64 workers in two processes: asked, got, and the most at once. `-m benchmarks.rate`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import Row, keep, options, show
from benchmarks.house import ROOT
from newsletter.send.pace import Rate, SharedPacer
from newsletter.store.open import open_store
from tests.support import postgres

if TYPE_CHECKING:
    from collections.abc import Sequence

RATES = (0.2, 1.0, 14.0, 500.0, 5000.0)
FEW = 100  # turns: fewer are measured from the first to the last of them
STRETCH = 2.0  # seconds


def main() -> None:
    arguments = options(__doc__ or "").parse_args()
    rows: list[Row] = []
    for name, url in _databases():
        for asked in RATES[3:4] if arguments.quick else RATES:
            seconds = 4.0 if arguments.quick else max(20.0, 6 / asked)
            for workers in (8, 64) if arguments.quick else (1, 8, 64):
                times = _times(url, workers, asked, seconds)
                got = len(times) / seconds
                if len(times) < FEW:
                    got = (len(times) - 1) / (times[-1] - times[0])
                ratio = got / asked
                measure = f"{name}: {workers} worker{'s'[: workers > 1]} in two processes"
                rows.append(Row(measure, got, "a second", "asked", asked, ratio, 0.95, 0.95 <= ratio <= 1.05))
                most, due = _most(times), asked * STRETCH
                rows.append(Row("  the most in any two seconds", most, "turns", "due", due, most / due))
                show(rows[-2:])
    keep(rows, arguments.json)
    sys.exit(0 if all(row.met is not False for row in rows) else 1)


def _most(times: Sequence[float]) -> int:
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - STRETCH:
            first += 1
        most = max(most, last - first + 1)
    return most


def _databases() -> list[tuple[str, str]]:
    server = postgres.found()
    found = [("SQLite", "sqlite:///rate.db")]
    return [*found, ("PostgreSQL", server.create_database())] if server else found


def _times(url: str, workers: int, asked: float, seconds: float) -> list[float]:
    """When they took their turns, between two moments at which all were at work."""
    with tempfile.TemporaryDirectory() as folder:
        open_store(url, secret="rate", folder=Path(folder)).close()
        shares = [share for share in (workers - workers // 2, workers // 2) if share]
        command = [sys.executable, "-m", "benchmarks.rate", url, folder, str(asked)]
        pipe = subprocess.PIPE
        started = [
            subprocess.Popen([*command, str(share)], cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for share in shares
        ]
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()  # it is up
        begin = time.monotonic() + 1.0  # and has its first turns by then
        for process in started:
            assert process.stdin is not None
            process.stdin.write(f"{begin} {begin + seconds}\n")
            process.stdin.flush()
        said = [process.communicate()[0] for process in started]
        return sorted(at for one in said for at in json.loads(one))


def worker(url: str, folder: str, asked: float, count: int) -> None:
    """A process of so many workers, each with a pacer of its own as each drain has; prints when they had their turns.

    At the end some still wait for turns far ahead, and are left alone.
    """
    store = open_store(url, secret="rate", folder=Path(folder))
    print("ready", flush=True)
    begin, end = (float(word) for word in sys.stdin.readline().split())
    times: list[float] = []
    key = f"rate of {begin}"

    def reserve(turns: float, ahead: float) -> float:
        return store.pace.reserve(turns, asked, now=datetime.now(UTC), key=key, ahead=ahead)

    def one() -> None:
        pacer = SharedPacer(Rate(asked), reserve)
        while time.monotonic() < end:
            pacer.take()
            times.append(time.monotonic())

    for _ in range(count):
        threading.Thread(target=one, daemon=True).start()
    time.sleep(max(0.0, end - time.monotonic()))
    print(json.dumps([at for at in times[:] if begin <= at < end]))


if __name__ == "__main__":
    if sys.argv[4:]:
        worker(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
