"""Waiting for the world without being held by it: what does not come in time, or before a stop, is left behind."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from newsletter.errors import LaterError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
LOOK = 0.2  # seconds between two looks at `stop`


class StoppedError(LaterError):
    """It was asked to stop while it waited."""


class TooLateError(LaterError):
    """Nothing came within the time that was given."""


def awaited(
    work: Callable[[], T], *, what: str, stop: Callable[[], bool] = lambda: False, most: float | None = None
) -> T:
    """What `work` gives or raises; it runs in a thread that is left to itself when nobody waits for it any more.

    For questions to the world only: `work` must write nothing that a later run could miss. Raises StoppedError when
    `stop()` says so, TooLateError after `most` seconds; `what` names in both what was waited for.
    """
    done: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # noqa: BLE001  # edge: of a thread, raised again in the one that waits
            done.put((None, error))

    threading.Thread(target=run, name=f"waiting for {what}", daemon=True).start()
    until = None if most is None else time.monotonic() + most
    while True:
        try:
            result, error = done.get(timeout=LOOK)
        except queue.Empty:
            if stop():
                raise StoppedError(f"Stopped on request while waiting for {what}.", cure="Run it again.") from None
            if until is not None and time.monotonic() >= until:
                raise TooLateError(f"No answer from {what} within {most:g} seconds.") from None
            continue
        if error is not None:
            raise error
        return result  # type: ignore[return-value]  # without an error it is what work gave
