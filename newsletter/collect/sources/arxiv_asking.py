"""Asking arXiv: pages of the API until they end, and the announcement feed with its refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.collect.answers import Failed, Fetched, NotModified
from newsletter.collect.sources.arxiv_entries import Entry, ErrorEntry, Page, read_api, read_feed
from newsletter.collect.xmldoc import XmlError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.collect.http import Session
    from newsletter.collect.items import Tally

PAGE = 500  # the API allows 2,000; smaller slices answer before a proxy gives up
PAGES = 60  # 30,000 results is where the API itself stops
EMPTY = 3
FEED_CAP = 2_000
CHUNK = 200  # ids in one request: about 2.4 kB of URL


@dataclass(frozen=True, slots=True)
class Feed:
    """One batch. `fine` False: it is not there, or not whole; `unchanged`: 304, we have it."""

    entries: tuple[Entry, ...] = ()
    fine: bool = False
    unchanged: bool = False
    etag: str = ""
    last_modified: str = ""


class Asking:
    """One fetch's conversation with arXiv."""

    def __init__(self, session: Session, *, api: str, feed: str, tally: Tally, where: str) -> None:
        self._session, self._api, self._feed = session, api, feed
        self._tally, self._where = tally, where

    def search(self, query: str, what: str) -> tuple[list[Entry], bool]:
        """Everything that matches, and whether that is all: pages may be empty, short or repeated, totals may lie."""
        seen: dict[str, Entry] = {}
        start = empty = 0
        where = f"{self._where} {what}"
        for _ in range(PAGES):
            params = {"search_query": query, "sortBy": "submittedDate", "sortOrder": "ascending"}
            page = self._page({**params, "start": start, "max_results": PAGE}, where)
            if page is None:
                return list(seen.values()), False
            if page.size == 0:
                if page.total is not None and 0 < page.total <= start:
                    return list(seen.values()), True
                empty += 1
                if not page.total and empty > 1:
                    return list(seen.values()), True
                if empty > EMPTY:
                    self._tally.add(where, f"{start} of {page.total} papers came, then only empty pages", _AGAIN)
                    return list(seen.values()), False
                continue
            empty = 0
            fresh = [entry for entry in page.entries if entry.paper.id not in seen]
            if page.entries and not fresh:
                self._tally.add(where, f"the page at {start} repeats papers that came before", _AGAIN)
                return list(seen.values()), False
            seen.update((entry.paper.id, entry) for entry in fresh)
            start += page.size
            if page.broken:
                self._tally.add(where, page.broken, "What could be read was kept; the next run asks again.")
                return list(seen.values()), False
            if page.size < PAGE and (page.total is None or start >= page.total):
                return list(seen.values()), True
        self._tally.add(where, f"more than {PAGES} pages", _AGAIN)
        return list(seen.values()), False

    def details(self, numbers: Sequence[str]) -> dict[str, Entry]:
        """Full records by id. A failure costs only the details: it is noted once and the rest is left."""
        found: dict[str, Entry] = {}
        for place in range(0, len(numbers), CHUNK):
            chunk = numbers[place : place + CHUNK]
            page = self._page(
                {"id_list": ",".join(chunk), "start": 0, "max_results": len(chunk)}, f"{self._where} details"
            )
            if page is None:
                break
            found.update((entry.paper.id, entry) for entry in page.entries)
        return found

    def _page(self, params: Mapping[str, str | int], where: str) -> Page | None:
        answer = self._session.get(self._api, params, accept="application/atom+xml")
        if not isinstance(answer, Fetched):
            self._tally.add(where, getattr(answer, "reason", "it says unchanged"), getattr(answer, "cure", ""))
            return None
        try:
            return read_api(answer.body, where, self._tally)
        except ErrorEntry as error:
            self._tally.add(where, f"arXiv refuses the question: {error}", "Check the categories in config.toml.")
        except XmlError as error:
            self._tally.add(where, str(error), _AGAIN)
        return None

    def feed(self, categories: Sequence[str], *, etag: str = "", last_modified: str = "") -> Feed:
        """The newest batch of these categories; one by one when together they are refused or too many."""
        got = self._feed_page("+".join(categories), etag, last_modified, last=len(categories) == 1)
        if isinstance(got, Feed):
            return got
        parts = [self._feed_page(category, "", "", last=True) for category in categories]
        feeds = [part for part in parts if isinstance(part, Feed)]
        return Feed(tuple(entry for part in feeds for entry in part.entries), any(part.fine for part in feeds))

    def _feed_page(self, categories: str, etag: str, last_modified: str, *, last: bool) -> Feed | None:
        """None: ask the categories one by one."""
        where = f"{self._where} feed {categories}"
        answer = self._session.get(f"{self._feed}/{categories}", etag=etag, last_modified=last_modified)
        if isinstance(answer, NotModified):
            return Feed(fine=True, unchanged=True)
        if isinstance(answer, Failed):
            if answer.status == 400 and not last:
                return None
            cure = "Check this category in config.toml." if answer.status == 400 else answer.cure
            self._tally.add(where, answer.reason, cure)
            return Feed()
        try:
            page = read_feed(answer.body, where, self._tally)
        except ErrorEntry as error:
            if not last:
                return None
            self._tally.add(where, f"arXiv refuses it: {error}", "Check this category in config.toml.")
            return Feed()
        except XmlError as error:
            self._tally.add(where, str(error), _AGAIN)
            return Feed()
        if page.size >= FEED_CAP and not last:
            return None
        if page.broken:
            self._tally.add(where, page.broken, "What could be read was kept.")
        return Feed(page.entries, not page.broken, etag=answer.etag, last_modified=answer.last_modified)


_AGAIN = "The next run asks again."
