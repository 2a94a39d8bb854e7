"""The breaker: when blocks pile up it stops the claiming and says why; it never moves or marks a row itself."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from newsletter.model.mail import Deferred, Delivered, Refused
from newsletter.send.verdict import words

if TYPE_CHECKING:
    from newsletter.model.mail import Outcome

IN_A_ROW = 3
WINDOW, IN_WINDOW = 50, 10


class Breaker:
    """Watches outcomes as they come in.

    Bad are blocks and refusals that are not about a reader (policy, sender, message) and deferrals that the relay is
    to blame for. Three in a row open it, ten of the last fifty too. Three in a row from one recipient domain, while
    other domains take mail, close that domain only: one company's filter must not cost everybody else the issue.
    """

    def __init__(self) -> None:
        self.reason = ""  # a sentence once it is open
        self.closed_domains: dict[str, str] = {}  # domain -> the reply that closed it
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self._row: list[str] = []
        self._domain_row: dict[str, int] = {}
        self._any_good = False

    def record(self, outcome: Outcome, domain: str) -> None:
        """`domain` is the recipient's, in lower case."""
        if isinstance(outcome, Delivered):
            self._last.append(False)
            self._any_good = True
            self._row.clear()
            self._domain_row.pop(domain, None)
            return
        if not is_bad(outcome):
            return
        self._last.append(True)
        assert isinstance(outcome, Deferred | Refused)
        self._row.append(domain)
        self._domain_row[domain] = self._domain_row.get(domain, 0) + 1
        if self._domain_row[domain] >= IN_A_ROW and self._any_good:
            self.closed_domains[domain] = words(outcome.reply)
        if self.reason:
            return
        if len(self._row) >= IN_A_ROW and not (self._any_good and len(set(self._row)) == 1):
            self.reason = f"{len(self._row)} messages in a row were turned away, the last with: {words(outcome.reply)}."
        elif sum(self._last) >= IN_WINDOW and len(self._domain_row) > 1:
            self.reason = (
                f"{sum(self._last)} of the last {len(self._last)} messages were turned away, "
                f"the last with: {words(outcome.reply)}."
            )


def is_bad(outcome: Outcome) -> bool:
    """Whether an outcome speaks against us or the relay rather than against one reader."""
    if isinstance(outcome, Refused):
        return outcome.fault in {"policy", "sender", "message"}
    return isinstance(outcome, Deferred) and not outcome.charged
