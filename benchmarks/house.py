"""A newsletter with any number of readers, its day printed and cut, made once and copied for each run."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.day import DAY, Size, make_house
from benchmarks.peers import Run
from newsletter import publish
from newsletter.cli.helping import crew_size
from newsletter.config import load_config
from newsletter.stages.cutting import cut_all
from newsletter.stages.printing import print_day
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
MAILS_OF_40_KB = Size(papers=200, topics=16, readers=0, chosen=3, top=4)  # 12 papers and one from outside


def printed_house(folder: Path, readers: int, *, database: str = "") -> None:
    """Papers, readers and the edition of the day; nothing is cut yet."""
    size = MAILS_OF_40_KB
    make_house(folder, Size(size.papers, size.topics, readers, size.chosen, size.top), database=database)
    with open_press(load_config(folder / "config.toml")) as press:
        publish.collect(press, DAY)
        print_day(press, DAY, publish.moment(press, DAY))


def cut_house(folder: Path, readers: int) -> None:
    """The same, with every reader's issue queued in the ledger."""
    printed_house(folder, readers)
    with open_press(load_config(folder / "config.toml")) as press:
        deque(cut_all(press, publish.moment(press, DAY), day=DAY), maxlen=0)


@contextmanager
def copy_of(house: Path, count: int) -> Iterator[Path]:
    """A fresh copy with `count` mails in the queue."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "house"
        shutil.copytree(house, folder)
        with sqlite3.connect(folder / "subscribers.db") as connection:
            connection.execute("DELETE FROM deliveries WHERE id > ?", (count,))
        connection.close()
        yield folder


def processes(count: int, connections: int) -> int:
    """As many as `newsletter send` would take for so many mails."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return crew_size(count, cores=cores, connections=connections, relays=0, rate=None)


def drained(folder: Path, port: int, connections: int, *, workers: int = 1, share: bool = False) -> list[Run]:
    """Send everything that is queued, in so many processes side by side, each with `connections` or a share of them."""
    delivery = {"TRANSPORT": "smtp", "HOST": "127.0.0.1", "PORT": port, "SECURITY": "none"}
    environment = os.environ | {f"NEWSLETTER_DELIVERY__{key}": str(value) for key, value in delivery.items()}
    command = [sys.executable, "-m", "benchmarks.drainer", str(folder)]
    pipe = subprocess.PIPE
    each = [connections // workers + (n < connections % workers) if share else connections for n in range(workers)]
    started = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | {"NEWSLETTER_DELIVERY__CONNECTIONS": str(own)},
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        for own in each
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()  # it is ready
    runs = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        out, err = process.communicate(timeout=1200)
        if process.returncode:
            raise SystemExit(f"our own run failed: {err[-3000:]}")
        runs.append(Run(*json.loads(out)))
    return [run for run in runs if run.messages]
