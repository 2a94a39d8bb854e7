"""The fast path: pieces of a compiled document, encoded once, joined for a reader with her values in the slots.

A slot stands on a line of its own between two soft breaks, so a value needs no line arithmetic and breaks nothing.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from newsletter.compose.encode import CRLF, SOFT, base64_lines, quoted_printable, slot_value
from newsletter.compose.slots import SLOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Base64 with its line ends costs 4/3 * 78/76; quoted-printable of Chinese or Japanese costs about 3.
_BASE64_PAYS = 1.37
# Values that are the same in text, in HTML and in quoted-printable, and fit a line: most links and addresses.
_PLAIN = re.compile(r"[A-Za-z0-9/:?_~+,;@%#-][A-Za-z0-9/:?_~+,;@%#.-]{0,72}\Z")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a document: quoted-printable octets between slots."""

    coded: tuple[bytes, ...]
    slots: tuple[str, ...]
    size: int  # octets of the quoted-printable form without values
    plain_size: int  # of what it stands for
    pick: Callable[[Mapping[str, bytes]], Any] | None  # the values of `slots`, in order; None: all are the same

    @property
    def raw(self) -> list[bytes]:
        """The octets as they are, with LF line ends; seldom wanted, so they are not kept."""
        return [a2b_qp(octets).replace(CRLF, b"\n") for octets in self.coded]


@lru_cache(maxsize=256)
def fragment(text: str) -> Fragment:
    """A piece from the text that `slots.cut` gave. Cached: what stands around the papers comes again and again."""
    parts = SLOT.split(text)
    slots = tuple(parts[1::2])
    coded = []
    size = 0
    for place, part in enumerate(parts[::2]):
        data = part.encode("utf-8", "replace")
        size += len(data)
        octets = quoted_printable(data)
        if octets and not octets.endswith(CRLF):
            octets += SOFT
        coded.append(SOFT + octets if place else octets)
    return _fragment(tuple(coded), slots, size)


def _fragment(coded: tuple[bytes, ...], slots: tuple[str, ...], plain_size: int) -> Fragment:
    return Fragment(
        coded=coded,
        slots=slots,
        size=sum(map(len, coded)),
        plain_size=plain_size,
        pick=itemgetter(*slots) if len(set(slots)) > 1 else None,
    )


Placed = list[tuple[Fragment, str]]  # pieces in order, each with its paper's number or nothing


def merge(placed: Placed) -> Fragment:
    """Pieces in order as one, the papers' numbers filled in: the same octets as the pieces one after the other."""
    coded: list[bytes] = [b""]
    slots: list[str] = []
    size = 0
    for piece, number in placed:
        coded[-1] += piece.coded[0]
        size += piece.plain_size
        for name, octets in zip(piece.slots, piece.coded[1:], strict=True):
            if name == "number" and number:
                coded[-1] += number.encode() + octets
                size += len(number)
            else:
                slots.append(name)
                coded.append(octets)
    return _fragment(tuple(coded), tuple(slots), size)


@dataclass(slots=True)
class Words:
    """What goes into the slots: as text, and as it stands on the wire in the HTML part and in the text part."""

    texts: dict[str, str]
    html: dict[str, bytes]
    text: dict[str, bytes]

    def __or__(self, other: Words) -> Words:
        return Words(self.texts | other.texts, self.html | other.html, self.text | other.text)


def words(texts: dict[str, str], *, wrapped: Mapping[str, str]) -> Words:
    """Values by slot name, encoded for both parts; `wrapped` are those that the text part has in another form."""
    html: dict[str, bytes] = {}
    text: dict[str, bytes] = {}
    for name, value in texts.items():
        if _PLAIN.match(value):
            html[name] = text[name] = value.encode()
        else:
            html[name] = _coded_markup(value)
            text[name] = _coded_text(wrapped.get(name, value))
    return Words(texts, html, text)


@lru_cache(maxsize=16384)
def _coded_markup(text: str) -> bytes:
    return slot_value(str(escape(text)))


@lru_cache(maxsize=16384)
def _coded_text(text: str) -> bytes:
    return slot_value(text)


def join(placed: Placed, values: Mapping[str, bytes]) -> list[bytes]:
    """A part as quoted-printable, in chunks: they are copied once only, into the message."""
    out: list[bytes] = []
    values = dict(values)
    for piece, number in placed:
        if piece.slots:
            if number:
                values["number"] = number.encode()
            chunks = [values[piece.slots[0]]] * (2 * len(piece.coded) - 1)
            chunks[::2] = piece.coded
            if piece.pick is not None:
                chunks[1::2] = piece.pick(values)
            out += chunks
        else:
            out += piece.coded
    return out


def join_raw(placed: Placed, texts: Mapping[str, str]) -> bytes:
    """The part as it is after decoding, with LF line ends; `texts` escaped for the HTML part."""
    values = {name: text.encode("utf-8", "replace") for name, text in texts.items()}
    out: list[bytes] = []
    for piece, number in placed:
        chunks = [b""] * (2 * len(piece.coded) - 1)
        chunks[::2] = piece.raw
        chunks[1::2] = [number.encode() if name == "number" and number else values[name] for name in piece.slots]
        out += chunks
    return b"".join(out)


def base64_pays(placed: Placed) -> bool:
    """Whether base64 makes the part shorter than quoted-printable does."""
    coded = plain = 0
    for piece, _ in placed:
        coded += piece.size
        plain += piece.plain_size
    return coded > _BASE64_PAYS * plain


def as_base64(data: bytes) -> tuple[list[bytes], bytes]:
    return [base64_lines(data.replace(b"\n", CRLF)), CRLF], b"base64"


def encode_whole(text: str) -> tuple[list[bytes], bytes]:
    """A part that was not cut: (body, Content-Transfer-Encoding), by the same choice as for one that was."""
    data = text.encode("utf-8", "replace")
    coded = quoted_printable(data)
    return ([coded], b"quoted-printable") if len(coded) <= _BASE64_PAYS * len(data) else as_base64(data)
