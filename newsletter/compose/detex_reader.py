"""One pass over a string with TeX in it: braces nest, and what does not parse stands for itself."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from newsletter.compose.detex_tables import (
    ACCENTS,
    BARE,
    DOUBLE,
    DRESS,
    ESCAPED,
    OPERATORS,
    SILENT,
    SUB,
    SUPER,
    SYMBOLS,
)
from newsletter.compose.detex_words import shifted, spaced, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = re.compile(r"[a-zA-Z]+")
_QUOTED = re.compile(r"([^`']{1,60})'(?![a-zA-Z'])")
_COUNT = re.compile(r"[-+]?\d+|.", re.DOTALL)
_BARE_TIMES = re.compile(r"(?<=\w )times(?= \w)")
_PLACEHOLDER = re.compile(r"\{[A-Za-z_][\w.]+\}(?![$^_{])")  # `${token}` of a shell or a template
_BLANKS = re.compile(r"\s+")
_DEEPEST = 30


class Reader:
    """One pass over a string; braces nest, and what does not parse stands for itself."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self.before = ""  # the character before the one that is handled

    def read(self, *, math: bool = False, until: str = "") -> str:
        out: list[str] = []
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char == until:
                break
            self.at += 1
            handler = _SPECIAL.get(char)
            if handler is not None:
                self.before = out[-1][-1:] if out else ""
                out.append(handler(self, math))
            elif char.isalpha() and not math:
                self.at -= 1
                out.append(self.word())
            else:
                out.append(char)
        return "".join(out)

    def word(self) -> str:
        """Letters of prose; a command that lost its backslash is one only before a brace."""
        start = self.at
        while self.at < len(self.text) and self.text[self.at].isalpha():
            self.at += 1
        word = self.text[start : self.at]
        if word in DRESS and self.next() == "{":
            return self.argument(math=word.startswith("math"))
        before = self.text[start - 1] if start else ""
        if word == "times" and (
            before.isdigit()
            or (
                before == " " and self.text[start - 2 : start - 1].isdigit() and self.text[self.at : self.at + 1] != " "
            )
        ):
            return "×"
        return word

    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def backslash(self, math: bool) -> str:
        name = _NAME.match(self.text, self.at)
        if name is None:
            return self.escape(math)
        word = name[0]
        self.at = name.end()
        if self.next() == "*":
            self.at += 1
        if len(word) == 1 and word in ACCENTS and self.next() in {"{", " "}:
            return self.accent(ACCENTS[word], math=math)
        if word in ACCENTS and len(word) > 1:
            return self.accent(ACCENTS[word], math=True)
        if word in OPERATORS:
            return spaced(word, self.before, self.next())
        special = _COMMANDS.get(word)
        return special(self) if special is not None else self.named(word, math=math)

    def named(self, word: str, *, math: bool) -> str:
        """A command without rules of its own."""
        if word in SYMBOLS:
            self.swallow_blank(word, math=math)
            return SYMBOLS[word]
        if word in SILENT:
            return " " if word in {"quad", "qquad", "par", "newline", "hspace", "vspace"} else ""
        if word in DRESS:
            return self.argument(math=math) if self.next() == "{" else ""
        if self.next() == "{":  # a macro of the authors': its name may be the method's name
            inside = self.argument(math=math)
            return f"{word} {inside}" if inside.strip() else word
        return word

    def swallow_blank(self, word: str, *, math: bool) -> None:
        r"""`\\o stergaard` is one word; `$\\alpha x$` reads better with its blank."""
        if self.text.startswith("{}", self.at):
            self.at += 2
        elif not math and len(word) <= 2 and word.isalpha() and SYMBOLS[word].isalpha() and self.next() == " ":
            self.at += 1

    def escape(self, math: bool) -> str:
        char = self.next()
        if not char:
            return ""
        self.at += 1
        if char in "([":
            return self.formula(f"\\{')' if char == '(' else ']'}")
        if char in ACCENTS and not math:
            return self.accent(ACCENTS[char], math=False)
        return ESCAPED.get(char, char if char not in ")]" else "")

    def accent(self, mark: str, *, math: bool) -> str:
        base = self.argument(math=math) or " "
        base = {"ı": "i", "ȷ": "j"}.get(base[0], base[0]) + base[1:]
        if len(base) > 1 and mark in {"\u0302", "\u0303", "\u0304", "\u0305", "\u20d7"} and math:
            return base  # a hat over a whole word has no character
        return unicodedata.normalize("NFC", base[0] + mark) + base[1:] if base[0].isalpha() else base

    def argument(self, *, math: bool) -> str:
        """The next group, command or character."""
        while self.next() == " ":
            self.at += 1
        char = self.next()
        if char in "}$":  # also at the end
            return ""
        self.at += 1
        if char == "{":
            return self.group(math)[0]
        if char == "\\" and self.depth < _DEEPEST:
            self.depth += 1
            found = self.backslash(math)
            self.depth -= 1
            return found
        return char

    def group(self, math: bool) -> tuple[str, bool]:
        """(what stands up to the closing brace, whether there is one). The opening one is read."""
        if self.depth >= _DEEPEST:
            return "", True
        self.depth += 1
        inside = self.read(math=math, until="}")
        closed = self.next() == "}"
        self.at += closed
        self.depth -= 1
        return inside, closed

    def brace(self, math: bool) -> str:
        start = self.at
        inside, closed = self.group(math)
        if not math and closed and self.text[start : self.at - 1] in BARE:
            return BARE[self.text[start : self.at - 1]]
        if not math and (not closed or "," in inside or ":" in inside or self.literal(start, inside)):
            return f"{{{inside}{'}' * closed}"
        return inside

    def literal(self, start: int, inside: str) -> bool:
        """`{{ name }}` and `{% tag %}` are words about templates, no TeX."""
        return self.text[start : start + 1] in {" ", "%", "#"} or inside.startswith("{")

    def stray(self, math: bool) -> str:
        return "" if math else "}"

    def dollar(self, math: bool) -> str:
        if math:
            return "$"
        if self.next() == "$":
            end = self.text.find("$$", self.at + 1)
            if end > 0:
                self.at += 1
                return self.formula("$$")
            return ""
        if placeholder := _PLACEHOLDER.match(self.text, self.at):
            self.at = placeholder.end()
            return f"${placeholder[0]}"
        end = self.text.find("$", self.at)
        while end > 0 and self.text[end - 1] == "\\":
            end = self.text.find("$", end + 1)
        inside = self.text[self.at : end] if end > 0 else ""
        tight = inside and not inside[0].isspace() and not inside[-1].isspace()
        after = self.text[end + 1 : end + 2]
        if inside and ((tight and not after.isdigit()) or any(c in inside for c in "\\^_")) and len(inside) < 400:
            return self.formula("$")
        following = _NAME.match(self.text, self.at)
        return "" if end < 0 and following and (following[0] in DRESS or following[0] in SYMBOLS) else "$"

    def formula(self, closing: str) -> str:
        end = self.text.find(closing, self.at)
        while end > 0 and closing == "$" and self.text[end - 1] == "\\":
            end = self.text.find(closing, end + 1)
        if end < 0:
            return ""
        inner = Reader(self.text[self.at : end], self.depth + 1)
        self.at = end + len(closing)
        if self.depth >= _DEEPEST:
            return inner.text
        return _BLANKS.sub(" ", inner.read(math=True)).strip()

    def raised(self, table: dict[str, str], sign: str, *, math: bool) -> str:
        before = self.before
        following = self.next()
        if not math and (not (before.isalnum() or before in ")]}|") or not (following == "{" or sign == "^")):
            return sign
        if not following or following.isspace() or not (math or following.isalnum() or following in "{\\+-*"):
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
                inside = self.digits_or_one()
        else:
            inside = (self.argument(math=True) if math or following in "{\\" else self.digits_or_one()).strip()
        if not math:
            inside = _BARE_TIMES.sub("×", inside)
        return shifted(inside, table, sign)

    def digits_or_one(self) -> str:
        found = _COUNT.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found[0]

    def tilde(self, math: bool) -> str:
        if math:
            return " "
        before = self.before
        tied = self.next().isalpha() or (self.next() == "(" and before.isalpha())
        return " " if before and not before.isspace() and tied else "~"

    def backtick(self, math: bool) -> str:
        if self.next() == "`":
            self.at += 1
            return "“"
        quoted = _QUOTED.match(self.text, self.at)
        if math or quoted is None or self.depth >= _DEEPEST:
            return "`"
        self.at = quoted.end()
        return f"\u2018{Reader(quoted[1], self.depth + 1).read()}\u2019"

    def quote(self, math: bool) -> str:
        if math:
            return "′"
        if self.next() == "'":
            self.at += 1
            return "”"
        return "'"

    def dash(self, math: bool) -> str:
        before = self.before
        if math or self.next() != "-" or (before.isspace() and self.text[self.at + 1 : self.at + 2].isalpha()):
            return "-"
        self.at += 1
        if self.next() == "-":
            self.at += 1
            return "—"
        return "–"

    def fraction(self) -> str:
        over, under = (wrapped(self.argument(math=True)) for _ in range(2))
        return f"{over}/{under}"

    def root(self) -> str:
        if self.next() == "[":
            self.at = max(self.at, self.text.find("]", self.at) + 1)
        return "√" + wrapped(self.argument(math=True))

    def double(self) -> str:
        inside = self.argument(math=True)
        return "".join(DOUBLE.get(char, char) for char in inside)

    def link(self) -> str:
        target = self.argument(math=False)
        shown = self.argument(math=False) if self.next() == "{" else ""
        return f"{shown} ({target})" if shown else target

    def environment(self) -> str:
        self.argument(math=False)
        return " "


_SPECIAL: dict[str, Callable[[Reader, bool], str]] = {
    "\\": Reader.backslash,
    "{": Reader.brace,
    "}": Reader.stray,
    "$": Reader.dollar,
    "^": lambda reader, math: reader.raised(SUPER, "^", math=math),
    "_": lambda reader, math: reader.raised(SUB, "_", math=math),
    "~": Reader.tilde,
    "`": Reader.backtick,
    "'": Reader.quote,
    "-": Reader.dash,
}
_COMMANDS: dict[str, Callable[[Reader], str]] = {
    "frac": Reader.fraction,
    "tfrac": Reader.fraction,
    "dfrac": Reader.fraction,
    "sqrt": Reader.root,
    "mathbb": Reader.double,
    "mathds": Reader.double,
    "href": Reader.link,
    "textsuperscript": lambda reader: shifted(reader.argument(math=False), SUPER, "^"),
    "textsubscript": lambda reader: shifted(reader.argument(math=False), SUB, "_"),
    "begin": Reader.environment,
    "end": Reader.environment,
}
