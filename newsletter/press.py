"""Every dependency of the missions, in one frozen record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.config import Config
    from newsletter.ports import Clock, Editions, Ledger, Papers, Runs, Signal, Source, Subscribers, Transport


@dataclass(frozen=True, slots=True)
class Press:
    """What a mission needs; `wiring.py` builds it from a Config, tests from fakes.

    The transport is opened late, since most commands send nothing.
    """

    config: Config
    clock: Clock
    sources: tuple[Source, ...]
    signals: tuple[Signal, ...]
    papers: Papers
    editions: Editions
    subscribers: Subscribers
    ledger: Ledger
    runs: Runs
    open_transport: Callable[[], Transport]
