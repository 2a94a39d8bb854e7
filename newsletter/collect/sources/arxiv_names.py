"""The announcement feed's author line: one comma string with TeX accents and affiliations in parentheses."""

from __future__ import annotations

import re
import unicodedata

from newsletter.collect import clean

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "c": "\u0327", "k": "\u0328", "d": "\u0323",
    "b": "\u0331",
}  # fmt: skip
_LETTERS = {"o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å",
            "AA": "Å", "i": "\u0131", "j": "\u0237"}  # fmt: skip
_ACCENTED = re.compile(
    r"\\([`'^~=.\"])\s*\{?\s*(\\?[A-Za-z])\s*\}?|\\([uvHcrdkb])(?:\s*\{\s*(\\?[A-Za-z])\s*\}|\s+([A-Za-z]))"
)
_GROUPED = re.compile(r"\{\s*(\\[uvHcrdkb])\s+(\\?[A-Za-z])\s*\}")  # `{\H o}` is `\H{o}`
_LETTER = re.compile(r"\\(ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i|j)(?![A-Za-z])(?:\s*\{\})?\s?")


def untex(line: str) -> str:
    r"""TeX accents become letters (`G\"odel`, `Erd{\H o}s`, `{\L}ukasz`); braces go; anything unknown stays."""
    if "\\" not in line:
        return line.replace("{", "").replace("}", "")
    found = _ACCENTED.sub(_accent, _GROUPED.sub(r"\1{\2}", line))
    found = _LETTER.sub(lambda named: _LETTERS[named[1]], found)
    return unicodedata.normalize("NFC", found.replace("{", "").replace("}", ""))


def _accent(found: re.Match[str]) -> str:
    mark = _ACCENTS[found[1] or found[3]]
    letter = (found[2] or found[4] or found[5]).removeprefix("\\")
    return letter + mark


def author_names(line: str) -> tuple[str, ...]:
    """Names without affiliations. Commas inside parentheses (nested ones too) part nothing."""
    names: list[str] = []
    depth, current = 0, ""
    for char in line[:200_000]:
        if char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        elif depth == 0 and char in ",;":
            names.append(current)
            current = ""
        elif depth == 0:
            current += char
    names.append(current)
    cleaned = (clean.text(untex(name), clean.NAME) for name in names[: clean.NAMES])
    return tuple(name for name in cleaned if name and name.lower() != "and")
