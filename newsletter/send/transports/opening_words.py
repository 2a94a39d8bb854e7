"""What is told of a connection that could not be opened: where it failed, and the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.mail import Reply
    from newsletter.send.verdict import Phase

PHASES: dict[Phase, str] = {
    "connect": "at the connection",
    "banner": "at its greeting",
    "ehlo": "at EHLO",
    "starttls": "at STARTTLS",
    "auth": "at the login",
}
CURES = {
    "login": "Check [delivery] username and password; some providers want an app password.",
    "relay": 'Ask whoever runs the relay why TLS is refused; security = "tls" on port 465 may work.',
}


def try_later() -> str:
    return "Nothing was lost; run this again later."


def turned_off(reply: Reply) -> str:
    """A server that refuses at its greeting refuses the machine (RFC 5321 3.1), not the mail."""
    if reply.code // 100 != 5:
        return try_later()
    return "It takes no mail from this machine's address; its words say why. Send through a provider with a login."


def wrong_port(phase: Phase) -> str:
    if phase == "banner":
        return 'Port 465 wants security = "tls", ports 587 and 25 "starttls" or "none": a mismatch looks like this.'
    return try_later()
