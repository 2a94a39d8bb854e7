"""TeX to Unicode for titles and abstracts: what can be said in plain characters is, and no prose is ever lost.

Two dialects meet here: arXiv's metadata is LaTeX, the pages of model hubs are LaTeX whose dollars and backslashes
were taken away (`3.79times`, `R^3 {times} S^2`, the address twice, in braces). Addresses and money are left alone.
"""

from __future__ import annotations

import re
import unicodedata

from newsletter.compose.detex_reader import Reader
from newsletter.compose.detex_tables import BARE, DRESS

_HINT = re.compile(r"[\\${}^_~`]|--|''|\d ?times\b")
_LINK = re.compile(r"\\?href\{(https?://[^\s{}]+)\}\{([^{}]*)\}")
_URL = re.compile(r"(?:\\?url\{)?(https?://[^\s{}\\]+(?:\\[_%#&~][^\s{}\\]*)*)")
_REPEATED_URL = re.compile(r"\}?\{\s*(?:https?://|\\?url)?[^\s{}]*\}|\}")
_LETTER = re.compile(r"[^\W\d_]")
_COMMAND = re.compile(
    r"\\[a-zA-Z]+\*?|\b(?:" + "|".join(DRESS | set(BARE)) + r")\b|(?<=\d)times\b|(?<=\^)top\b|begin|end"
)
_BLANKS = re.compile(r"\s+")
_LONGEST = 20_000


def detex(text: str) -> str:
    """The text without TeX, on one line. Never raises; text that would lose a tenth of its letters is left as it is."""
    if not _HINT.search(text):
        return text
    if len(text) > _LONGEST:
        return detex(text[:_LONGEST]) + text[_LONGEST:]
    done = _BLANKS.sub(" ", "".join(_around_links(_LINK.sub(r"\2 (\1)", text)))).strip()
    prose = len(_LETTER.findall(_COMMAND.sub("", _URL.sub("", text))))
    if len(_LETTER.findall(done)) < 0.9 * prose or (not done and _LETTER.search(text)):
        return _BLANKS.sub(" ", text).strip()
    return unicodedata.normalize("NFC", done)


def _around_links(text: str) -> list[str]:
    """The pieces between addresses converted, the addresses as they are (their own escapes undone), each once."""
    out = []
    start = 0
    for found in _URL.finditer(text):
        if found.start() < start:
            continue
        out.append(Reader(text[start : found.start()]).read())
        out.append(re.sub(r"\\([_%#&~])", r"\1", found[1]))
        start = found.end()
        again = _REPEATED_URL.match(text, start)
        if again and (again[0] != "}" or found[0][0] == "\\" or found[0].startswith("url{")):
            inside = again[0].strip("{} \\")
            if not inside or inside.startswith(("http", "url", "URL")) or "." in inside or "/" in inside:
                start = again.end()
    out.append(Reader(text[start:]).read())
    return out
