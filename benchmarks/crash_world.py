"""The world fails and not we: PostgreSQL restarted under load, the disk full under the database or the mails."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import Row
from benchmarks.crash_house import Toll, mail_server, make_house
from tests.support import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.crash_house import House

ROOM = 192  # MB of the small disk
WORKERS = 2


def rows(readers: int, *, restarts: int, seed: int, only: str) -> list[Row]:
    """Each case that this machine can try; the others are named and skipped."""
    found: list[Row] = []
    name = "PostgreSQL restarted under load"
    if only in name and postgres.found() is not None:
        found += _rows(name, restarted(readers, restarts, seed), f"restarts, {readers} readers")
    filled: list[tuple[str, Callable[[], Toll]]] = [
        ("disk full under SQLite", lambda: full(readers, maildir=False)),
        ("disk full under the maildir", lambda: full(readers, maildir=True)),
        ("disk full under PostgreSQL", lambda: full_below(readers)),
    ]
    for name, tried in filled:
        if only not in name or ("PostgreSQL" in name and postgres.found() is None):
            continue
        if os.geteuid() != 0:
            print(f"{name}: skipped, only root may mount a small disk", file=sys.stderr)
            continue
        found += _rows(name, tried(), f"times full, {readers} readers")
    return found


def _rows(name: str, toll: Toll, unit: str) -> list[Row]:
    print(f"{name}: {toll}", file=sys.stderr, flush=True)
    return [
        Row(f"{name}: times", toll.kills, unit),
        Row(f"{name}: lost", toll.lost, "mails", goal=0, met=toll.lost == 0),
        Row(f"{name}: doubled", toll.doubled + toll.in_doubt + toll.unexplained, "mails"),
        Row(f"{name}: counters beside the rows", toll.miscounted, "rounds", goal=0, met=not toll.miscounted),
    ]


def restarted(readers: int, restarts: int, seed: int) -> Toll:
    """Two workers drain; the server is stopped and started, fast and as in a crash. Who dies of it is started anew."""
    server, chance, toll = postgres.found(), random.Random(seed), Toll()
    assert server is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "accepted.jsonl"
        with mail_server(log, 0.0, seed=seed) as port:
            house = make_house(folder, log, readers=readers, port=port, database="postgresql")
            working: list[subprocess.Popen[bytes]] = []
            for turn in range(restarts):
                working = [one for one in working if one.poll() is None]
                while len(working) < WORKERS:
                    working.append(house.start("run", "--day", house.day))
                time.sleep(chance.uniform(1.0, 4.0))
                house.kills.append((time.time(), WORKERS))
                server.restart((signal.SIGINT, signal.SIGQUIT)[turn % 2])
                toll.kills += 1
                if turn > 2 and not house.is_open():
                    break
            for one in working:
                one.wait(timeout=300)
            house.finish()
            house.judge(toll)
    return toll


def full(readers: int, *, maildir: bool) -> Toll:
    """A run meets a disk without room, ends, and goes on when there is room again; three times."""
    toll = Toll()
    with tempfile.TemporaryDirectory() as name, small_disk() as disk:
        folder, log = Path(name), Path(name) / "accepted.jsonl"
        with mail_server(log, 0.0, seed=1) as port:
            if maildir:
                house = make_house(folder, log, readers=readers, port=port, path=str(disk / "outbox"))
            else:
                house = make_house(disk, log, readers=readers, port=port)
            for turn in range(3):
                process = house.start("run", "--day", house.day)
                time.sleep(2.0 + turn)
                if not maildir or process.poll() is None:
                    _fill(disk)
                process.wait(timeout=300)
                house.kills.append((time.time(), 1))
                toll.kills += 1
                (disk / "ballast").unlink(missing_ok=True)
                if maildir:
                    _move_out(disk / "outbox", log)
            _drain_to_the_end(house, disk, log, maildir=maildir)
            house.judge(toll)
    return toll


def full_below(readers: int) -> Toll:
    """The same for a PostgreSQL whose disk fills up while mails leave; it is restarted when there is room again."""
    toll = Toll()
    with tempfile.TemporaryDirectory() as name, small_disk() as disk:
        folder, log = Path(name), Path(name) / "accepted.jsonl"
        server = postgres.on_small_disk(disk)
        assert server is not None
        try:
            with mail_server(log, 0.0, seed=1) as port:
                house = make_house(folder, log, readers=readers, port=port, database=server.create_database())
                for _ in range(3):
                    before, until = len(house.accepted()), time.monotonic() + 60
                    process = house.start("run", "--day", house.day)
                    while process.poll() is None and len(house.accepted()) < before + 100 and time.monotonic() < until:
                        time.sleep(0.05)
                    _fill(disk)
                    process.wait(timeout=300)
                    house.kills.append((time.time(), 1))
                    toll.kills += 1
                    (disk / "ballast").unlink(missing_ok=True)
                    server.restart(signal.SIGQUIT)
                house.finish()
                house.judge(toll)
        finally:
            server.stop()
    return toll


def _drain_to_the_end(house: House, disk: Path, log: Path, *, maildir: bool) -> None:
    """The mails of a large list do not fit on the small disk: somebody carries them away meanwhile."""
    while maildir and house.is_open():
        house.start("run", "--day", house.day).wait(timeout=300)
        _move_out(disk / "outbox", log)
    if not maildir:
        house.finish()


def _move_out(outbox: Path, log: Path) -> None:
    """As a mail program does: what stands in `new` is whole, is taken, and is written down as the server would."""
    with log.open("a") as file:
        for path in sorted((outbox / "new").glob("*.eml")):
            head = path.read_bytes().partition(b"\r\n\r\n")[0].decode()
            to = next(line for line in head.split("\r\n") if line.lower().startswith("to:"))
            email = to.partition(":")[2].strip().strip("<>").rpartition("<")[2]
            file.write(f'{{"recipient": "{email}", "at": {path.stat().st_mtime}, "answered": true}}\n')
            path.unlink()


def _fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError:
            return


@contextmanager
def small_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}m", "tmpfs", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)
