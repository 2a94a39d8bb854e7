"""The rate limit with 1, 8 and 64 workers in two processes: asked and got. `python -m benchmarks.rate`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.common import Row, options, report
from benchmarks.house import ROOT
from newsletter.send.pace import Rate, SharedPacer
from newsletter.store.open import open_store
from tests.support import postgres

RATES = (14.0, 500.0)


def main() -> None:
    arguments = options(__doc__ or "").parse_args()
    seconds = 4.0 if arguments.quick else 20.0
    rows: list[Row] = []
    for name, url in _databases():
        for asked in RATES[1:] if arguments.quick else RATES:
            for workers in (8, 64) if arguments.quick else (1, 8, 64):
                got = _got(url, workers, asked, seconds)
                ratio = got / asked
                measure = f"{name}: {workers} worker{'s'[: workers > 1]} in two processes"
                rows.append(Row(measure, got, "a second", "asked", asked, ratio, 0.95, 0.95 <= ratio <= 1.05))
    report(rows, arguments.json)
    sys.exit(0 if all(row.met is not False for row in rows) else 1)


def _databases() -> list[tuple[str, str]]:
    server = postgres.found()
    found = [("SQLite", "sqlite:///rate.db")]
    return [*found, ("PostgreSQL", server.create_database())] if server else found


def _got(url: str, workers: int, asked: float, seconds: float) -> float:
    """Turns a second that all of them took between two moments at which all were at work."""
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
        said = [process.communicate(f"{begin} {begin + seconds}\n")[0] for process in started]
        return float(sum(map(json.loads, said))) / seconds


def worker(url: str, folder: str, asked: float, count: int) -> None:
    """A process of so many workers, each with a pacer of its own as each drain has; prints how many turns it had."""
    store = open_store(url, secret="rate", folder=Path(folder))
    print("ready", flush=True)
    begin, end = (float(word) for word in sys.stdin.readline().split())
    counts: list[int] = []

    def one() -> None:
        pacer = SharedPacer(Rate(asked), lambda turns: store.pace.reserve(turns, asked, now=datetime.now(UTC)))
        mine = 0
        while time.monotonic() < end:
            pacer.take()
            mine += begin <= time.monotonic() < end
        counts.append(mine)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    print(json.dumps(sum(counts)))


if __name__ == "__main__":
    if sys.argv[4:]:
        worker(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
