"""arXiv's two dialects of XML, the API's Atom and the announcement feed's RSS, as items of lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from newsletter.collect import clean, ids, items, xmldoc
from newsletter.collect.sources.arxiv_names import author_names
from newsletter.model.paper import Announced, Paper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

_DESCRIPTION = re.compile(r"^\s*arXiv:\S+\s+Announce Type:\s*(\S+)\s+(?:Abstract:\s*)?", re.IGNORECASE)
_KINDS: Mapping[str, Announced] = {"new": "new", "cross": "cross", "replace": "replace", "replace-cross": "replace"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper as arXiv gave it; `listed` is the feed's own batch day, `submitted` the first version's moment."""

    paper: Paper
    kind: Announced
    listed: date | None
    submitted: datetime | None
    original: str


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of either endpoint. `total` None: not said. `size` counts unreadable items too."""

    entries: tuple[Entry, ...]
    size: int
    total: int | None = None
    broken: str = ""


class ErrorEntry(Exception):  # noqa: N818 - it is what arXiv calls it
    """HTTP 200 with one entry named Error: the API's way to refuse."""


def read_api(body: bytes, where: str, tally: items.Tally) -> Page:
    """Raises XmlError for a document beyond repair and ErrorEntry for the API's own errors."""
    document = xmldoc.document(body, "entry")
    entries: list[Entry] = []
    for place, element in enumerate(document.items, start=1):
        name, title = xmldoc.text(element, "id"), clean.text(xmldoc.text(element, "title"), clean.TITLE)
        if "/api/errors" in name or (title == "Error" and ids.arxiv_id(name) is None):
            raise ErrorEntry(clean.text(xmldoc.text(element, "summary"), 300) or "no reason given")
        got = _api_entry(element, name, title)
        if isinstance(got, str):
            tally.add(f"{where} item {place}", got, "The item was left out.")
        else:
            entries.append(got)
    total = xmldoc.text(document.root, "totalResults").strip() if document.root is not None else ""
    number = int(total) if re.fullmatch(r"[0-9]{1,9}", total) else None
    return Page(tuple(entries), len(document.items) + document.lost, number, document.broken)


def _api_entry(element: ET.Element, name: str, title: str) -> Entry | str:
    number = ids.arxiv_id(name)
    if number is None:
        return "it has no arXiv id"
    if not title:
        return f"{number[0]} has no title"
    submitted = items.moment(xmldoc.text(element, "published").strip())
    comment = clean.text(xmldoc.text(element, "comment"), 1_000)
    abstract = clean.text(xmldoc.text(element, "summary"))
    names = [xmldoc.text(part, "name") for part in element if xmldoc.local(part) == "author"]
    paper = _paper(
        number,
        title=title,
        abstract=abstract,
        authors=tuple(n for raw in names[: clean.NAMES] if (n := clean.text(raw, clean.NAME))),
        published=submitted.date() if submitted else None,
        categories=_categories(element),
        comment=comment,
        journal=clean.text(xmldoc.text(element, "journal_ref"), 300),
        doi=ids.doi(xmldoc.text(element, "doi")),
        pdf=next((part.get("href", "") for part in element if part.get("title") == "pdf"), ""),
    )
    return Entry(paper, "new", None, submitted, _source_text(element))


def read_feed(body: bytes, where: str, tally: items.Tally) -> Page:
    """Raises XmlError for a document beyond repair, and ErrorEntry for the feed's own error page."""
    document = xmldoc.document(body, "item")
    parts = () if document.root is None else document.root
    channel = next((part for part in parts if xmldoc.local(part) == "channel"), None)
    if channel is not None and "error" in xmldoc.text(channel, "title").lower():
        raise ErrorEntry(clean.text(xmldoc.text(channel, "description", "title"), 300))
    if document.root is not None and xmldoc.local(document.root) not in {"rss", "RDF"}:
        raise xmldoc.XmlError(f"it is <{xmldoc.local(document.root)[:30]}>, not RSS")
    entries: list[Entry] = []
    for place, element in enumerate(document.items, start=1):
        got = _feed_entry(element)
        if isinstance(got, str):
            tally.add(f"{where} item {place}", got, "The item was left out.")
        else:
            entries.append(got)
    return Page(tuple(entries), len(document.items) + document.lost, None, document.broken)


def _feed_entry(element: ET.Element) -> Entry | str:
    number = ids.arxiv_id(xmldoc.text(element, "guid").strip().removeprefix("oai:arXiv.org:"))
    number = number or ids.arxiv_id(xmldoc.text(element, "link").strip())
    title = clean.text(xmldoc.text(element, "title"), clean.TITLE)
    if number is None:
        return "it has no arXiv id"
    if not title:
        return f"{number[0]} has no title"
    raw = xmldoc.text(element, "description")
    opening = _DESCRIPTION.match(raw)
    announced = xmldoc.text(element, "announce_type").strip() or (opening[1] if opening else "new")
    paper = _paper(
        number,
        title=title,
        abstract=clean.text(raw[opening.end() :] if opening else raw),
        authors=author_names(", ".join(xmldoc.texts(element, "creator"))),
        published=None,
        categories=_categories(element),
        comment="",
        journal=clean.text(xmldoc.text(element, "journal_reference"), 300),
        doi=ids.doi(xmldoc.text(element, "DOI")),
        licence=clean.link(xmldoc.text(element, "rights").strip()),
    )
    listed = items.day_written(xmldoc.text(element, "pubDate").strip())
    return Entry(paper, _KINDS.get(announced.lower(), "new"), listed, None, _source_text(element))


def _paper(
    number: tuple[str, int],
    *,
    title: str,
    abstract: str,
    authors: tuple[str, ...],
    published: date | None,
    categories: tuple[str, ...],
    comment: str,
    journal: str,
    doi: str,
    pdf: str = "",
    licence: str = "",
) -> Paper:
    name, version = number
    return Paper(
        id=name,
        arxiv_id=name,
        version=version,
        title=title,
        abstract=abstract,
        authors=authors,
        published=published,
        categories=categories,
        comment=comment,
        journal=journal,
        doi=doi,
        licence=licence,
        url=f"https://arxiv.org/abs/{name}",
        pdf_url=clean.link(pdf).replace("http://arxiv.org/", "https://arxiv.org/") or f"https://arxiv.org/pdf/{name}",
        code_url=ids.code_in(comment, abstract),
        withdrawn=ids.says_withdrawn(comment, abstract),
    )


def _categories(element: ET.Element) -> tuple[str, ...]:
    """Primary first: named as such by the API, simply the first in the feed."""
    found = [part.get("term") or "" for part in element if xmldoc.local(part) == "primary_category"]
    found.extend(part.get("term") or part.text or "" for part in element if xmldoc.local(part) == "category")
    names = (clean.text(raw, 50) for raw in found[:50])
    return tuple(dict.fromkeys(name for name in names if name))


def _source_text(element: ET.Element) -> str:
    return clean.original(ET.tostring(element, encoding="unicode"))
