"""The two old forms of a bibliography, BibTeX and RIS, as fields by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTRY = re.compile(r"@\s*([A-Za-z]+)\s*([{(])")
_NEXT = re.compile(r"^@\s*[A-Za-z]+\s*[{(]", re.MULTILINE)
_FIELD = re.compile(r"\s*,?\s*([A-Za-z][\w:+-]*)\s*=\s*")
_NO_ENTRY = {"comment", "preamble", "string"}
_RIS = re.compile(r"^([A-Z][A-Z0-9]) {1,2}-(?: (.*))?$")
_RIS_NAMES = {
    "TI": "title",
    "T1": "title",
    "CT": "title",
    "AB": "abstract",
    "N2": "abstract",
    "DO": "doi",
    "UR": "url",
    "L1": "url",
    "L2": "url",
    "M3": "note",
    "N1": "note",
    "C1": "note",
    "AN": "note",
    "PY": "year",
    "Y1": "year",
    "DA": "date",
}
_ACCENT = re.compile(r"\\[`'^\"~=.Hckruvbdt]\s*\{?\s*\\?([A-Za-z])\s*\}?")
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?\s*")
LONGEST = 200_000  # characters of one entry


def strip_tex(text: str) -> str:
    """A field as plain words: braces, commands and accents of TeX are gone, their letters stay."""
    if "\\" not in text and "{" not in text:
        return text
    text = _ACCENT.sub(r"\1", text)
    return _COMMAND.sub(" ", text).replace("{", "").replace("}", "").replace("\\", "").replace("~", " ")


def bibtex(text: str) -> Iterator[dict[str, str]]:
    """Each entry's fields by lower-case name. What is broken ends with its entry, not with the file."""
    place = 0
    while (opening := _ENTRY.search(text, place)) is not None:
        place = opening.end()
        if opening[1].lower() in _NO_ENTRY:
            continue
        comma = text.find(",", place)
        following = _NEXT.search(text, place)  # a brace that is never closed costs its entry, not the others
        end = min(len(text), place + LONGEST, following.start() if following else len(text))
        if comma == -1 or comma >= end:
            yield {}
            continue
        fields, place = _fields(text, comma, end)
        yield fields


def _fields(text: str, place: int, end: int) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    while (name := _FIELD.match(text, place, end)) is not None:
        value, place = _value(text, name.end(), end)
        fields.setdefault(name[1].lower(), value)
    return fields, min(place, end)


def _value(text: str, place: int, end: int) -> tuple[str, int]:
    """A value of braces, quotes or a bare word, parts joined by #; and where it ends."""
    parts: list[str] = []
    while place < end:
        if text[place] == "{":
            stop = _closing(text, place, end)
            parts.append(text[place + 1 : stop])
            place = stop + 1
        elif text[place] == '"':
            stop = _quote(text, place + 1, end)
            parts.append(text[place + 1 : stop])
            place = stop + 1
        else:
            word = re.compile(r"[^\s,{}()\"#]+").match(text, place, end)
            if word is None:
                break
            parts.append(word[0])
            place = word.end()
        joined = re.compile(r"\s*#\s*").match(text, place, end)
        if joined is None:
            break
        place = joined.end()
    return "".join(parts), max(place, 0)


def _closing(text: str, place: int, end: int) -> int:
    """Where the brace that opens at `place` closes; the end when it does not."""
    depth = 0
    for at in range(place, end):
        if text[at] in "{}" and (at == 0 or text[at - 1] != "\\"):
            depth += 1 if text[at] == "{" else -1
            if depth == 0:
                return at
    return end


def _quote(text: str, place: int, end: int) -> int:
    depth = 0
    for at in range(place, end):
        if text[at] in "{}":
            depth += 1 if text[at] == "{" else -1
        elif text[at] == '"' and depth <= 0:
            return at
    return end


def ris(text: str) -> Iterator[dict[str, str]]:
    """Each record's fields; a line without a tag goes on with the one before."""
    fields: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        tagged = _RIS.match(line.rstrip())
        if tagged is None:
            if last and line.strip():
                fields[last] = f"{fields[last]} {line.strip()}"[:LONGEST]
            continue
        tag, value = tagged[1], (tagged[2] or "").strip()
        if tag in {"TY", "ER"}:
            if fields:
                yield fields
            fields, last = {}, ""
        elif tag in {"AU", "A1"}:
            fields["author"] = f"{fields['author']};{value}" if fields.get("author") else value
            last = "author"
        elif (name := _RIS_NAMES.get(tag)) is not None:
            both = name in {"url", "note"} and fields.get(name)
            fields[name] = f"{fields[name]} {value}" if both else fields.get(name) or value
            last = name
        else:
            last = ""
    if fields:
        yield fields
