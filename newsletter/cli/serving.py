"""`serve` and `worker`: the two that keep running until they are told to stop."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING

import click

from newsletter.cli.frame import command, opened, stopping, tell, watcher
from newsletter.errors import NewsletterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.press import Press

IDLE = 5.0  # seconds between two looks at the queue when nothing is due
RELAY_DOWN = 30.0  # and after the mail server could not be used


@command("serve", short_help="Web pages, the heartbeat and the local drain.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--no-schedule", is_flag=True, help="Web pages only: cron or a timer calls `newsletter run`.")
def serve(host: str, port: int, no_schedule: bool) -> None:
    """Serve the web pages and, every minute, do what is due: collect, print, cut, send."""
    from newsletter.schedule import beat, heartbeat

    stop = threading.Event()
    with opened() as press:

        def pulse() -> None:
            try:
                beat(press, watch=watcher(as_json=True), stop=stop.is_set)
            except NewsletterError as error:  # the next beat tries again; the run ledger has it
                tell(f"error: {error}")

        schedule = nullcontext() if no_schedule else heartbeat(press.config, pulse)
        with schedule:
            try:
                _serve_pages(press, host, port)
            finally:
                stop.set()


def _serve_pages(press: Press, host: str, port: int) -> None:
    """Block until SIGTERM or Ctrl-C."""
    try:
        server = import_module("newsletter.web.server")
        app = import_module("newsletter.wiring").open_app(press)
    except ModuleNotFoundError as error:
        cure = "Install them: pip install 'trending-papers[web]'. Without pages, call `newsletter run` from cron."
        raise UsageError(f"The web pages need a package that is not here: {error.name}.", cure=cure) from None
    tell(f"pages at http://{host}:{port}/, Ctrl-C ends it")
    server.serve(app, host, port)


@command("worker", short_help="Drain the queue of a PostgreSQL deployment.")
@click.option("--once", is_flag=True, help="End when nothing is due.")
def worker(once: bool) -> int:
    """Send what is queued, and go on until told to stop. As many as wanted, on as many machines as wanted."""
    from newsletter.stages.dispatching import dispatch

    watch = watcher(as_json=True)
    with opened() as press, stopping() as stop:
        if not once:
            tell("waiting for mail to send; SIGTERM or Ctrl-C ends it")
        while not stop():
            due = press.ledger.next_due(now=press.clock.now())
            if due is None or due > press.clock.now():
                if once:
                    return 0
                _wait(IDLE, stop)
                continue
            done = dispatch(press, stop=stop)
            for note in done.notes:
                watch(note)
            troubled = any(note.level == "error" for note in done.notes)
            if done.attention:
                return 1
            if troubled and once:
                return 75
            if troubled:
                _wait(RELAY_DOWN, stop)
    return 0


def _wait(seconds: float, stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stop() and time.monotonic() < end:
        time.sleep(0.1)
