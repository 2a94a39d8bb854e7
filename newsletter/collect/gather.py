"""All sources are asked at once, and whatever one of them does, every one has an answer in the end."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.model.paper import Harvest, Poll, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from newsletter.model.paper import Ask, Paper, Reading
    from newsletter.ports import Signal, Source

LOOK = 0.2  # seconds between two looks at `stop`
REPORT = "The other sources were read; please report this if it stays."
DEADLINE = 900.0  # seconds for all sources together; each has its own budget of ten minutes


def gather(
    asks: Sequence[tuple[Source, Ask]], *, deadline: float = DEADLINE, stop: Callable[[], bool] = lambda: False
) -> tuple[Harvest, ...]:
    """One harvest for each ask, in their order.

    Each source has a thread; those that share a host take turns in the HTTP client's lanes. A source that crashes or
    is not done by the deadline (seconds), or when `stop()` says so, gives a failed harvest; the memory that it had is
    kept.
    """
    done: queue.SimpleQueue[tuple[int, Harvest]] = queue.SimpleQueue()
    for place, (source, ask) in enumerate(asks):
        threading.Thread(
            target=lambda place=place, source=source, ask=ask: done.put((place, _fetch(source, ask))),
            name=f"collect {source.name}",
            daemon=True,  # one that hangs must not keep the run from ending
        ).start()
    until = time.monotonic() + deadline
    found: dict[int, Harvest] = {}
    cure = REPORT
    late = f"it was not done after {deadline:.0f} seconds"
    while len(found) < len(asks):
        try:
            place, harvest = done.get(timeout=min(LOOK, max(0.0, until - time.monotonic())))
        except queue.Empty:
            if stop():
                late, cure = "it was not done when this run was asked to stop", "The next run asks it again."
                break
            if time.monotonic() >= until:
                break
            continue
        found[place] = harvest
    return tuple(found.get(place) or _failed(source, late, ask, cure) for place, (source, ask) in enumerate(asks))


def _fetch(source: Source, ask: Ask) -> Harvest:
    try:
        return source.fetch(ask)
    except Exception as error:  # noqa: BLE001 # edge: a bug in one source must not cost the others
        return _failed(source, f"a bug in this source: {_named(error)}", ask)


def hear(signal: Signal, papers: Sequence[Paper], asof: datetime) -> tuple[tuple[Reading, ...], tuple[Problem, ...]]:
    """What a signal says; nothing, with the reason, when it crashes."""
    try:
        return signal.read(papers, asof)
    except NewsletterError as error:
        return (), (Problem(signal.name, error.what, error.cure),)
    except Exception as error:  # noqa: BLE001 # edge: a bug in one signal must not cost the day
        return (), (Problem(signal.name, f"a bug in this signal: {_named(error)}", "Please report this if it stays."),)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _failed(source: Source, what: str, ask: Ask, cure: str = REPORT) -> Harvest:
    problem = Problem(source.name, what, cure)
    note = f"{source.name}: {what}"
    return Harvest(source.name, "failed", problems=(problem,), memory=dict(ask.memory), note=note)


def polls_of(harvest: Harvest, at: datetime) -> tuple[Poll, ...]:
    """How long each list is that was read from end to end; a day without a list has the length 0."""
    sizes = Counter(item.day for item in harvest.found)
    return tuple(Poll(harvest.source, day, sizes[day], at) for day in harvest.looked)
