"""One mail handed over at once, past the ledger: tests, trials and books, which count for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.mail import Message, Outcome
    from newsletter.press import Press


def hand_over(press: Press, message: Message) -> Outcome:
    """What the mail server said. Raises NewsletterError when none could be reached or asked."""
    transport = press.open_transport()
    try:
        return next(iter(transport.deliver([message])))
    finally:
        transport.close()
