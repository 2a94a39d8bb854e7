"""Reading returned mail, which may be cut, broken or hostile: bounded in size, parts and time, and it never raises."""

from __future__ import annotations

import re
from email.errors import HeaderParseError, MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser, Parser
from email.policy import compat32
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 256 * 1024  # octets that are looked at: reports stand before the returned mail, which may be of any size
LINES = 8000  # 256 kB have 3500 of usual length; what has far more wants to cost us time
PARTS = 60
DEEPEST = 30  # multiparts within multiparts: the library's own parser recurses
TEXT = 64 * 1024  # characters of one part
FIELD = 2000  # characters of one header field

# What the standard library raises on hostile MIME, found by fuzzing; none of it may stop the mails behind it.
ODD = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, MessageError)

# The library reads the parameters of these in time that grows with the square of their length: 150 s for 256 kB.
_CONTENT = re.compile(rb"^content-[a-z-]{1,40}[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
_LONGEST = 2000

Fields = dict[str, str]


def parse(data: bytes) -> Message | None:
    """The mail in `data`, as far as it goes; None when there is none to be found."""
    data = b"\n".join(data[:LIMIT].split(b"\n", LINES)[:LINES])
    if data.lower().count(b"boundary") > 2 * DEEPEST:
        return None
    if any(len(found[0]) > _LONGEST for found in _CONTENT.finditer(data)):
        return None
    try:
        return BytesParser(policy=compat32).parsebytes(data)
    except ODD:
        return None


def parts(message: Message) -> Iterator[Message]:
    """Every part, depth first, but nothing of the mail that was returned: only its outermost part."""
    stack, count = [message], 0
    while stack and count < PARTS:
        part = stack.pop()
        count += 1
        yield part
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            stack += [one for one in reversed(payload) if isinstance(one, Message)]


def header(message: Message, name: str) -> str:
    """The first field of that name on one line, encoded words decoded; empty when there is none."""
    try:
        value = str(message.get(name, ""))[:FIELD]
    except ODD:
        return ""
    if "=?" in value:
        try:
            value = str(make_header(decode_header(value)))
        except (*ODD, HeaderParseError):
            pass
    return _line(value)


def every(message: Message, name: str) -> list[str]:
    """All fields of that name, at most twenty."""
    try:
        return [_line(str(value)[:FIELD]) for value in message.get_all(name, [])[:20]]
    except ODD:
        return []


def text(part: Message) -> str:
    """The text of a leaf, decoded as well as can be; without half characters and NUL, which no database takes."""
    try:
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes):
            return ""
        charset = part.get_content_charset("utf-8")
    except ODD:
        return ""
    try:
        found = data[:TEXT].decode(charset, "replace")
    except (*ODD, UnicodeError):
        found = data[:TEXT].decode("latin-1")
    return found.encode("utf-8", "replace").decode().replace("\0", " ")


def blocks(part: Message) -> list[Fields]:
    """The groups of fields of a report (RFC 3464 section 2.1, RFC 5965 section 3), names in lower case."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return _split(text(part))
    inner = [one for one in payload if isinstance(one, Message)]
    if header(part, "content-transfer-encoding").lower() in {"base64", "quoted-printable"}:
        # The library takes the encoded lines for fields and bodies of their own: put together, they can be decoded.
        whole = Message()
        whole["Content-Transfer-Encoding"] = header(part, "content-transfer-encoding")
        whole.set_payload("\n".join(one.as_string() for one in inner[:PARTS]).strip())
        return _split(text(whole))
    return [fields for one in inner[:PARTS] if (fields := _fields(one))]


def _split(body: str) -> list[Fields]:
    found = re.split(r"\n[ \t]*\n", body.replace("\r\n", "\n").strip())[:PARTS]
    return [fields for one in found if (fields := _fields(_headers(one)))]


def _headers(block: str) -> Message:
    try:
        return Parser(policy=compat32).parsestr(block.strip() + "\n\n", headersonly=True)
    except ODD:
        return Message()


def _fields(message: Message) -> Fields:
    found: Fields = {}
    for name in message.keys()[:PARTS]:
        found.setdefault(name.lower(), header(message, name))
    return found


def _line(value: str) -> str:
    value = value.encode("utf-8", "replace").decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())
