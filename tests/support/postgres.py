"""A throw-away PostgreSQL from the machine's own binaries, one for the whole test session, on a Unix socket."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ABSENT = "no PostgreSQL server binaries (initdb, postgres) on this machine"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Server:
    folder: Path  # holds the socket
    process: int

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create_database(self, template: str = "template1") -> str:
        """A new database; its URL."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """As an operator does (SIGINT: fast) or as a crash does (SIGQUIT: immediate, recovery at the start)."""
        running = _running[self.folder]
        if running.process.poll() is None:
            running.process.send_signal(how)
            running.process.wait(timeout=30)
        running.begin()
        _wait(self)

    def stop(self) -> None:
        """For good, before the end of the session."""
        _end(_running[self.folder])

    def execute(self, statement: str) -> None:
        with psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(statement)


class _Running:
    """The server's process, which may be another one after a restart."""

    def __init__(self, launch: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._launch = launch
        self.process: subprocess.Popen[bytes]

    def begin(self) -> None:
        self.process = self._launch()


_running: dict[Path, _Running] = {}


def server() -> Server:
    """The session's server, started when first asked for; skips the test when there are no binaries."""
    started = found()
    if started is None:
        pytest.skip(ABSENT)
    return started


@functools.cache
def found() -> Server | None:
    """The same without a test to skip: None where there are no binaries."""
    initdb = _binary("initdb")
    postgres = _binary("postgres")
    if initdb is None or postgres is None:
        return None
    return _begun(Path(tempfile.mkdtemp(prefix="pg")), initdb, postgres)


def on_small_disk(folder: Path) -> Server | None:
    """A server of its own whose data lie in `folder`, with little log, so that a small disk is soon full."""
    initdb, postgres = _binary("initdb"), _binary("postgres")
    if initdb is None or postgres is None:
        return None
    little = {"min_wal_size": "2MB", "max_wal_size": "16MB", "shared_buffers": "16MB"}
    return _begun(folder, initdb, postgres, "--wal-segsize=1", **little)


def _begun(folder: Path, initdb: str, postgres: str, *flags_of_initdb: str, **more: str) -> Server:
    user = _user()
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    as_user: dict[str, Any] = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    kind = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", *flags_of_initdb]
    subprocess.run([initdb, "--no-sync", *kind, "-D", data], check=True, timeout=60, **quiet, **as_user)
    settings = {"fsync": "off", "full_page_writes": "off", "listen_addresses": "", "max_connections": "100", **more}
    flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    command = [postgres, "-D", str(data), "-k", str(folder), *flags]
    running = _running[folder] = _Running(lambda: subprocess.Popen(command, **quiet, **as_user))
    running.begin()
    atexit.register(_stop, running, folder)
    started = Server(folder, running.process.pid)
    _wait(started)
    return started


def _binary(name: str) -> str | None:
    newest = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4].split(".")[0])
    )
    return str(newest[-1]) if newest else shutil.which(name)


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


def _wait(started: Server) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            started.execute("SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _stop(running: _Running, folder: Path) -> None:
    _end(running)
    shutil.rmtree(folder, ignore_errors=True)


def _end(running: _Running) -> None:
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGQUIT)  # immediate shutdown: nothing in it is worth a checkpoint
        running.process.wait(timeout=20)
