"""The pauses of a run: for deferrals that come due within its patience, and for what it put off itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.ports import Clock, Ledger
    from newsletter.send.drain import DrainPolicy
    from newsletter.send.gate import Gate

OWN = 60.0  # seconds that a run waits for mails that it put off itself, as long as others are taken
NAP = 0.5  # seconds between looks at whether the run was stopped


class Pauses:
    """No longer in all than the policy's `patience` and `ours` say."""

    def __init__(
        self,
        ledger: Ledger,
        gate: Gate,
        *,
        clock: Clock,
        policy: DrainPolicy,
        halted: Callable[[], bool],
        sleep: Callable[[float], None],
    ) -> None:
        self._ledger, self._gate, self._clock = ledger, gate, clock
        self._patience, self._ours, self._halted, self._sleep = policy.patience, policy.ours, halted, sleep

    def next(self, *, took: bool) -> timedelta | None:
        """For deferrals that come due within our patience; for what we put off ourselves while mails are taken, but not
        for ever: a timer ends the runs that it has started. None: there is nothing to wait for.
        """
        ours = took and self._gate.waits and self._ours > timedelta(0)
        if self._halted() or not (ours or self._patience > timedelta(0)):
            return None
        now = self._clock.now()
        due = self._ledger.next_due(now=now)
        if due is None:
            return None
        wait = max(due - now, timedelta(seconds=1))
        if ours and self._gate.comes_back(due, within=OWN):
            self._ours -= wait
            return wait
        if wait > self._patience:
            return None
        self._patience -= wait
        return wait

    def rest(self, wait: timedelta) -> None:
        left = wait.total_seconds()
        while left > 0 and not self._halted():
            self._sleep(min(left, NAP))
            left -= NAP
