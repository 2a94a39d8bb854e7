"""The body of a mail: multipart/alternative, plainest part first, with a boundary that cannot occur inside."""

from __future__ import annotations

import hashlib

from newsletter.compose.encode import CRLF

Part = tuple[list[bytes], bytes]  # octets with CRLF line ends in chunks, Content-Transfer-Encoding


def boundary(key: str) -> bytes:
    """From the delivery's key, so the same mail is the same octets; `=_` is in no quoted-printable and no base64."""
    return b"=_" + hashlib.blake2b(key.encode(), digest_size=12).hexdigest().encode()


def text_only(headers: bytes, text: Part) -> bytes:
    return b"".join(
        (
            headers,
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ",
            text[1],
            b"\r\n\r\n",
            *text[0],
        )
    )


def alternative(headers: bytes, key: str, text: Part, html: Part) -> bytes:
    """RFC 2046 section 5.1.4: text first, HTML last, since clients show the last one that they can."""
    line = boundary(key)
    return b"".join(
        (
            headers,
            b'Content-Type: multipart/alternative;\r\n boundary="',
            line,
            b'"\r\n\r\n--',
            line,
            b"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ",
            text[1],
            b"\r\n\r\n",
            *text[0],
            CRLF,
            b"--",
            line,
            b"\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: ",
            html[1],
            b"\r\n\r\n",
            *html[0],
            CRLF,
            b"--",
            line,
            b"--\r\n",
        )
    )
