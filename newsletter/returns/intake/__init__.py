"""Mailboxes where returned mail arrives: a Maildir on this machine, or an account at an IMAP server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.ports import Mailbox


def open_mailbox(
    kind: Literal["maildir", "imap"],
    *,
    path: Path,
    host: str,
    port: int,
    security: Literal["none", "starttls", "tls"],
    username: str,
    password: str,
    folder: str,
    aside: str,
) -> Mailbox:
    """The mailbox of one configuration; nothing is opened or connected before its letters are asked for."""
    if kind == "maildir":
        from newsletter.returns.intake.maildir import Maildir  # noqa: PLC0415 - see wiring.py

        return Maildir(path, aside=aside)
    from newsletter.returns.intake.imap import Account, ImapMailbox  # noqa: PLC0415 - see wiring.py

    return ImapMailbox(Account(host, port, security, username, password), folder=folder, aside=aside)
