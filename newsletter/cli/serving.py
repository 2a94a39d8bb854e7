"""`serve` and `worker`: the two that keep running until they are told to stop."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING

import click

from newsletter.cli.frame import command, give, json_option, opened, stopping, tell
from newsletter.cli.logs import logging_watch
from newsletter.errors import BusyError, NewsletterError, UsageError
from newsletter.model.mail import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from newsletter.press import Press, Watch
    from newsletter.schedule import Pulse

IDLE = 5.0  # seconds between two looks at the queue when nothing is due
PAGES_END = 12.0  # open requests get ten seconds to end
RELAY_DOWN = 30.0  # and after the mail server could not be used


@command("serve", short_help="Web pages, the heartbeat and the local drain.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--no-schedule", is_flag=True, help="Web pages only: cron or a timer calls `newsletter run`.")
@click.option("--no-pages", is_flag=True, help="The heartbeat only: needs no web packages.")
def serve(host: str, port: int, no_schedule: bool, no_pages: bool) -> None:
    """Serve the web pages and, every minute, do what is due: collect, print, cut, send.

    SIGTERM or Ctrl-C ends it well: nothing more is begun, what is under way is finished and written down.
    """
    from newsletter.schedule import heartbeat
    from newsletter.wiring import open_doors

    if no_schedule and no_pages:
        raise click.UsageError("--no-schedule and --no-pages together leave nothing to do.")
    stop = threading.Event()
    with opened(sends=True) as press, stopping() as asked:
        pages = nullcontext() if no_pages else _pages(press, host, port)
        pulses = [] if no_schedule else _pulses(press, stop)
        with pages as alive, open_doors(press, logging_watch(press)) as doors, heartbeat(pulses, stop=stop):
            for door in doors:
                tell(f"taking returned mail by LMTP on port {door}")
            if no_pages:
                tell("no pages, only the heartbeat; Ctrl-C ends it")
            while not asked() and (alive is None or alive()):
                time.sleep(0.2)
            stop.set()
        if not asked():
            raise BusyError("The web pages ended by themselves.", cure="Start `newsletter serve` again.")


def _pulses(press: Press, stop: threading.Event) -> list[Pulse]:
    from newsletter.schedule import BEAT, MAIL, Heart, Pulse

    watch = logging_watch(press)
    heart = Heart(press, watch=watch, stop=stop.is_set)
    return [
        Pulse("collect", BEAT, _guarded(heart.collect, watch, stop), grace=2.0),  # keeps all or nothing
        Pulse("deliver", BEAT, _guarded(heart.deliver, watch, stop)),
        Pulse("mail", MAIL, _guarded(heart.mail, watch, stop), bell=heart.queued),
        Pulse("post", BEAT, _guarded(heart.post, watch, stop)),
        Pulse("tend", BEAT, _guarded(heart.tend, watch, stop)),
    ]


def _guarded(act: Callable[[], None], watch: Watch, stop: threading.Event) -> Callable[[], None]:
    """One beat that fails must not be the last: the next one tries again, and the run ledger has the reason."""

    def once() -> None:
        try:
            act()
        except NewsletterError as error:
            watch(Note("error", "heartbeat", str(error)))
        except Exception as error:  # noqa: BLE001  # edge: a bug in one beat must not end the heartbeat
            if not stop.is_set():  # else it is what was left behind, in a house that is closed already
                what = f"this is a defect of the program, please report it: {type(error).__name__}: {error}"
                watch(Note("error", "heartbeat", what))

    return once


@contextmanager
def _pages(press: Press, host: str, port: int) -> Iterator[Callable[[], bool]]:
    """The web pages in a thread of their own; gives what tells whether they still run."""
    try:
        uvicorn = import_module("uvicorn")
        configure = import_module("newsletter.web.server").configure
        app = import_module("newsletter.wiring").open_app(press)
    except ModuleNotFoundError as error:
        cure = (
            "Install them: pip install 'trending-papers[web]'. Without pages: `newsletter serve --no-pages`, "
            "or `newsletter run` from cron."
        )
        raise UsageError(f"The web pages need a package that is not here: {error.name}.", cure=cure) from None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        cure = "Is it running already? Choose another --port or --host."
        raise UsageError(f"Pages cannot be served at {host}:{port}: {why}.", cure=cure) from None
    with listening:
        server = uvicorn.Server(configure(app, host, port))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="pages", daemon=True)
        thread.start()
        tell(f"pages at http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/, Ctrl-C ends it")
        try:
            yield thread.is_alive
        finally:
            server.should_exit = True
            thread.join(PAGES_END)


@command("worker", short_help="Drain the queue beside others, on this machine or on many.")
@click.option("--once", is_flag=True, help="End when nothing is due.")
@json_option
def worker(once: bool, as_json: bool) -> int:
    """Send what is queued, and go on until told to stop. As many as wanted, on as many machines as wanted.

    On PostgreSQL jobs wake the workers; on SQLite each looks at the queue every few seconds.
    """
    with opened(sends=True) as press, stopping() as stop:
        shift = _Shift(press, stop, logging_watch(press), once=once)
        jobs = None if once else press.open_jobs()
        if not once:
            tell("waiting for mail to send; SIGTERM or Ctrl-C ends it")
        if jobs is not None:
            jobs.work(shift.drain, due=shift.due, stop=shift.over)
        else:
            shift.look_and_drain()
        if as_json:
            give({"command": "worker", "sent": shift.sent})
        return shift.code if once or shift.code == 1 else 0


class _Shift:
    """One worker's work until it is told to stop, or finds what only a person can mend."""

    def __init__(self, press: Press, stop: Callable[[], bool], watch: Watch, *, once: bool) -> None:
        self._press, self._stop, self._watch, self._once = press, stop, watch, once
        self.code = 0
        self.sent = 0

    def over(self) -> bool:
        return self._stop() or self.code == 1

    def due(self) -> bool:
        now = self._press.clock.now()
        due = self._press.ledger.next_due(now=now)
        return due is not None and due <= now

    def drain(self) -> None:
        """Send until nothing is due. A relay that is down is left alone for a while."""
        from newsletter.stages.dispatching import dispatch

        if not self.due():
            return
        done = dispatch(self._press, stop=self._stop)
        self.sent += done.tally.sent if done.tally else 0
        for note in done.notes:
            self._watch(note)
        down = any(note.level == "error" for note in done.notes)
        self.code = 1 if done.attention else 75 if down else 0
        if not self._once and (down or done.tally is None):  # or the operator paused the sending
            _wait(RELAY_DOWN if down else IDLE, self.over)

    def look_and_drain(self) -> None:
        while not self.over():
            if self.due():
                self.drain()
                if self._once and self.code:
                    return
            elif self._once:
                return
            else:
                _wait(IDLE, self._stop)


def _wait(seconds: float, stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stop() and time.monotonic() < end:
        time.sleep(0.1)
