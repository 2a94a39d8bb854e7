"""Rows that did not render: refused alone beside others that did, put back when nothing of their kind renders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.model.mail import Deferred, Refused, Reply
from newsletter.send.retry import LATER

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.model.mail import Delivery, Outcome

MANY = 20  # of one kind in a row: then it is the template, not the row
AGAIN = 60.0  # seconds until a row that was put back is due


class Unrendered:
    """Judges a row only by what comes after it: a template that broke must cost no reader her issue.

    Until a row of the same kind has rendered nobody can tell a bad row from a broken template, so nothing is refused.
    A row on which the program itself fails is never refused: it is put off until the defect is mended or it expires.
    """

    def __init__(self, decided: Callable[[Outcome, Delivery], None], noted: Callable[[str], None]) -> None:
        self.reason = ""  # a sentence once nothing renders
        self._decided, self._noted = decided, noted
        self._good: set[str] = set()
        self._waiting: dict[str, list[tuple[Delivery, Exception]]] = {}

    def good(self, delivery: Delivery) -> None:
        """This one rendered: what failed before it failed by itself."""
        if delivery.kind not in self._good:
            self._good.add(delivery.kind)
        if self._waiting:
            self._single_out(delivery.kind)

    def bad(self, delivery: Delivery, error: Exception) -> None:
        self._waiting.setdefault(delivery.kind, []).append((delivery, error))

    def judge(self) -> None:
        """After each batch."""
        for kind in [kind for kind, rows in self._waiting.items() if len(rows) >= MANY]:
            self._put_back(kind)

    def close(self) -> None:
        """Nothing more comes."""
        for kind in list(self._waiting):
            if kind in self._good:
                self._single_out(kind)
            else:
                self._put_back(kind)

    def _single_out(self, kind: str) -> None:
        for delivery, error in self._waiting.pop(kind, ()):
            if isinstance(error, NewsletterError):
                self._decided(Refused(delivery.id, _reply(error), "message"), delivery)
            else:
                self._put_off(delivery, error, LATER.total_seconds())
                self._noted(f"{delivery.key} met a defect of the program and was put off: {_told(error)}")

    def _put_back(self, kind: str) -> None:
        rows = self._waiting.pop(kind)
        for delivery, error in rows:
            self._put_off(delivery, error, AGAIN)
        count = f"{len(rows)} {kind} mails in a row" if len(rows) > 1 else f"The only {kind} mail that is due"
        self.reason = self.reason or f"{count} did not render, nobody was refused for it: {_told(rows[-1][1])}"

    def _put_off(self, delivery: Delivery, error: Exception, seconds: float) -> None:
        self._decided(Deferred(delivery.id, _reply(error), charged=False, retry_after=seconds), delivery)


def _reply(error: Exception) -> Reply:
    return Reply(0, "", f"not rendered: {_told(error)}"[:500])


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, NewsletterError) else f"{type(error).__name__}: {error}"
