"""The letterhead: every header of a mail and its envelope, as the RFCs and the large receivers want them.

The rules are RFC 5322 (3.6), 2047, 2369, 2919, 3834 (5), 8058 (3.1), 6532 and Gmail's Feedback-ID. Headers are
written as octets, not through `email`: its policies turn a List-Unsubscribe of more than about 76 characters into
an encoded word, and one-click leaving is dead.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING

import idna

from newsletter.compose.encode import CRLF, encoded_words, unstructured
from newsletter.compose.text import clean, header_uri, subject_line
from newsletter.errors import AddressError, TemplateError
from newsletter.model.bounce import bounce_address, message_id, message_tag

if TYPE_CHECKING:
    from datetime import date, datetime

    from newsletter.model.mail import Delivery, Letterhead, ReaderLinks

_LISTED = frozenset({"digest", "welcome", "notice", "test"})  # the others answer something the person just did
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z")
_USUAL_ADDRESS = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")
_BAD_ADDRESS = re.compile(r"[\s<>(),;:\\\"\x00-\x1f\x7f\ud800-\udfff]")
_FRAMES = 2048
_AUTOMATIC = "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: OOF, AutoReply\r\n"
_SUBJECT = 120  # characters; phones show about 40, desktops about 70
_LONGEST_LINK = 960  # octets: with the header's name it has to stay under 998 (RFC 5322 section 2.1.1)


class Headers:
    """Writes the headers of all mails of one newsletter."""

    def __init__(self, letterhead: Letterhead, *, secret: str) -> None:
        self._letterhead = letterhead
        self._secret = secret
        name, self.address = parseaddr(letterhead.sender)
        self.domain = self.address.rpartition("@")[2] or "localhost"
        head = b"From: " + _mailbox(name, self.address) + CRLF
        if letterhead.reply_to:
            head += b"Reply-To: " + _mailbox(*parseaddr(letterhead.reply_to)) + CRLF
        self._from = head
        self._list = self._list_headers()
        self._sender_id = _sender_id(self.domain)
        self._frames: dict[tuple[datetime, str, date, str], tuple[str, str, bool, str, str]] = {}

    def message_id(self, key: str) -> str:
        """`<key.hmac@domain>`: unique for each reader, the same at every try, not to be guessed."""
        return message_id(key, secret=self._secret, domain=self.domain)

    def envelope_from(self, delivery: Delivery) -> str:
        """The signed bounce address, or the From address when the newsletter has no bounce domain."""
        if not self._letterhead.bounce_domain:
            return self.address
        return bounce_address(delivery, secret=self._secret, domain=self._letterhead.bounce_domain)

    def write(self, delivery: Delivery, recipient: str, subject: str, links: ReaderLinks) -> bytes:
        """Every header but the Content- ones, each line ended by CRLF. `recipient` as `wire_address` gave it."""
        frame = delivery.created_at, delivery.kind, delivery.day, subject
        try:
            opening, middle, listed, after_id, last = self._frames[frame]
        except KeyError:
            opening, middle, listed, after_id, last = self._frame(*frame)
        leave = _leave(links) if listed else ""
        key = delivery.key
        tag = message_tag(key, self._secret)
        return f"{opening}{recipient}{middle}<{key}.{tag}{after_id}{leave}{last}".encode()

    def _frame(self, moment: datetime, kind: str, day: date, subject: str) -> tuple[str, str, bool, str, str]:
        """What many mails have in common: (all before the recipient's address, from there to the Message-ID, whether
        there is a way to leave, what stands before it, what after it).
        """
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        line = _subject(subject) or b"\r\n" + unstructured("Subject", self._letterhead.name)
        listed = kind in _LISTED
        if len(self._frames) > _FRAMES:
            self._frames.clear()
        found = self._frames[moment, kind, day, subject] = (
            f"Date: {format_datetime(aware)}\r\n{self._from.decode()}To: ",
            f"{line.decode()}Message-ID: ",
            listed,
            f"@{self.domain}>\r\nMIME-Version: 1.0\r\n{self._list.decode() if listed else ''}",
            f"{_AUTOMATIC}Feedback-ID: {day.isoformat()}:{kind}:{self._sender_id}\r\n",
        )
        return found

    def _list_headers(self) -> bytes:
        base = header_uri(self._letterhead.base_url)
        return (
            b"List-Id: %b\r\n" % _list_id(self._letterhead, self.domain)
            + b"List-Post: NO\r\n"
            + b"List-Help: <%b/>\r\n" % base.encode()
            + b"List-Archive: <%b/archive>\r\n" % base.encode()
            + b"Precedence: bulk\r\n"
        )


def leave_headers(links: ReaderLinks) -> bytes:
    """List-Unsubscribe, and List-Unsubscribe-Post where RFC 8058 allows it: with exactly one https link.

    With an http link (a laptop's `http://localhost:8000`) the link still stands there, which RFC 2369 allows,
    but one-click is not promised. Each URI has a line of its own: nothing inside the brackets is encoded or folded.
    """
    return _leave(links).encode()


def _leave(links: ReaderLinks) -> str:
    if links.plain and links.unsubscribe_mailto and links.unsubscribe.startswith("https:"):
        return (
            f"List-Unsubscribe: <{links.unsubscribe}>,\r\n <{links.unsubscribe_mailto}>\r\n"
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        )
    uris = [header_uri(uri) for uri in (links.unsubscribe, links.unsubscribe_mailto) if uri]
    if not uris:
        return ""
    if any(len(uri) > _LONGEST_LINK for uri in uris):
        raise TemplateError(
            f"A leave link of {max(map(len, uris))} characters does not fit into a header line.",
            cure="Shorten [newsletter] base_url.",
        )
    lines = "List-Unsubscribe: " + ",\r\n ".join(f"<{uri}>" for uri in uris) + "\r\n"
    if uris[0].lower().startswith("https://"):
        lines += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    return lines


def wire_address(address: str) -> tuple[str, bool]:
    """(the address as it goes over the wire, whether it needs SMTPUTF8).

    The domain goes as IDNA 2008; only a local part outside ASCII needs the extension (RFC 6531).
    """
    if _USUAL_ADDRESS.fullmatch(address):
        return address, False
    local, _, domain = address.strip().rpartition("@")
    if not local or not domain or _BAD_ADDRESS.search(local + domain):
        raise AddressError(f"{address!r} is not an address that can be written to.", cure="Remove or mend it.")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError as error:
            raise AddressError(f"{address!r} has no valid domain: {error}.", cure="Remove or mend it.") from error
    return f"{local}@{domain}", not local.isascii()


@lru_cache(maxsize=512)
def _subject(text: str) -> bytes:
    """The end of the line before it, and the whole line; empty for a text without a letter."""
    line = subject_line(text, _SUBJECT)
    return b"\r\n" + unstructured("Subject", line) if line else b""


def _mailbox(name: str, address: str) -> bytes:
    wire = wire_address(address)[0].encode()
    name = clean(name)
    if not name:
        return wire
    if _ATOMS.match(name):
        return name.encode() + b" <" + wire + b">"
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'.encode() + b" <" + wire + b">"
    return encoded_words(name, len("Reply-To: ")) + b"\r\n <" + wire + b">"


def _list_id(letterhead: Letterhead, domain: str) -> bytes:
    phrase, _, rest = clean(letterhead.list_id).rpartition("<")
    identifier = re.sub(r"[^A-Za-z0-9._-]", "", rest.partition(">")[0]) or f"papers.{domain}"
    phrase = re.sub(r"[^A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]", "", phrase).strip()
    return (f"{phrase} <{identifier}>" if phrase else f"<{identifier}>").encode()[:255]


def _sender_id(domain: str) -> str:
    """5 to 15 characters that stand for the sending domain, as Gmail's Feedback-ID wants them."""
    plain = re.sub(r"[^a-z0-9]", "", domain.lower())[:15]
    return plain if len(plain) >= 5 else plain + hashlib.sha256(domain.encode()).hexdigest()[:8]
