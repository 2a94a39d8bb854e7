"""How many mails a server takes on one connection, as its hangups tell, and what only looks like such a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from newsletter.send.transports.conversation import Conversation

# On a connection, then another one: Exim hangs up over the eleventh RSET without a mail (smtp_accept_max_nonmail), and
# Postfix answers slowly from the tenth error on (smtpd_soft_error_limit).
REFUSALS = 5


class Limits:
    """Twice after the same number is a limit, unless it was the same mail that it met each time, or a connection has
    carried more: then the server hangs up over mails.
    """

    def __init__(self) -> None:
        self._last: tuple[int, int | None] = (0, None)
        self._most = 0  # that one connection has carried

    def learn(self, lost: Conversation, open_ones: Sequence[Conversation], most: int) -> int:
        """A connection was lost where `most` mails each were sent: how many from now on, also over those still open."""
        first = lost.items[0].message.delivery_id if lost.items else None
        found = self.after(lost.answered, first, [one.answered for one in open_ones])
        if found is None or found >= most:
            return most
        for one in open_ones:
            one.carry(fewer=most - found)
        return found

    def after(self, answered: int, first: int | None, others: Iterable[int]) -> int | None:
        """A connection was lost after so many answers, with `first` the mail that had none (None: nothing was under
        way); `others` is what those that are open have carried. The limit, once it is known.
        """
        before, self._last = self._last, (answered, first)
        self._most = max([self._most, answered, *others])
        same_mail = first is not None and first == before[1]
        return answered if answered == before[0] == self._most and answered > 0 and not same_mail else None
