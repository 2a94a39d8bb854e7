"""Lines of the text part: 72 columns as a terminal shows them, Chinese and Japanese parted between signs."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from functools import lru_cache

WIDTH = 72  # columns of the text edition

# Signs of two columns (UAX 11), written without blanks between words.
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]"
)
_BETWEEN = re.compile(f"({_WIDE.pattern})")
# No line begins with a closing sign or ends with an opening one (JIS X 4051, GB/T 15834).
_NO_START = frozenset("、。，．！？：；）」』】》〉〕…‥·”’％‰)]}.,!?:;%")
_NO_END = frozenset("（「『【《〈〔“‘([{")


def wrap(text: str, first: str = "", rest: str | None = None) -> str:
    """`text` wrapped at 72 columns; the first line opens with `first`, the others with `rest`. Links stay whole."""
    return _wrapped(str(text), first, first if rest is None else rest)


@lru_cache(maxsize=2048)
def _wrapped(text: str, first: str, rest: str) -> str:
    """Cached: a paper is rendered anew with each selection that holds one more that is new."""
    if text and text.isascii() and text.isprintable() and "  " not in text and text.strip() == text:
        return _filled(text.split(" "), first, rest)
    if not _WIDE.search(text):
        return textwrap.fill(
            text,
            WIDTH,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
    lines, line, used = [], first, columns(first)
    for piece in _pieces(text):
        size = columns(piece.rstrip())
        if used + size > WIDTH and line.strip():
            lines.append(line.rstrip())
            line, used, piece = rest, columns(rest), piece.lstrip()  # noqa: PLW2901 - what opens a line has no blank
        line += piece
        used += columns(piece)
    return "\n".join([*lines, line.rstrip()])


def _filled(words: list[str], first: str, rest: str) -> str:
    """What `textwrap.fill` makes of words with one blank between them, in a tenth of the time."""
    lines, line, room = [], first + words[0], WIDTH - len(first) - len(words[0])
    for word in words[1:]:
        room -= 1 + len(word)
        if room >= 0:
            line += f" {word}"
        else:
            lines.append(line)
            line, room = rest + word, WIDTH - len(rest) - len(word)
    return "\n".join([*lines, line])


def columns(text: str) -> int:
    """How many columns a text takes: two for wide signs, none for what joins the sign before (UAX 11)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) or unicodedata.category(sign) == "Cf" else 2 if _WIDE.match(sign) else 1
        for sign in text
    )


def _pieces(text: str) -> list[str]:
    """What stays on one line: a word with the blank after it, or one wide sign with what may not part from it."""
    pieces: list[str] = []
    for run in _BETWEEN.split(" ".join(text.split())):
        for word in re.findall(r" |[^ ]+ ?", run):
            joined = pieces and (word[0] in _NO_START or pieces[-1][-1:] in _NO_END or word == " ")
            if joined:
                pieces[-1] += word
            else:
                pieces.append(word)
    return pieces
