"""Offers a server one envelope and takes it back (RSET): does it take our sender, and mail for others from us?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from newsletter.model.mail import Reply
from newsletter.send.transports.wire import ProtocolFault, ReplyReader

if TYPE_CHECKING:
    import socket

    from newsletter.model.mail import Turned
    from newsletter.send.transports.opening import Link

READ = 4096


def turned_away(link: Link, envelope: tuple[str, str], seconds: float) -> Turned | None:
    """Where an envelope (sender, recipient) of ASCII addresses was refused or put off, with the answer; None when the
    server takes it. No mail is sent: RSET ends the transaction before DATA (RFC 5321 4.1.1.5). Silence tells nothing.
    """
    sender, recipient = envelope
    try:
        for phase, command in (("mail", f"MAIL FROM:<{sender}>"), ("rcpt", f"RCPT TO:<{recipient}>")):
            reply = _ask(link.sock, command, seconds)
            if reply.code // 100 in {4, 5}:
                return phase, reply
            if reply.code // 100 != 2:
                return None
        _ask(link.sock, "RSET", seconds)
    except (OSError, ProtocolFault):
        return None
    return None


def _ask(sock: socket.socket, command: str, seconds: float) -> Reply:
    """One reply within an overall deadline; code 0 when the server hung up. Raises OSError, ProtocolFault."""
    until, reader = time.monotonic() + seconds, ReplyReader()
    sock.settimeout(seconds)
    sock.sendall(f"{command}\r\n".encode("ascii"))
    while data := sock.recv(READ):
        for reply in reader.feed(data):
            return reply
        sock.settimeout(max(0.000_001, until - time.monotonic()))
    return Reply(0)
