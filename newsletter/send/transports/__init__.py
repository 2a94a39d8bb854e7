"""The ways to the next hop, and the one door to them."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from newsletter.send.transports.maildir import MaildirTransport
from newsletter.send.transports.opening import Relay, Security
from newsletter.send.transports.relays import Way
from newsletter.send.transports.smtp import SmtpTransport

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from newsletter.ports import Transport
    from newsletter.send.dkim import Signer
    from newsletter.send.pace import Pacer, SharedPacer
    from newsletter.send.transports.patience import Patience

__all__ = ["Ahead", "open_transport"]


def open_transport(
    kind: Literal["maildir", "smtp", "lmtp"],
    *,
    path: str | Path = "outbox",
    host: str = "localhost",
    port: int = 587,
    security: Security = "starttls",
    username: str = "",
    password: str = "",
    connections: int = 4,
    helo_name: str = "",
    messages_per_connection: int = 100,
    idle: float = 60.0,
    relays: Sequence[Ahead] = (),
    patience: Patience | None = None,
    tls: ssl.SSLContext | None = None,
    signers: Sequence[Signer] = (),
) -> Transport:
    """Plain values in, a Transport out; nothing connects and no file is made before it is used.

    Every mail is signed by each of `signers` (DKIM). `helo_name` blank: this machine's full name. `patience` and `tls`
    are for tests and special relays. `relays`: several in place of the one at `host`.
    """
    if kind == "maildir":
        return MaildirTransport(Path(path), signers=signers)
    given = relays or [Ahead(host=host, port=port, security=security, username=username, password=password)]
    ways = [one.way(helo_name=helo_name or _own_name(), lmtp=kind == "lmtp") for one in given]
    return SmtpTransport(
        ways,
        connections=connections,
        patience=patience,
        tls=tls,
        messages_per_connection=messages_per_connection,
        signers=signers,
        idle=idle,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A next hop in plain values. `weight`: its share beside the others; `pacer`: its turns under a rate of its own."""

    host: str
    port: int = 587
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    weight: float = 1.0
    pacer: Pacer | SharedPacer | None = None

    def way(self, *, helo_name: str, lmtp: bool) -> Way:
        relay = Relay(
            host=self.host,
            port=self.port,
            security=self.security,
            username=self.username,
            password=self.password,
            helo_name=helo_name,
            lmtp=lmtp,
        )
        return Way(relay, self.weight, self.pacer)


def _own_name() -> str:
    """A full name or an address literal, never a bare host name (RFC 5321 4.1.4)."""
    name = socket.getfqdn()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
