"""Text and links as the world sends them become text and links that are safe to keep, show and mail."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

TITLE = 500
ABSTRACT = 20_000
NAME = 200
NAMES = 2_000
ORIGINAL = 64_000
LINK = 2_048

_BLANKS = re.compile(r"\s+")
_MARKS = 6  # combining marks on one letter; more is decoration that overprints its neighbours
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_LETTERS_THAT_JOIN = {"Lo", "Mn", "Mc", "Lm"}  # scripts without case: Arabic, the Indic ones, ...
_INVISIBLE = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff"  # tags and supplementary variation selectors: text nobody can see
    "\ufdd0-\ufdef"
    "]"
)


def text(value: object, limit: int = ABSTRACT) -> str:
    """One clean line of at most `limit` characters, NFC; anything but a string is the empty string.

    Gone are controls, lone surrogates, noncharacters, bidi overrides and isolates (Unicode TR 36), and characters
    that cannot be seen. A joiner stays where it means something: in emoji, and between letters that join.
    """
    if not isinstance(value, str):
        return ""
    rough = _BLANKS.sub(" ", value[: limit * 8 + 1_000])
    if not rough.isascii() or not rough.isprintable():
        rough = unicodedata.normalize("NFC", _visible(rough))
    return cut(_BLANKS.sub(" ", rough).strip(), limit)


def cut(line: str, limit: int) -> str:
    """The line itself when it fits, else its beginning up to a word's end and an ellipsis."""
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    blank = head.rfind(" ")
    return (head[:blank] if blank > limit // 2 else head).rstrip() + "…"


def original(value: str) -> str:
    """The item as received, bounded, without what a database cannot hold (lone surrogates, NUL)."""
    return value[:ORIGINAL].encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def link(value: object) -> str:
    """An absolute http or https URL in ASCII, or the empty string.

    Refused: other schemes, credentials, missing or broken hosts, bad ports, controls, more than 2,048 characters.
    """
    if not isinstance(value, str):
        return ""
    raw = value.strip()
    if not raw or len(raw) > LINK or any(c.isspace() or not c.isprintable() or c == "\\" for c in raw):
        return ""
    try:
        parts = urlsplit(raw)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or not _host_is_plain(host):
        return ""
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    path = quote(parts.path, safe="/%:@!$&'()*+,;=-._~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=-._~?")
    fragment = quote(parts.fragment, safe="/%:@!$&'()*+,;=-._~?")
    whole = urlunsplit((parts.scheme, place, path, query, fragment))
    return whole if len(whole) <= LINK else ""


def _host_is_plain(host: str) -> bool:
    return len(host) <= 253 and re.fullmatch(r"[A-Za-z0-9._:-]+", host) is not None


def _visible(rough: str) -> str:
    kept: list[str] = []
    marks = 0
    seen = _INVISIBLE.sub("", rough)
    for place, char in enumerate(seen):
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if marks > _MARKS or kind in {"Cs", "Cc"} or ord(char) & 0xFFFE == 0xFFFE:
            continue
        if char in {_ZWJ, _ZWNJ} and not _joins(char, seen, place):
            continue
        kept.append(char)
    return "".join(kept)


def _joins(char: str, line: str, place: int) -> bool:
    """Whether a joiner has something to join (UTS 51 emoji sequences; Unicode 23.2 cursive and Indic scripts)."""
    if place == 0 or place + 1 >= len(line):
        return False
    before, after = line[place - 1], line[place + 1]
    if char == _ZWJ and (before == "\ufe0f" or unicodedata.category(before) in {"So", "Sk"}):
        return unicodedata.category(after) == "So" or after in "♀♂⚕"
    kinds = {unicodedata.category(before), unicodedata.category(after)}
    return kinds <= _LETTERS_THAT_JOIN
