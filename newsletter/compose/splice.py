"""The fast path: pieces of a compiled document, encoded once, joined for a reader with her values in the slots.

A slot stands on a line of its own between two soft breaks, so a value needs no line arithmetic and breaks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from newsletter.compose.encode import CRLF, SOFT, base64_lines, quoted_printable, slot_value
from newsletter.compose.slots import SLOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# Base64 costs 4/3; quoted-printable of Chinese or Japanese costs about 3.
_BASE64_PAYS = 1.4


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a document: octets between slots, once as they are and once as quoted-printable."""

    raw: tuple[bytes, ...]
    coded: tuple[bytes, ...]
    slots: tuple[str, ...]
    size: int  # octets of the quoted-printable form without values
    plain_size: int
    only: str  # the slot's name when all slots are the same one: the common and fast case
    pick: Callable[[Mapping[str, bytes]], Any] | None  # the values of `slots`, in order


def fragment(text: str) -> Fragment:
    """A piece from the text that `slots.cut` gave."""
    parts = SLOT.split(text)
    raw = tuple(part.encode("utf-8", "replace") for part in parts[::2])
    slots = tuple(parts[1::2])
    coded = []
    for place, data in enumerate(raw):
        octets = quoted_printable(data)
        if octets and not octets.endswith(CRLF):
            octets += SOFT
        coded.append(SOFT + octets if place else octets)
    return Fragment(
        raw=raw,
        coded=tuple(coded),
        slots=slots,
        size=sum(map(len, coded)),
        plain_size=sum(map(len, raw)),
        only=slots[0] if len(set(slots)) == 1 else "",
        pick=itemgetter(*slots) if len(slots) > 1 else None,
    )


def _fill(pieces: tuple[bytes, ...], fragment_: Fragment, values: Mapping[str, bytes]) -> bytes:
    if not fragment_.slots:
        return pieces[0]
    if fragment_.only:
        return values[fragment_.only].join(pieces)
    assert fragment_.pick is not None
    out = [b""] * (2 * len(pieces) - 1)
    out[::2] = pieces
    out[1::2] = fragment_.pick(values)
    return b"".join(out)


def join(placed: Iterable[tuple[Fragment, str]], texts: Mapping[str, str]) -> tuple[bytes, str]:
    """(the body of a part, its Content-Transfer-Encoding) from (fragment, paper's number or empty) pairs in order."""
    placed = list(placed)
    values = {name: slot_value(text) for name, text in texts.items()}
    out = []
    size = plain = 0
    for piece, number in placed:
        size += piece.size
        plain += piece.plain_size
        if number:
            values["number"] = number.encode()
        out.append(_fill(piece.coded, piece, values))
    if size <= _BASE64_PAYS * plain:
        return b"".join(out), "quoted-printable"
    return base64_lines(join_raw(placed, texts).replace(b"\n", CRLF)) + CRLF, "base64"


def join_raw(placed: Iterable[tuple[Fragment, str]], texts: Mapping[str, str]) -> bytes:
    """The part as it is after decoding, with LF line ends."""
    values = {name: text.encode("utf-8", "replace") for name, text in texts.items()}
    out = []
    for piece, number in placed:
        if number:
            values["number"] = number.encode()
        out.append(_fill(piece.raw, piece, values))
    return b"".join(out)


def encode_whole(text: str) -> tuple[bytes, str]:
    """A part that was not cut: (body, Content-Transfer-Encoding), by the same choice as `join`."""
    data = text.encode("utf-8", "replace")
    coded = quoted_printable(data)
    if len(coded) <= _BASE64_PAYS * len(data):
        return coded, "quoted-printable"
    return base64_lines(data.replace(b"\n", CRLF)) + CRLF, "base64"
