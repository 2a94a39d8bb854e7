"""Octets for the wire: quoted-printable that never starts a line with a dot, base64, encoded words."""

from __future__ import annotations

import base64
import re

# RFC 2045 section 6.7 rule 5: 76 octets a line with the `=` of the soft break.
_LINE = 75
_UNSAFE = re.compile(rb"[^\t -<>-~]")
_TRAILING_BLANK = re.compile(rb"[ \t](?=\n|\Z)")
_WORD_SAFE = re.compile(rb"[^A-Za-z0-9!*+/-]")  # RFC 2047 section 5 (3), the strictest place

CRLF = b"\r\n"
SOFT = b"=\r\n"


def quoted_printable(data: bytes) -> bytes:
    """RFC 2045 quoted-printable with CRLF line ends; `data` has LF line ends.

    No line is longer than 76 octets, none starts with a dot (so nobody has to stuff dots) and none with `From `.
    """
    escaped = _UNSAFE.sub(lambda m: b"\n" if m[0] == b"\n" else b"=%02X" % m[0][0], data)
    escaped = _TRAILING_BLANK.sub(lambda m: b"=%02X" % m[0][0], escaped)
    return CRLF.join(_wrap(line) for line in escaped.split(b"\n"))


def _wrap(line: bytes) -> bytes:
    pieces = []
    start = 0
    while True:
        lead = line[start : start + 1]
        prefix = b""
        if lead == b"." or (lead == b"F" and line.startswith(b"From ", start)):
            prefix = b"=%02X" % lead[0]
            start += 1
        if len(line) - start + len(prefix) <= _LINE:
            pieces.append(prefix + line[start:])
            return SOFT.join(pieces)
        end = start + _LINE - len(prefix)
        cut = line.rfind(b"=", end - 2, end)  # never inside `=XX`
        end = end if cut < 0 else cut
        pieces.append(prefix + line[start:end])
        start = end


def slot_value(value: str) -> bytes:
    """A value as quoted-printable that stands between two soft breaks."""
    return quoted_printable(value.encode("utf-8", "replace"))


def base64_lines(data: bytes) -> bytes:
    """RFC 2045 section 6.8 base64: lines of 76 octets, CRLF line ends."""
    return base64.encodebytes(data).replace(b"\n", CRLF).rstrip(CRLF)


def encoded_words(text: str, first: int) -> bytes:
    """Text as RFC 2047 encoded words, each at most 75 octets, folded by CRLF and a blank.

    `first` is how many octets the header has before them, so that the first line stays within 76 (section 2).
    Q or B, whichever is shorter; a character is never split over two words (section 5).
    """
    data = text.encode("utf-8", "replace")
    use_q = len(_WORD_SAFE.sub(b"===", data)) <= 4 * (len(data) + 2) // 3
    words, chunk, room = [], "", max(16, 75 - first)
    for char in text:
        if chunk and len(_word(chunk + char, q=use_q)) > room:
            words.append(_word(chunk, q=use_q))
            chunk, room = "", 75
        chunk += char
    words.append(_word(chunk, q=use_q))
    return b"\r\n ".join(words)


def _word(chunk: str, *, q: bool) -> bytes:
    data = chunk.encode("utf-8", "replace")
    if q:
        body = _WORD_SAFE.sub(lambda m: b"_" if m[0] == b" " else b"=%02X" % m[0][0], data)
        return b"=?utf-8?q?" + body + b"?="
    return b"=?utf-8?b?" + base64.b64encode(data) + b"?="


def unstructured(name: str, text: str) -> bytes:
    """A whole header line for free text: plain and folded when it is printable ASCII, else encoded words."""
    head = name.encode() + b": "
    if text.isascii() and text.isprintable() and "=?" not in text and max(map(len, text.split(" "))) < 70:
        return head + _fold(text, len(head)) + CRLF
    return head + encoded_words(text, len(head)) + CRLF


def _fold(text: str, used: int) -> bytes:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and used + len(lines[-1]) + 1 + len(word) > 78:
            lines.append("")
            used = 1
        lines[-1] += f" {word}" if lines[-1] else word
    return "\r\n ".join(lines).encode()
