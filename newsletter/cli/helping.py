"""Further processes of this machine that drain a long queue beside the command itself: `--workers`."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from newsletter.cli.frame import given_config, tell
from newsletter.config import environment, rate_per_second
from newsletter.wiring_mail import with_connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from newsletter.ports import Transport
    from newsletter.press import Press

A_WORKER = 10_000  # mails that are worth a process: it takes about half a second to start
FEW = 1_000.0  # a second: what one process can send anywhere

workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=None,
    help="Send with so many processes of this machine, each with [delivery] connections of its own. "
    "[default: as many as are of use, sharing the connections]",
)


def helped(press: Press, workers: int | None, stop: Callable[[], bool]) -> Press:
    """The press with so many processes to send; with one it is as it was. None: as a queue is found to be long."""
    if workers == 1 or press.config.delivery.transport == "maildir":
        return press
    if workers is not None:
        return dataclasses.replace(press, helpers=lambda: _helpers(workers - 1, None, stop))
    crew = _Crew(press, stop)
    return dataclasses.replace(press, open_transport=crew.open_transport, helpers=crew.helpers)


def crew_size(unclaimed: int, *, cores: int, connections: int, relays: int, rate: float | None) -> int:
    """How many processes are of use: one a core, but no more than the mails and the connections are enough for."""
    if rate is not None and rate <= FEW:
        return 1
    return max(1, min(cores, unclaimed // A_WORKER, connections // max(relays, 1)))


class _Crew:
    """Decides how many, anew each time that a dispatch begins: only then is the queue as long as it gets."""

    def __init__(self, press: Press, stop: Callable[[], bool]) -> None:
        self._press, self._stop = press, stop
        self._size = 1

    def open_transport(self) -> Transport:
        """With this process's share of the connections."""
        config = self._press.config
        self._size = crew_size(
            self._press.ledger.unclaimed(),
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            connections=config.delivery.connections,
            relays=len(config.delivery_relays),
            rate=rate_per_second(config.delivery.rate),
        )
        if self._size == 1:
            return self._press.open_transport()
        return with_connections(self._press, config.delivery.connections - (self._size - 1) * self._share)

    @property
    def _share(self) -> int:
        return self._press.config.delivery.connections // self._size

    def helpers(self) -> AbstractContextManager[list[int]]:
        return nullcontext([]) if self._size == 1 else _helpers(self._size - 1, self._share, self._stop)


@contextmanager
def _helpers(count: int, connections: int | None, stop: Callable[[], bool]) -> Iterator[list[int]]:
    """Each is a `newsletter worker --once`: the ledger keeps them from each other's mails, whoever of them dies.

    `connections` of each; None: as they are configured.
    """
    config = given_config()
    command = [sys.executable, "-m", "newsletter", *(["--config", str(config)] if config else []), "worker", "--once"]
    own = {} if connections is None else {"NEWSLETTER_DELIVERY__CONNECTIONS": str(connections)}
    started = [
        subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True, env={**environment(), **own})  # noqa: S603 - our own program
        for _ in range(count)
    ]
    sent: list[int] = []
    try:
        yield sent
    finally:
        asked = False
        while any(process.poll() is None for process in started):
            if stop() and not asked:
                asked = True
                for process in started:
                    process.terminate()
            time.sleep(0.05)
        for process in started:
            out, _ = process.communicate()
            if process.returncode not in {0, 75}:
                tell(f"warning: a worker ended with code {process.returncode}; what it held is sent later")
            sent.append(_sent(out))


def _sent(out: str) -> int:
    """A worker that was killed said nothing."""
    try:
        return int(json.loads(out)["sent"])
    except (ValueError, KeyError):
        return 0
