"""`--workers N`: further processes of this machine that drain the queue beside the command itself."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from newsletter.cli.frame import given_config, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from newsletter.press import Press

workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Send with so many processes of this machine.",
)


def helped(press: Press, workers: int, stop: Callable[[], bool]) -> Press:
    """The press with so many processes to send; with one it is as it was."""
    if workers == 1:
        return press
    return dataclasses.replace(press, helpers=lambda: _helpers(workers - 1, stop))


@contextmanager
def _helpers(count: int, stop: Callable[[], bool]) -> Iterator[list[int]]:
    """Each is a `newsletter worker --once`: the ledger keeps them from each other's mails, whoever of them dies."""
    config = given_config()
    command = [sys.executable, "-m", "newsletter", *(["--config", str(config)] if config else []), "worker", "--once"]
    started = [subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True) for _ in range(count)]  # noqa: S603 - our own program
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
