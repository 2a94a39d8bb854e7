"""The body of a mail: multipart/alternative, plainest part first, with a boundary that cannot occur inside."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

Part = tuple[list[bytes], bytes]  # octets with CRLF line ends in chunks, Content-Transfer-Encoding

ONLY_TEXT = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
# The stretches around the parts, `%b` where the boundary stands; after the first two the encoding follows.
BEFORE_TEXT = b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n--%b\r\n' + ONLY_TEXT
BEFORE_HTML = b"\r\n--%b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: "
AFTER_HTML = b"\r\n--%b--\r\n"
QUOTED = b"quoted-printable\r\n\r\n"


@lru_cache(maxsize=64)
def boundary_of(kind: str, day: date) -> bytes:
    """The boundary of the mails of one edition."""
    return boundary(f"{kind}.{day}")


def boundary(edition: str) -> bytes:
    """From the kind and day of a delivery, so the same mail is the same octets; `=_` is in no quoted-printable and no
    base64, so it need not differ from mail to mail.
    """
    return b"=_" + hashlib.blake2b(edition.encode(), digest_size=12).hexdigest().encode()


def text_only(text: Part) -> list[bytes]:
    """What follows the headers, in chunks."""
    return [ONLY_TEXT, text[1], b"\r\n\r\n", *text[0]]


def alternative(line: bytes, text: Part, html: Part) -> list[bytes]:
    """The same with both parts; `line` is the boundary. RFC 2046 section 5.1.4: text first, HTML last, since clients
    show the last one that they can.
    """
    return [
        BEFORE_TEXT % (line, line),
        text[1],
        b"\r\n\r\n",
        *text[0],
        BEFORE_HTML % line,
        html[1],
        b"\r\n\r\n",
        *html[0],
        AFTER_HTML % line,
    ]
