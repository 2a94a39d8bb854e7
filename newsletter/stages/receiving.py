"""One returned mail as it arrives: acted on before the mail server may forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from newsletter.model.returns import Letter
from newsletter.returns.mime import LIMIT
from newsletter.stages.returning import Account, read_letters

if TYPE_CHECKING:
    from newsletter.press import Press, Watch


def receive(press: Press, data: bytes, *, watch: Watch) -> Literal["taken", "unknown"]:
    """Durable when it returns. `unknown`: nothing that we can read, so the mail server shall give it back."""
    account = Account()
    aside = read_letters(press, [Letter("lmtp", data[:LIMIT])], account)
    for note in account.changes:
        watch(note)
    return "unknown" if aside else "taken"
