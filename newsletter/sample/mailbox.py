"""The demo's mails read back from their files, as a mail program would, and laid open for a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Scheme = Literal["system", "light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("system", "light", "dark")

_QUERY = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_META = re.compile(r"""(<meta\s+name="(?:supported-)?color-schemes?"\s+content=")[^"]*(")""", re.IGNORECASE)
_PROPERTY = re.compile(r"(?<![\w-])(color-scheme\s*:\s*)light\s+dark\b", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it lies in the outbox. `file` is its path inside the demo's folder."""

    file: str
    recipient: str
    subject: str
    sender: str
    octets: int
    html: str
    text: str


def read_mail(path: Path, root: Path) -> Mail:
    """A mail of the outbox, its parts decoded by the standard library."""
    data = path.read_bytes()
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    return Mail(
        file=path.relative_to(root).as_posix(),
        recipient=parseaddr(str(message["To"]))[1],
        subject=str(message["Subject"]),
        sender=str(message["From"]),
        octets=len(data),
        html=str(html.get_content()) if html else "",
        text=str(text.get_content()) if text else "",
    )


def in_scheme(html: str, scheme: Scheme) -> str:
    """The mail as a reader of that colour scheme sees it, whatever scheme the browser is in.

    Links open outside of the frame that shows the mail.
    """
    html = _HEAD.sub(lambda head: f'{head[0]}<base target="_blank">', html, count=1)
    if scheme == "system":
        return html
    html = _QUERY.sub(lambda asked: "(min-width: 0)" if asked[1].lower() == scheme else "(max-width: 0)", html)
    html = _META.sub(rf"\g<1>{scheme}\g<2>", html)
    return _PROPERTY.sub(rf"\g<1>{scheme}", html)
