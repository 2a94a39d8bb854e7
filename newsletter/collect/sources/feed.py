"""Any RSS or Atom feed: what it holds now, each entry on its own day."""

from __future__ import annotations

import calendar
import html
import io
import json
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import feedparser

from newsletter.collect import clean, ids, items
from newsletter.collect.answers import Failed, NotModified, unheard
from newsletter.collect.xmldoc import looks_like_html
from newsletter.model.paper import Found, Harvest, Paper, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.collect.http import Http
    from newsletter.model.paper import Ask, HarvestState

FEED_LIMIT = 8 * 2**20  # bytes; the parser needs about ten times as much memory
ENTRIES = 2_000
# Read whole all the same: the label on it was wrong.
MISLABELLED = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)

_TAG = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|<[a-zA-Z/!?][^<>]*>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY|<!DOCTYPE[^>\[]{0,500}\[", re.IGNORECASE)


class Feed:
    """One feed. `daily` is False: it gives what it has."""

    daily = False

    def __init__(self, http: Http, *, name: str, url: str, pace: float | None) -> None:
        self.name = name
        self._http, self._url, self._pace = http, url, pace

    def probe(self) -> Problem | None:
        answer = self._http.session(self._url, pace=self._pace).get(self._url, tries=1)
        return unheard(self.name, answer)

    def fetch(self, ask: Ask) -> Harvest:
        held = ask.memory
        answer = self._http.session(self._url, pace=self._pace).get(
            self._url,
            etag=held.get("etag", ""),
            last_modified=held.get("last_modified", ""),
            accept="application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5",
        )
        today = ask.asof.date()
        if isinstance(answer, NotModified):
            return Harvest(
                self.name, "unchanged", (), (today,), (), held, f"{self.name} has had nothing new since the last look"
            )
        if isinstance(answer, Failed):
            problem = Problem(self.name, answer.reason, answer.cure)
            return Harvest(self.name, "failed", (), (), (problem,), held, f"{self.name}: {answer.reason}")
        tally = items.Tally()
        try:
            found, broken = parse(answer.body, answer.headers, today, self.name, tally)
        except ValueError as error:
            problem = Problem(
                self.name, str(error), "Check the address in config.toml: it must be an RSS or Atom feed."
            )
            return Harvest(self.name, "failed", (), (), (problem,), held, f"{self.name}: {error}")
        memory = {} if broken else {"etag": answer.etag, "last_modified": answer.last_modified}
        state: HarvestState = "partial" if broken else "ok" if found else "empty"
        note = f"{len(found)} {'entry' if len(found) == 1 else 'entries'} in the feed {self.name}"
        return Harvest(self.name, state, found, (today,), tally.problems(self.name), memory, note)


def parse(
    body: bytes, headers: Mapping[str, str], today: date, where: str, tally: items.Tally
) -> tuple[tuple[Found, ...], bool]:
    """(entries, whether the document was broken). Raises ValueError when it is no feed, or too dangerous to read."""
    if not body.strip():
        raise ValueError("the answer is empty")
    if len(body) > FEED_LIMIT:
        raise ValueError(f"the feed is larger than {FEED_LIMIT:,} bytes")
    if _ENTITY.search(body.replace(b"\x00", b"")):
        raise ValueError("it declares XML entities, which is refused: they can be bombs")
    kept = {name: headers[name] for name in ("content-type", "content-location") if name in headers}
    try:
        document = feedparser.parse(
            io.BytesIO(body), response_headers=kept, sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, OverflowError) as error:
        # feedparser promises not to raise, and on hostile input sometimes does
        raise ValueError(f"the feed cannot be read: {type(error).__name__}") from error
    entries = document.get("entries") or []
    if not entries and not document.get("version"):
        raise ValueError("it is an HTML page, not a feed" if looks_like_html(body) else "it is not a feed")
    found: dict[str, Found] = {}
    for place, entry in enumerate(entries[:ENTRIES], start=1):
        got = _item(entry, today)
        if isinstance(got, str):
            tally.add(f"{where} entry {place}", got, "The entry was left out.")
        else:
            found.setdefault(got.paper.id, got)
    if len(entries) > ENTRIES:
        tally.add(where, f"the feed has {len(entries)} entries; the first {ENTRIES} were read")
    broken = bool(document.get("bozo")) and not isinstance(document.get("bozo_exception"), MISLABELLED)
    if broken:
        tally.add(
            where,
            f"the feed is not well-formed: {clean.text(str(document.get('bozo_exception')), 200)}",
            "What could be read was kept.",
        )
    return tuple(found.values()), broken


def plain(value: object, limit: int = clean.ABSTRACT) -> str:
    """HTML as one clean line: tags, scripts and comments go, character references are read."""
    if not isinstance(value, str):
        return ""
    bare = _TAG.sub(" ", value[: limit * 20])
    return clean.text(html.unescape(bare), limit)


def _item(entry: Mapping[str, Any], today: date) -> Found | str:
    title = _told(entry, "title", clean.TITLE)
    if not title:
        return "it has no title"
    url = clean.link(entry.get("link")) or clean.link(entry.get("id"))
    places = [entry.get(key) for key in ("id", "link", "arxiv_id", "prism_doi", "dc_identifier", "doi")]
    number, version = ids.first_arxiv_id(places)
    doi_name = next((found for place in places if (found := ids.doi(place))), "")
    if not (url or number or doi_name):
        return "it has no link"
    abstract = _abstract(entry)
    when = _day(entry)
    return Found(
        paper=Paper(
            id=ids.paper_id(number, doi_name, title, url),
            arxiv_id=number,
            doi=doi_name,
            version=version,
            title=title,
            abstract=abstract,
            authors=_authors(entry),
            published=when,
            categories=_categories(entry),
            url=f"https://arxiv.org/abs/{number}" if number else url or f"https://doi.org/{doi_name}",
            pdf_url=f"https://arxiv.org/pdf/{number}" if number else _pdf(entry),
            code_url=ids.code_in(abstract),
        ),
        day=min(when, today) if when else today,
        original=clean.original(json.dumps(entry, ensure_ascii=True, default=str)),
    )


def _abstract(entry: Mapping[str, Any]) -> str:
    contents = entry.get("content")
    parts = [part for part in contents[:5] if isinstance(part, dict)] if isinstance(contents, list) else []
    candidates = [
        _told(entry, "summary"),
        *(_told({"value": part.get("value"), "value_detail": part}) for part in parts),
    ]
    return max(candidates, key=len)


def _told(entry: Mapping[str, Any], name: str = "value", limit: int = clean.ABSTRACT) -> str:
    """Text as the feed means it: what it calls plain holds no markup, even if it looks like some."""
    kind = items.child(entry, f"{name}_detail").get("type")
    return clean.text(entry.get(name), limit) if kind == "text/plain" else plain(entry.get(name), limit)


def _authors(entry: Mapping[str, Any]) -> tuple[str, ...]:
    listed = entry.get("authors")
    names = [part.get("name") for part in listed if isinstance(part, dict)] if isinstance(listed, list) else []
    if len(names) <= 1 and isinstance(entry.get("author"), str):
        names = (
            re.split(r",|;|\band\b", entry["author"])
            if "," in entry["author"] or ";" in entry["author"]
            else [entry["author"]]
        )
    cleaned = (plain(name, clean.NAME) for name in names[: clean.NAMES])
    return tuple(dict.fromkeys(name for name in cleaned if name))


def _day(entry: Mapping[str, Any]) -> date | None:
    for key in ("published_parsed", "updated_parsed", "created_parsed"):
        try:
            if (parsed := entry.get(key)) is not None:
                return datetime.fromtimestamp(calendar.timegm(parsed), tz=UTC).date()
        except (ValueError, TypeError, OverflowError, OSError):
            continue
    return items.day_of(entry.get("published")) or items.day_of(entry.get("updated"))


def _categories(entry: Mapping[str, Any]) -> tuple[str, ...]:
    tags = entry.get("tags")
    terms = (
        [clean.text(tag.get("term"), 80) for tag in tags[:30] if isinstance(tag, dict)]
        if isinstance(tags, list)
        else []
    )
    return tuple(dict.fromkeys(term for term in terms if term))


def _pdf(entry: Mapping[str, Any]) -> str:
    links = entry.get("links")
    for part in links[:50] if isinstance(links, list) else ():
        if isinstance(part, dict) and part.get("type") == "application/pdf":
            return clean.link(part.get("href"))
    return ""
