"""How long the client waits for each answer of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Expected = Literal["mail", "rcpt", "data", "dot", "lone-dot", "rset", "quit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds to wait for each answer (RFC 5321 4.5.3.2); `message` bounds one message from first to last octet."""

    connect: float = 30.0
    banner: float = 300.0
    command: float = 300.0  # EHLO, STARTTLS, AUTH, RSET
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    block: float = 180.0
    dot: float = 600.0
    quit: float = 2.0
    message: float = 1800.0

    def of(self, expected: Expected) -> float:
        match expected:
            case "mail":
                return self.mail
            case "rcpt":
                return self.rcpt
            case "data":
                return self.data
            case "dot" | "lone-dot":
                return self.dot
            case "quit":
                return self.quit
            case _:
                return self.command
