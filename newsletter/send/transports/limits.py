"""How many mails a server takes on one connection, as its hangups tell, and what only looks like such a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Limits:
    """Twice after the same number is a limit, unless it was the same mail that it met each time, or a connection has
    carried more: then the server hangs up over mails.
    """

    def __init__(self) -> None:
        self._last: tuple[int, int | None] = (0, None)
        self._most = 0  # that one connection has carried

    def after(self, answered: int, first: int | None, others: Iterable[int]) -> int | None:
        """A connection was lost after so many answers, with `first` the mail that had none (None: nothing was under
        way); `others` is what those that are open have carried. The limit, once it is known.
        """
        before, self._last = self._last, (answered, first)
        self._most = max([self._most, answered, *others])
        same_mail = first is not None and first == before[1]
        return answered if answered == before[0] == self._most and answered > 0 and not same_mail else None
