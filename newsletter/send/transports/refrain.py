"""The replies of many transactions in chunks at once: nearly all end well, in the same octets but for the last line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.model.mail import Delivered
from newsletter.send.transports.wire import SHORT_LINE, single

if TYPE_CHECKING:
    from collections import deque

    from newsletter.model.mail import Outcome
    from newsletter.send.transports.item import Item
    from newsletter.send.transports.patience import Expected

RSET: tuple[Expected, None] = ("rset", None)  # what a transaction in chunks begins with


class Refrain:
    """The octets of three good replies, to RSET, MAIL and RCPT, as the server last said them."""

    __slots__ = ("_octets",)

    def __init__(self) -> None:
        self._octets = b""

    def taken(
        self,
        data: bytes,
        expect: deque[tuple[Expected, Item | None]],
        items: deque[Item],
        outcomes: list[Outcome],
    ) -> bytes:
        """Whole transactions that end in 250 are taken out of `expect` and `items`; their outcomes are appended.

        What is left of `data` begins with a reply that is not so usual, or is the beginning of one.
        """
        at = 0
        while len(expect) > 3 and expect[0] is RSET:
            item = expect[3][1]
            if item is None or item.failed is not None or not item.whole or items[0] is not item:
                break
            if not self._octets or not data.startswith(self._octets, at):
                self._octets = _three_good(data, at)
            start = at + len(self._octets)
            end = data.find(b"\n", start) if self._octets else -1
            if not 0 < end - start < SHORT_LINE or not data.startswith(b"250 ", start):
                break
            if (reply := single(data[start:end])) is None:
                break
            at = end + 1
            for _ in range(4):
                expect.popleft()
            items.popleft()
            outcomes.append(Delivered(item.message.delivery_id, reply))
        return data[at:] if at else data


def _three_good(data: bytes, at: int) -> bytes:
    """Three replies of one line each that stand there, all 250; empty when other ones do, or fewer."""
    end = at
    for _ in range(3):
        start, end = end, data.find(b"\n", end) + 1
        if not 0 < end - start < SHORT_LINE or not data.startswith(b"250 ", start):
            return b""
    return data[at:end]
