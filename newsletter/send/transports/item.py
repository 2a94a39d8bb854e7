"""A message on its way over one connection, with what is known of how far it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.mail import Message, Reply
    from newsletter.send.verdict import Phase


class Item:
    __slots__ = ("begun", "body", "failed", "mail_rcpt", "message", "shuns", "tries", "whole")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.tries = 0
        self.shuns: object = None  # the relay that failed it last
        self.reset()

    def reset(self) -> None:
        self.mail_rcpt: tuple[bytes, bytes] = (b"", b"")
        self.body = b""
        self.failed: tuple[Phase, Reply] | None = None
        self.whole = False  # the last octet, dot or chunk, is with the kernel
        self.begun = 0.0
