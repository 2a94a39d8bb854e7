"""How well the relay holds up during one delivery: failures in a row, pauses between them, and when to give up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from newsletter.errors import RelayConfigError

if TYPE_CHECKING:
    from newsletter.errors import NewsletterError


class Health:
    """`fault` ends the delivery. `target` is how many connections the relay is asked for."""

    def __init__(self, backoff: tuple[float, ...], connections: int) -> None:
        self._backoff = backoff
        self.target = connections
        self.wanted = 0  # as soon as it has answered: of a relay that is tried again with a single connection
        self.fault: NewsletterError | None = None
        self.not_before = 0.0  # no new connection before this monotonic time
        self._in_a_row = 0
        self._last: NewsletterError | None = None
        self.any_answer = False

    def answered(self) -> None:
        """The server gave a message its answer: whatever failed before is over."""
        self._in_a_row, self.any_answer = 0, True
        self.target = max(self.target, self.wanted)

    def refused(self, error: NewsletterError, *, open_now: int) -> None:
        """A connection could not be opened. With others open the relay merely takes no more of them."""
        if isinstance(error, RelayConfigError):
            self.end(error)
        elif open_now:
            self.target = open_now
        else:
            self.failed(error)

    def failed(self, error: NewsletterError) -> None:
        """A connection was of no use at all; after a few of those in a row the relay is given up.

        Several that were lost together are one failure: those that break in a pause were opened before it.
        """
        self._last = error
        if time.monotonic() < self.not_before:
            return
        if self._in_a_row >= len(self._backoff):
            self.end(error)
            return
        self.not_before = time.monotonic() + self._backoff[self._in_a_row]
        self._in_a_row += 1

    def end(self, error: NewsletterError) -> None:
        self.fault = self.fault or error

    def error(self) -> NewsletterError | None:
        """At the end of a delivery: what is wrong, also when nothing but failures was met, however few."""
        return self.fault or (None if self.any_answer else self._last)

    @property
    def failing(self) -> NewsletterError | None:
        """What the last attempt met, when nothing came right after it."""
        return self.fault or (self._last if self._in_a_row else None)
