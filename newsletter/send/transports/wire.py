"""SMTP on the wire, without a socket: replies are parsed and bounded here, envelopes and bodies put into octets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import idna

from newsletter.model.mail import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.model.mail import Message

# RFC 5321 4.5.3.1.5 asks for 512 octets a line; real servers send more, hostile ones never end.
MOST_LINE, MOST_LINES, MOST_TEXT = 4096, 100, 500
SHORT_LINE = 200
LONGEST_LINE = 998  # RFC 5322 2.1.1, without CRLF

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_ADDRESS = re.compile(r"[^\x00-\x20\x7f<>]*")
_USUAL = re.compile(r"[A-Za-z0-9@._+=-]* [A-Za-z0-9._+=-]+@[A-Za-z0-9.-]+")  # sender and recipient, as nearly all are


class ProtocolFault(Exception):  # noqa: N818  # not an error of ours: what the server did, in words
    """The server said something that is no SMTP: the connection cannot be trusted any more."""


class NotSendable(Exception):  # noqa: N818  # an outcome of one message, raised only inside the transport
    """This message cannot go to this server; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Features:
    """What EHLO (or LHLO) offered. `size` 0: no limit was named."""

    keywords: frozenset[str] = frozenset()
    size: int = 0
    auth: frozenset[str] = frozenset()

    def has(self, keyword: str) -> bool:
        return keyword in self.keywords


@dataclass(slots=True)
class ReplyReader:
    """Octets in, whole replies out (RFC 5321 4.2, RFC 2034). `lines` are the text lines of the last reply."""

    lines: list[str] = field(default_factory=list)
    _tail: bytes = b""
    _code: int = 0
    _enhanced: str = ""
    _texts: list[str] = field(default_factory=list)

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Raises ProtocolFault, after the good replies before it, for what is not a reply or does not end."""
        parts = (self._tail + data).split(b"\n")
        self._tail = parts.pop()
        for part in parts:
            reply = single(part) if not self._texts and len(part) < SHORT_LINE else None
            if reply is not None or (reply := self._line(part)) is not None:
                yield reply
        if len(self._tail) > MOST_LINE:
            raise ProtocolFault("a reply line that does not end")

    @property
    def partial(self) -> bool:
        return bool(self._tail or self._texts)

    def _line(self, part: bytes) -> Reply | None:
        if len(part) > MOST_LINE:
            raise ProtocolFault("a reply line that is too long")
        code, more, enhanced, text = _parse_line(part)
        if not self._texts and not more:
            self.lines = [text]
            return _reply(code, enhanced, text)
        if self._texts and code != self._code:
            raise ProtocolFault(f"a reply whose lines disagree: {self._code} and {code}")
        self._code = code
        self._enhanced = self._enhanced or enhanced
        self._texts.append(text)
        if more:
            if len(self._texts) >= MOST_LINES:
                raise ProtocolFault("a reply of too many lines")
            return None
        self.lines, self._texts = self._texts, []
        enhanced, self._enhanced = self._enhanced, ""
        return _reply(code, enhanced, " ".join(self.lines))


@lru_cache(maxsize=64)
def single(part: bytes) -> Reply | None:
    """A reply of one line, as nearly all are; most say the same words every time."""
    code, more, enhanced, text = _parse_line(part)
    return None if more else Reply(code, enhanced, text)


def _reply(code: int, enhanced: str, text: str) -> Reply:
    return Reply(code, enhanced, text[:MOST_TEXT])


def _parse_line(line: bytes) -> tuple[int, bool, str, str]:
    found = _LINE.fullmatch(line.removesuffix(b"\r"))
    if found is None:
        raise ProtocolFault(f"not a reply: {printable(line[:80])}")
    text = printable(found[3] or b"")
    enhanced = _ENHANCED.match(text)
    if enhanced is not None:
        text = text[enhanced.end() :]
    return int(found[1]), found[2] == b"-", enhanced[1] if enhanced else "", text


def printable(raw: bytes) -> str:
    """Text that is safe to store and to show: undecodable octets and controls are escaped."""
    text = raw.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text.strip()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text).strip()


class Envelopes:
    """Writes the commands of a transaction for a server that offers `features`."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._size = features.has("SIZE")
        self._dsn = features.has("DSN")

    def of(self, message: Message, size: int) -> tuple[bytes, bytes]:
        """MAIL and RCPT, with the parameters that the server offers and the message needs.

        `size` is that of the body as `clean` left it. RFC 1870 (SIZE), 6152 (8BITMIME), 6531 (SMTPUTF8), 3461 (DSN:
        failures only, headers only, ENVID our delivery id). NotSendable: the server lacks what the message needs.
        """
        sender, recipient, wide = message.envelope_from, message.recipient, message.smtputf8
        if wide or _USUAL.fullmatch(f"{sender} {recipient}") is None:
            sender, recipient, wide = _paths(message, self._features)
        mail, rcpt = f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"
        if self._size:
            most = self._features.size
            if most and size > most:
                said = f"not sent: {size} octets, and the server takes {most} at most"
                raise NotSendable(Reply(552, "5.3.4", said))
            mail += f" SIZE={size}"
        if wide:
            mail += " SMTPUTF8"
        if not (message.seven_bit or message.data.isascii()):
            if not self._features.has("8BITMIME"):
                said = "not sent: 8-bit content, and the server does not offer 8BITMIME"
                raise NotSendable(Reply(554, "5.6.3", said))
            mail += " BODY=8BITMIME"
        if self._dsn:
            mail += f" RET=HDRS ENVID={message.delivery_id}"
            rcpt += " NOTIFY=FAILURE"
            if recipient.isascii():
                rcpt += f" ORCPT=rfc822;{_xtext(recipient)}"
        return f"{mail}\r\n".encode(), f"{rcpt}\r\n".encode()


def _paths(message: Message, features: Features) -> tuple[str, str, bool]:
    """Sender, recipient, and whether SMTPUTF8 is needed; without the extension a domain goes in its ASCII form."""
    sender, recipient, wide = message.envelope_from, message.recipient, message.smtputf8
    if not (sender.isascii() and recipient.isascii()):
        if not features.has("SMTPUTF8"):
            sender, recipient = _ascii_domain(sender), _ascii_domain(recipient)
        wide = wide or not (sender.isascii() and recipient.isascii())
    if wide and not features.has("SMTPUTF8"):
        raise NotSendable(Reply(553, "5.6.7", "not sent: the server does not offer SMTPUTF8, which this address needs"))
    if not (_ADDRESS.fullmatch(sender) and _ADDRESS.fullmatch(recipient) and recipient):
        raise NotSendable(Reply(553, "5.6.0", "not sent: the address holds characters that no envelope may hold"))
    return sender, recipient, wide


def clean(message: Message) -> bytes:
    """The body with CRLF line ends only and one at its end; NotSendable for NUL octets and lines over 998 octets.

    A bare CR or LF is how one message is smuggled inside another (RFC 5321 2.3.8, CVE-2023-51764).
    """
    data = message.data
    if message.vetted and data.endswith(b"\r\n"):
        return data
    if b"\0" in data:
        raise NotSendable(Reply(554, "5.6.0", "not sent: the message holds NUL octets"))
    lines = data.split(b"\r\n")
    if not data.count(b"\n") == data.count(b"\r") == len(lines) - 1:
        data = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
        lines = data.split(b"\r\n")
    if lines[-1]:
        data += b"\r\n"
    if max(map(len, lines)) > LONGEST_LINE:
        raise NotSendable(Reply(554, "5.6.0", "not sent: a line is longer than 998 octets"))
    return data


def dotted(data: bytes, *, vetted: bool) -> bytes:
    """Dot-stuffed (RFC 5321 4.5.2), without the final dot."""
    if vetted:
        return data
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def features_of(lines: list[str]) -> Features:
    """The extensions in the lines of an EHLO reply, the greeting line left out."""
    keywords: set[str] = set()
    auth: set[str] = set()
    size = 0
    for line in lines[1:]:
        keyword, _, rest = line.upper().replace("AUTH=", "AUTH ", 1).partition(" ")
        keywords.add(keyword)
        if keyword == "AUTH":
            auth.update(rest.split())
        elif keyword == "SIZE" and rest.strip().isdecimal():
            size = int(rest)
    return Features(frozenset(keywords), size, frozenset(auth))


def _ascii_domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return address


def _xtext(text: str) -> str:
    """RFC 3461 4."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text)
