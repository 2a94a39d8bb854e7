"""The breaker: when blocks pile up it stops the claiming and says why; it never moves or marks a row itself."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from newsletter.model.mail import Deferred, Delivered, Refused
from newsletter.send.manners import provider_of, signal_of
from newsletter.send.verdict import words

if TYPE_CHECKING:
    from newsletter.model.mail import Outcome

IN_A_ROW = 3
WINDOW, IN_WINDOW = 50, 10
TOO_FAST = 20


class Breaker:
    """Watches outcomes as they come in.

    Bad are blocks and refusals that are not about a reader (policy, sender, message) and deferrals that the relay is
    to blame for. Three in a row open it, ten of the last fifty too. Three of the last fifty of one provider, while
    others take mail, close that provider only: one company's filter must not cost everybody else the issue. Being too
    fast is no block: then `newsletter.send.manners` slows down, and only twenty such answers in a row open it.
    """

    def __init__(self) -> None:
        self.reason = ""  # a sentence once it is open
        self.tired = False  # it is open because we are too fast, or the server is too busy: later is the cure
        self.closed_domains: dict[str, str] = {}  # provider -> the reply that closed it
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self._row: list[str] = []
        self._bad: dict[str, deque[bool]] = {}  # by provider, the last answers of those that had a bad one
        self.any_good = False  # whether any mail was taken
        self._too_fast = 0  # in a row

    def record(self, outcome: Outcome, domain: str) -> None:
        """`domain` is the recipient's, in lower case."""
        if isinstance(outcome, Delivered):
            self._last.append(False)
            self.any_good = True
            self._too_fast = 0
            self._row.clear()
            if self._bad and (bad := self._bad.get(provider_of(domain))) is not None:
                bad.append(False)
            return
        if not is_bad(outcome):
            return
        assert isinstance(outcome, Deferred | Refused)
        if signal_of(outcome) in {"busy", "rate", "relay"}:
            self._throttled(outcome)
            return
        provider = provider_of(domain)
        self._last.append(True)
        self._row.append(provider)
        mine = self._bad.setdefault(provider, deque(maxlen=WINDOW))
        mine.append(True)
        if sum(mine) >= IN_A_ROW and self.any_good:
            self.closed_domains[provider] = words(outcome.reply)
        if self.reason:
            return
        if len(self._row) >= IN_A_ROW and not (self.any_good and len(set(self._row)) == 1):
            self.reason = f"{len(self._row)} messages in a row were turned away, the last with: {words(outcome.reply)}."
        elif sum(self._last) >= IN_WINDOW and len(self._bad) > 1:
            self.reason = (
                f"{sum(self._last)} of the last {len(self._last)} messages were turned away, "
                f"the last with: {words(outcome.reply)}."
            )

    def _throttled(self, outcome: Deferred | Refused) -> None:
        self._too_fast += 1
        if self._too_fast >= TOO_FAST and not self.reason:
            self.tired = True
            self.reason = f"{self._too_fast} messages in a row were put off, the last with: {words(outcome.reply)}."


def is_bad(outcome: Outcome) -> bool:
    """Whether an outcome speaks against us or the relay rather than against one reader."""
    if isinstance(outcome, Refused):
        return outcome.fault in {"policy", "sender", "message"}
    return isinstance(outcome, Deferred) and not outcome.charged
