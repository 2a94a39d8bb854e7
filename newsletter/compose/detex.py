"""TeX to Unicode for titles and abstracts: what can be said in plain characters is, and no prose is ever lost.

Two dialects meet here: arXiv's metadata is LaTeX, the pages of model hubs are LaTeX whose dollars and backslashes
were taken away (`3.79times`, `R^3 {times} S^2`, `URL{URL\\_x}`). Addresses and money are left alone.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from newsletter.compose.detex_tables import ACCENTS, BARE, DOUBLE, DRESS, SILENT, SUB, SUPER, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Callable

_HINT = re.compile(r"[\\${}^_~`]|--|''|\d ?times\b")
_LINK = re.compile(r"\\?href\{(https?://[^\s{}]+)\}\{([^{}]*)\}")
_URL = re.compile(r"(?:\\?url\{)?(https?://[^\s{}\\]+(?:\\[_%#&~][^\s{}\\]*)*)")
_REPEATED_URL = re.compile(r"\}?\{\s*(?:https?://|\\?url)?[^\s{}]*\}|\}")
_NAME = re.compile(r"[a-zA-Z]+")
_LETTER = re.compile(r"[^\W\d_]")
_COMMAND = re.compile(
    r"\\[a-zA-Z]+\*?|\b(?:" + "|".join(DRESS | set(BARE)) + r")\b|(?<=\d)times\b|(?<=\^)top\b|begin|end"
)
_QUOTED = re.compile(r"([^`']{1,60})'(?![a-zA-Z'])")
_COUNT = re.compile(r"[-+]?\d+|.", re.DOTALL)
_BARE_TIMES = re.compile(r"(?<=\w )times(?= \w)")
_BLANKS = re.compile(r"\s+")
_DEEPEST = 30
_LONGEST = 20_000
_ESCAPED = {
    "%": "%",
    "&": "&",
    "$": "$",
    "#": "#",
    "_": "_",
    "{": "{",
    "}": "}",
    "|": "‖",
    "\\": " ",
    "/": "",
    ",": " ",
    ";": " ",
    ":": " ",
    " ": " ",
    "!": "",
    "-": "",
    ">": " ",
}


def detex(text: str) -> str:
    """The text without TeX, on one line. Never raises; text that would lose a tenth of its letters is left as it is."""
    if not _HINT.search(text):
        return text
    if len(text) > _LONGEST:
        return detex(text[:_LONGEST]) + text[_LONGEST:]
    done = _BLANKS.sub(" ", "".join(_around_links(_LINK.sub(r"\2 (\1)", text)))).strip()
    prose = len(_LETTER.findall(_COMMAND.sub("", _URL.sub("", text))))
    if len(_LETTER.findall(done)) < 0.9 * prose:
        return _BLANKS.sub(" ", text).strip()
    return unicodedata.normalize("NFC", done)


def _around_links(text: str) -> list[str]:
    """The pieces between addresses converted, the addresses as they are (their own escapes undone), each once."""
    out = []
    start = 0
    for found in _URL.finditer(text):
        if found.start() < start:
            continue
        out.append(_Reader(text[start : found.start()]).read())
        out.append(re.sub(r"\\([_%#&~])", r"\1", found[1]))
        start = found.end()
        again = _REPEATED_URL.match(text, start)
        if again and (again[0] != "}" or found[0][0] == "\\" or found[0].startswith("url{")):
            inside = again[0].strip("{} \\")
            if not inside or inside.startswith(("http", "url", "URL")) or "." in inside or "/" in inside:
                start = again.end()
    out.append(_Reader(text[start:]).read())
    return out


class _Reader:
    """One pass over a string; braces nest, and what does not parse stands for itself."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text
        self.at = 0
        self.depth = depth

    def read(self, *, math: bool = False, until: str = "") -> str:
        out: list[str] = []
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char == until:
                break
            self.at += 1
            handler = self._special.get(char)
            if handler is not None:
                out.append(handler(self, math, out))
            elif char.isalpha() and not math:
                self.at -= 1
                out.append(self._word())
            else:
                out.append(char)
        return "".join(out)

    def _word(self) -> str:
        """Letters of prose; a command that lost its backslash is one only before a brace."""
        start = self.at
        while self.at < len(self.text) and self.text[self.at].isalpha():
            self.at += 1
        word = self.text[start : self.at]
        if word in DRESS and self._next() == "{":
            return self._argument(math=word.startswith("math"))
        before = self.text[start - 1] if start else ""
        if word == "times" and (
            before.isdigit()
            or (
                before == " "
                and self.text[start - 2 : start - 1].isdigit()
                and self.text[self.at : self.at + 1] not in {" "}
            )
        ):
            return "×"
        return word

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _backslash(self, math: bool, out: list[str]) -> str:
        name = _NAME.match(self.text, self.at)
        if name is None:
            return self._escape(math)
        word = name[0]
        self.at = name.end()
        if self._next() == "*":
            self.at += 1
        if len(word) == 1 and word in ACCENTS and self._next() in {"{", " "}:
            return self._accent(ACCENTS[word], math=math)
        if word in ACCENTS and len(word) > 1:
            return self._accent(ACCENTS[word], math=True)
        special = self._commands.get(word)
        if special is not None:
            return special(self)
        if word in SYMBOLS:
            self._swallow_blank(word, math=math)
            return SYMBOLS[word]
        if word in SILENT:
            return " " if word in {"quad", "qquad", "par", "newline", "hspace", "vspace"} else ""
        if word in DRESS:
            return self._argument(math=math) if self._next() == "{" else ""
        if self._next() == "{":  # a macro of the authors': its name may be the method's name
            inside = self._argument(math=math)
            return f"{word} {inside}" if inside.strip() else word
        return word

    def _swallow_blank(self, word: str, *, math: bool) -> None:
        """`\\o stergaard` is one word; `$\\alpha x$` reads better with its blank."""
        if self.text.startswith("{}", self.at):
            self.at += 2
        elif not math and len(word) <= 2 and word.isalpha() and SYMBOLS[word].isalpha() and self._next() == " ":
            self.at += 1

    def _escape(self, math: bool) -> str:
        char = self._next()
        if not char:
            return ""
        self.at += 1
        if char in "([":
            return self._formula(f"\\{')' if char == '(' else ']'}")
        if char in ACCENTS and not math:
            return self._accent(ACCENTS[char], math=False)
        return _ESCAPED.get(char, char if char not in ")]" else "")

    def _accent(self, mark: str, *, math: bool) -> str:
        base = self._argument(math=math) or " "
        base = {"ı": "i", "ȷ": "j"}.get(base[0], base[0]) + base[1:]
        if len(base) > 1 and mark in {"\u0302", "\u0303", "\u0304", "\u0305", "\u20d7"} and math:
            return base  # a hat over a whole word has no character
        return unicodedata.normalize("NFC", base[0] + mark) + base[1:] if base[0].isalpha() else base

    def _argument(self, *, math: bool) -> str:
        """The next group, command or character."""
        while self._next() == " ":
            self.at += 1
        char = self._next()
        if char in "}$":  # also at the end
            return ""
        self.at += 1
        if char == "{":
            return self._group(math)[0]
        if char == "\\" and self.depth < _DEEPEST:
            self.depth += 1
            found = self._backslash(math, [])
            self.depth -= 1
            return found
        return char

    def _group(self, math: bool) -> tuple[str, bool]:
        """(what stands up to the closing brace, whether there is one). The opening one is read."""
        if self.depth >= _DEEPEST:
            return "", True
        self.depth += 1
        inside = self.read(math=math, until="}")
        closed = self._next() == "}"
        self.at += closed
        self.depth -= 1
        return inside, closed

    def _brace(self, math: bool, out: list[str]) -> str:
        start = self.at
        inside, closed = self._group(math)
        if not math and closed and self.text[start : self.at - 1] in BARE:
            return BARE[self.text[start : self.at - 1]]
        if not math and (not closed or "," in inside or ":" in inside):
            return f"{{{inside}{'}' * closed}"
        return inside

    def _stray(self, math: bool, out: list[str]) -> str:
        return "" if math else "}"

    def _dollar(self, math: bool, out: list[str]) -> str:
        if math:
            return "$"
        if self._next() == "$":
            end = self.text.find("$$", self.at + 1)
            if end > 0:
                self.at += 1
                return self._formula("$$")
            return ""
        end = self.text.find("$", self.at)
        while end > 0 and self.text[end - 1] == "\\":
            end = self.text.find("$", end + 1)
        inside = self.text[self.at : end] if end > 0 else ""
        tight = inside and not inside[0].isspace() and not inside[-1].isspace()
        after = self.text[end + 1 : end + 2]
        if inside and ((tight and not after.isdigit()) or any(c in inside for c in "\\^_")) and len(inside) < 400:
            return self._formula("$")
        following = _NAME.match(self.text, self.at)
        return "" if end < 0 and following and (following[0] in DRESS or following[0] in SYMBOLS) else "$"

    def _formula(self, closing: str) -> str:
        end = self.text.find(closing, self.at)
        while end > 0 and closing == "$" and self.text[end - 1] == "\\":
            end = self.text.find(closing, end + 1)
        if end < 0:
            return ""
        inner = _Reader(self.text[self.at : end], self.depth + 1)
        self.at = end + len(closing)
        if self.depth >= _DEEPEST:
            return inner.text
        return _BLANKS.sub(" ", inner.read(math=True)).strip()

    def _raised(self, table: dict[str, str], sign: str, math: bool, out: list[str]) -> str:
        before = out[-1][-1:] if out and out[-1] else ""
        following = self._next()
        if not math and (not (before.isalnum() or before in ")]}|") or not (following == "{" or sign == "^")):
            return sign
        if not following or following.isspace():
            return sign
        if not math and following.isalpha():
            name = _NAME.match(self.text, self.at)
            word = name[0] if name else following
            if word in SYMBOLS and len(word) > 1:
                self.at += len(word)
                inside = SYMBOLS[word]
            elif len(word) > 2:
                return sign
            else:
                inside = self._digits_or_one()
        else:
            inside = (self._argument(math=True) if math or following in "{\\" else self._digits_or_one()).strip()
        if not math:
            inside = _BARE_TIMES.sub("×", inside)
        return _shifted(inside, table, sign)

    def _digits_or_one(self) -> str:
        found = _COUNT.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found[0]

    def _tilde(self, math: bool, out: list[str]) -> str:
        if math:
            return " "
        before = out[-1][-1:] if out and out[-1] else ""
        return " " if before and not before.isspace() and self._next().isalpha() else "~"

    def _backtick(self, math: bool, out: list[str]) -> str:
        if self._next() == "`":
            self.at += 1
            return "“"
        quoted = _QUOTED.match(self.text, self.at)
        if quoted is None or self.depth >= _DEEPEST:
            return "`"
        self.at = quoted.end()
        return f"\u2018{_Reader(quoted[1], self.depth + 1).read()}\u2019"

    def _quote(self, math: bool, out: list[str]) -> str:
        if math:
            return "′"
        if self._next() == "'":
            self.at += 1
            return "”"
        return "'"

    def _dash(self, math: bool, out: list[str]) -> str:
        before = out[-1][-1:] if out and out[-1] else ""
        if math or self._next() != "-" or (before.isspace() and self.text[self.at + 1 : self.at + 2].isalpha()):
            return "-"
        self.at += 1
        if self._next() == "-":
            self.at += 1
            return "—"
        return "–"

    def _fraction(self) -> str:
        over, under = (_wrapped(self._argument(math=True)) for _ in range(2))
        return f"{over}/{under}"

    def _root(self) -> str:
        if self._next() == "[":
            self.at = max(self.at, self.text.find("]", self.at) + 1)
        return "√" + _wrapped(self._argument(math=True))

    def _double(self) -> str:
        inside = self._argument(math=True)
        return "".join(DOUBLE.get(char, char) for char in inside)

    def _link(self) -> str:
        target = self._argument(math=False)
        shown = self._argument(math=False) if self._next() == "{" else ""
        return f"{shown} ({target})" if shown else target

    def _high(self) -> str:
        return _shifted(self._argument(math=False), SUPER, "^")

    def _low(self) -> str:
        return _shifted(self._argument(math=False), SUB, "_")

    def _environment(self) -> str:
        self._argument(math=False)
        return " "

    _special: dict[str, Callable[[_Reader, bool, list[str]], str]] = {  # noqa: RUF012 - filled below
    }
    _commands: dict[str, Callable[[_Reader], str]] = {}  # noqa: RUF012 - filled below


def _shifted(inside: str, table: dict[str, str], sign: str) -> str:
    if inside and all(char in table for char in inside):
        return "".join(table[char] for char in inside)
    return f"{sign}{inside}" if len(inside) <= 1 else f"{sign}({inside})"


def _wrapped(inside: str) -> str:
    inside = inside.strip()
    return inside if len(inside) <= 1 or inside.isalnum() else f"({inside})"


_Reader._special |= {  # noqa: SLF001 - the table of the class above
    "\\": _Reader._backslash,  # noqa: SLF001
    "{": _Reader._brace,  # noqa: SLF001
    "}": _Reader._stray,  # noqa: SLF001
    "$": _Reader._dollar,  # noqa: SLF001
    "^": lambda reader, math, out: reader._raised(SUPER, "^", math, out),  # noqa: SLF001
    "_": lambda reader, math, out: reader._raised(SUB, "_", math, out),  # noqa: SLF001
    "~": _Reader._tilde,  # noqa: SLF001
    "`": _Reader._backtick,  # noqa: SLF001
    "'": _Reader._quote,  # noqa: SLF001
    "-": _Reader._dash,  # noqa: SLF001
}
_Reader._commands |= {  # noqa: SLF001
    "frac": _Reader._fraction,  # noqa: SLF001
    "tfrac": _Reader._fraction,  # noqa: SLF001
    "dfrac": _Reader._fraction,  # noqa: SLF001
    "sqrt": _Reader._root,  # noqa: SLF001
    "mathbb": _Reader._double,  # noqa: SLF001
    "mathds": _Reader._double,  # noqa: SLF001
    "href": _Reader._link,  # noqa: SLF001
    "textsuperscript": _Reader._high,  # noqa: SLF001
    "textsubscript": _Reader._low,  # noqa: SLF001
    "begin": _Reader._environment,  # noqa: SLF001
    "end": _Reader._environment,  # noqa: SLF001
}
