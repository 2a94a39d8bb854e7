"""A million readers: the cut, the freeze into the ledger and the drain into a sink, on SQLite and PostgreSQL.

Each step runs in a process of its own, so that its peak memory is its own; `--readers` says how many readers, and the
same is done with a tenth of them, since memory must not grow with their number. `python -m benchmarks.scale`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import Row, options, peak_mb, report
from benchmarks.day import DAY
from benchmarks.house import ROOT, drained, printed_house
from benchmarks.peers import together
from benchmarks.sink import built, sink
from newsletter import publish
from newsletter.config import load_config
from newsletter.stages.cutting import cut_all
from newsletter.wiring import open_press
from tests.support import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 4


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, nargs="*", default=None)
    parser.add_argument("--databases", nargs="*", default=["SQLite", "PostgreSQL"])
    arguments = parser.parse_args()
    readers = 20_000 if arguments.quick else arguments.readers
    workers = arguments.workers or ([1] if arguments.quick else [1, 2, 4])
    if built() is None:
        print("skipped, no C compiler for benchmarks/sink.c")
        return
    rows: list[Row] = []
    for database in arguments.databases:
        if database == "PostgreSQL" and postgres.found() is None:
            print(f"{database}: skipped, {postgres.ABSENT}")
            continue
        small = _measured(database, readers // 10, workers[:1], rows=[])
        rows += _measured(database, readers, workers, rows=small)
    report(rows, arguments.json)
    sys.exit(0 if all(row.met is not False for row in rows) else 1)


def _measured(database: str, readers: int, workers: list[int], *, rows: list[Row]) -> list[Row]:
    """Cut once, then drained anew from a copy for each number of workers. `rows`: of fewer readers, for the memory."""
    small = {row.measure.partition(":")[2]: row.ours for row in rows if row.unit == "MB"}
    title = f"{database}, {readers:,} readers"
    with tempfile.TemporaryDirectory() as name:
        house = Path(name) / "house"
        house.mkdir()
        printed_house(house, readers, database=_new_database(database))
        took, peak, issues = _in_a_process("cut", house)
        made = [
            Row(f"{title}: cut and freeze", issues / took, "readers/s"),
            Row(f"{title}: cut and freeze, time", took, "s"),
            _memory(f"{title}: cut and freeze, peak memory", peak, small),
        ]
        _tell(made)
        for count in workers:
            with _copied(house, database) as copy:
                drain = _drained(copy, f"{title}, {count} worker{'s'[: count > 1]}", readers, count, small)
            _tell(drain)
            made += drain
    return made


def _drained(house: Path, title: str, readers: int, workers: int, small: dict[str, float]) -> list[Row]:
    with tempfile.NamedTemporaryFile() as log:
        with sink(log=Path(log.name)) as running:
            begun = time.monotonic()
            runs = drained(house, running.port, CONNECTIONS, workers=workers)
            whole = time.monotonic() - begun
        accepted = Path(log.name).read_text().splitlines()
    run = together(runs)
    lost, doubled = readers - len(set(accepted)), len(accepted) - len(set(accepted))
    return [
        Row(f"{title}: drain", run.rate, "mails/s"),
        Row(f"{title}: drain, time with start", whole, "s"),
        Row(f"{title}: drain, CPU", run.cpu / run.messages * 1000, "s per 1,000"),
        _memory(f"{title}: drain, peak memory", run.peak_mb, small),
        Row(f"{title}: lost", lost, "mails", goal=0, met=lost == 0),
        Row(f"{title}: doubled", doubled, "mails", goal=0, met=doubled == 0),
    ]


@contextmanager
def _copied(house: Path, database: str) -> Iterator[Path]:
    """The same newsletter with its queue, in a folder, and on PostgreSQL a database, of its own."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "house"
        shutil.copytree(house, copy)
        server = postgres.found() if database == "PostgreSQL" else None
        if server is not None:
            config = copy / "config.toml"
            before = config.read_text("utf-8")
            old = next(line for line in before.splitlines() if line.startswith("database = ")).split('"')[1]
            new = server.create_database(old.partition("@/")[2].partition("?")[0])
            config.write_text(before.replace(old, new), "utf-8")
        yield copy
        if server is not None:
            server.execute(f'DROP DATABASE "{new.partition("@/")[2].partition("?")[0]}" WITH (FORCE)')


def _tell(rows: list[Row]) -> None:
    """At once: the whole takes an hour."""
    for row in rows:
        print(f"{row.measure}: {row.ours:,.4g} {row.unit}", file=sys.stderr, flush=True)


def _memory(measure: str, peak: float, small: dict[str, float]) -> Row:
    """Ten times the readers may not take a fifth more memory."""
    peer = small.get(measure.partition(":")[2])
    if peer is None:
        return Row(measure, peak, "MB")
    return Row(measure, peak, "MB", "a tenth of the readers, MB", peer, peer / peak, 0.8, peer / peak >= 0.8)


def _new_database(database: str) -> str:
    if database == "SQLite":
        return ""
    server = postgres.found()
    assert server is not None
    return server.create_database()


def _in_a_process(step: str, house: Path) -> tuple[float, float, int]:
    """(seconds, peak MB, issues) of one step."""
    command = [sys.executable, "-m", "benchmarks.scale", step, str(house)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=3600)
    if done.returncode:
        raise SystemExit(f"{step} failed: {done.stderr[-3000:]}")
    took, peak, issues = json.loads(done.stdout)
    return took, peak, issues


def cut(house: Path) -> None:
    """One step: everybody's issue, cut and queued."""
    with open_press(load_config(house / "config.toml")) as press:
        begun = time.monotonic()
        issues = sum(len(block.issues) for block in cut_all(press, publish.moment(press, DAY), day=DAY))
        took = time.monotonic() - begun
    print(json.dumps([took, peak_mb(), issues]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["cut"]:
        cut(Path(sys.argv[2]))
    else:
        main()
