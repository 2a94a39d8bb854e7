"""What a reader brings of her own: BibTeX, RIS, Zotero's exports, CSL, OPML, or a list of ids become papers' names."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from newsletter.subscribe.bibliography import bibtex, ris, strip_tex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LARGEST = 64 * 1024**2  # bytes of a file
MOST = 20_000  # entries that are read
LONG = 20_000  # characters of a field
_ARXIV = re.compile(
    r"(?<![\d.])(?P<new>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})(?:v\d{1,3})?(?![\d.]\d|\d)"
    r"|(?<![\w-])(?P<old>[a-z]+(?:-[a-z]+)?)(?:\.[A-Z]{2})?/(?P<number>\d{2}(?:0[1-9]|1[0-2])\d{3})(?:v\d{1,3})?(?!\d)"
)
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s\"'<>|\\^`{},;]{1,200})", re.IGNORECASE)
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?:-(\d{1,2}))?(?:-(\d{1,2}))?(?!\d)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper as a file names it: whatever of this the file knew."""

    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    arxiv_id: str = ""
    doi: str = ""
    published: date | None = None


@dataclass(frozen=True, slots=True)
class Library:
    """A file's papers, each once. `skipped` counts entries without a title, an arXiv id or a DOI."""

    form: str  # "BibTeX", "RIS", "CSL JSON", "Zotero CSV", "Zotero RDF", "OPML", "list of ids"
    entries: tuple[Entry, ...]
    skipped: int = 0
    remark: str = ""


def read_library(data: bytes) -> Library:
    """Read a file of any of the forms, told by what is in it. Never raises: what cannot be read is said in `remark`."""
    if len(data) > LARGEST:
        return Library("too large", (), remark=f"The file is larger than {LARGEST // 1024**2} MB.")
    text = _decoded(data)
    head = text.lstrip()[:4000]
    if head.startswith(("[", "{")) and (found := _json(text)) is not None:
        return _gathered("CSL JSON", found)
    if head.startswith("<"):
        return _xml(text)
    if re.search(r"^TY {1,2}- ", text, re.MULTILINE):
        return _gathered("RIS", (entry(fields) for fields in ris(text)))
    if re.search(r"@[A-Za-z]+\s*[{(]", text):
        return _gathered("BibTeX", (entry(fields) for fields in bibtex(text)))
    if (columns := _header(head)) is not None:
        return _gathered("Zotero CSV", _csv(text, columns))
    return _gathered("list of ids", _names(text))


def entry(fields: Mapping[str, str]) -> Entry:
    """An entry from fields by lower-case name: BibTeX's, RIS's or Zotero's columns, all of which say it in words."""

    def first(*names: str) -> str:
        return next((value for name in names if (value := _tidy(fields.get(name, "")))), "")

    where = " ".join(
        fields.get(name, "") for name in ("eprint", "arxiv", "url", "archiveid", "note", "extra", "number")
    )
    doi = doi_in(first("doi")) or doi_in(where)
    return Entry(
        title=first("title", "booktitle"),
        abstract=first("abstract", "abstract note"),
        authors=_people(first("author", "authors", "editor")),
        arxiv_id=arxiv_in(f"{first('doi')} {where} {first('journal', 'publication title')}"),
        doi=doi,
        published=_day(first("date", "year", "publication year"), fields.get("month", "")),
    )


def arxiv_in(text: str) -> str:
    """The first arXiv id in a text, without version and subject class; empty when there is none."""
    found = _ARXIV.search(_ARXIV_DOI.sub(" ", text[:LONG]))
    if found is None:
        return ""
    return found["new"] or f"{found['old']}/{found['number']}"


def doi_in(text: str) -> str:
    """The first DOI in a text, in lower case; arXiv's own are arXiv ids and none here."""
    found = _DOI.search(text[:LONG])
    name = found[1].rstrip(".,;:)]").lower() if found else ""
    return "" if name.startswith("10.48550/") else name


def _gathered(form: str, found: Iterable[Entry | None]) -> Library:
    entries: dict[tuple[str, str, str], Entry] = {}
    skipped = 0
    for one in found:
        if one is None or not (one.arxiv_id or one.doi or len(one.title) > 3):
            skipped += 1
            continue
        key = (one.arxiv_id, one.doi, "" if one.arxiv_id or one.doi else one.title.casefold())
        if key in entries:
            continue
        if len(entries) >= MOST:
            return Library(form, tuple(entries.values()), skipped, f"Only the first {MOST} entries were read.")
        entries[key] = one
    return Library(form, tuple(entries.values()), skipped)


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _tidy(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in strip_tex(text[:LONG])).split())


def _people(text: str) -> tuple[str, ...]:
    """BibTeX joins names by `and`, RIS and Zotero by `;`."""
    names = re.split(r"\s+and\s+|;", text)
    return tuple(turned for name in names[:200] if (turned := _turned(name)))


def _turned(name: str) -> str:
    """`Doe, Jane` as `Jane Doe`."""
    family, comma, given = name.partition(",")
    return " ".join(f"{given} {family}".split()) if comma else " ".join(name.split())


def _day(text: str, month: str = "") -> date | None:
    found = _YEAR.search(text)
    if found is None:
        return None
    months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    named = next((place for place, name in enumerate(months, 1) if month.strip(' {}"').lower().startswith(name)), 1)
    try:
        return date(int(found[1]), int(found[2] or named), int(found[3] or 1))
    except ValueError:
        return date(int(found[1]), 1, 1)


def _json(text: str) -> list[Entry | None] | None:
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return None
    items = plain.get("items", [plain]) if isinstance(plain, dict) else plain
    if not isinstance(items, list):
        return [None]
    return [_csl(item.get("data", item)) if isinstance(item, dict) else _bare(item) for item in items[:MOST]]


def _bare(item: object) -> Entry | None:
    return _named(item) if isinstance(item, str) else None


def _csl(item: object) -> Entry | None:
    if not isinstance(item, dict):
        return None
    flat = {str(key).lower(): str(value) for key, value in item.items() if isinstance(value, str | int | float)}
    flat.setdefault("abstract", flat.get("abstractnote", ""))
    raw = item.get("author") or item.get("creators") or ()
    people = raw if isinstance(raw, list) else ()
    flat["author"] = ";".join(_person(one) for one in people if isinstance(one, dict))
    issued = item.get("issued")
    parts: Any = issued.get("date-parts") if isinstance(issued, dict) else None
    if isinstance(parts, list) and parts and isinstance(parts[0], list):
        flat["date"] = "-".join(str(part)[:4] for part in parts[0][:3])
    return entry(flat)


def _person(one: Mapping[str, Any]) -> str:
    family, given = one.get("family") or one.get("lastName"), one.get("given") or one.get("firstName")
    return f"{family}, {given}" if family and given else str(family or one.get("literal") or one.get("name") or "")


def _header(head: str) -> dict[str, int] | None:
    """The columns of a CSV of papers, or None."""
    try:
        first = next(csv.reader(io.StringIO(head)), [])
    except csv.Error:
        return None
    names = {name.strip().lower(): place for place, name in enumerate(first)}
    return names if len(names) > 1 and names.keys() & {"title", "doi", "url", "eprint", "arxiv", "arxiv_id"} else None


def _csv(text: str, columns: Mapping[str, int]) -> Iterator[Entry | None]:
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        next(rows, None)
        for row in rows:
            if row:
                fields = {name: row[place] for name, place in columns.items() if place < len(row)}
                fields.setdefault("arxiv", fields.get("arxiv_id", ""))
                yield entry(fields)
    except csv.Error:
        yield None


def _names(text: str) -> Iterator[Entry | None]:
    for line in text.splitlines()[: 10 * MOST]:
        if line.strip() and not line.lstrip().startswith("#"):
            for word in line.replace(",", " ").replace(";", " ").split():
                yield _named(word)


def _named(word: str) -> Entry | None:
    number, doi = arxiv_in(word), doi_in(word)
    return Entry(arxiv_id=number, doi="" if number else doi) if number or doi else None


def _xml(text: str) -> Library:
    """OPML and Zotero's RDF. A document type could expand without end: none is read, no form needs one."""
    if "<!DOCTYPE" in text[:10_000].upper() or "<!ENTITY" in text.upper():
        return Library("XML", (), remark="The file declares a document type or entities; such files are not read.")
    try:
        root = ET.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))  # noqa: S314 - declarations are refused above
    except (ET.ParseError, ValueError, RecursionError):
        return Library("XML", (), remark="The file is not well-formed XML.")
    if _local(root.tag) == "opml":
        return _gathered("OPML", _opml(root))
    return _gathered("Zotero RDF", (_rdf(item) for item in root if any(_local(part.tag) == "title" for part in item)))


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _opml(root: ET.Element) -> Iterator[Entry | None]:
    """Outlines that lead to a paper; a feed of many is no paper, and counts as skipped."""
    for outline in root.iter("outline"):
        where = " ".join(outline.get(name, "") for name in ("htmlUrl", "url", "xmlUrl", "text"))
        if outline.get("xmlUrl") or outline.get("htmlUrl") or outline.get("url"):
            number, doi = arxiv_in(where), doi_in(where)
            title = _tidy(outline.get("title") or outline.get("text") or "")
            yield Entry(title=title, arxiv_id=number, doi=doi) if number or doi else None


def _rdf(item: ET.Element) -> Entry:
    """An item of Zotero's RDF: Dublin Core, with people as foaf:Person."""
    fields = {"title": "", "abstract": "", "date": ""}
    people, rest = [], []
    for part in item.iter():
        name, text = _local(part.tag), (part.text or "").strip()
        if name in fields and text and not fields[name]:
            fields[name] = text
        elif name == "Person":
            said = {_local(one.tag): (one.text or "") for one in part}
            people.append(f"{said.get('surname', '')}, {said.get('givenName', said.get('givenname', ''))}")
        elif text:
            rest.append(text)
        rest += [str(value) for key, value in part.attrib.items() if _local(key) in {"about", "resource"}]
    return entry(fields | {"author": ";".join(people), "url": " ".join(rest), "doi": doi_in(" ".join(rest))})
