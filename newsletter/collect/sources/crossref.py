"""Preprint servers that register with Crossref, by DOI prefix and posting day: ChemRxiv, PsyArXiv, SSRN and others.

https://www.crossref.org/documentation/retrieve-metadata/rest-api/: `works` with filters, page by page with a cursor.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from newsletter.collect import clean, ids, items, markup
from newsletter.collect.answers import Fetched, unheard
from newsletter.collect.sources.daily import by_day
from newsletter.model.paper import Found, Paper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.collect.http import Http, Session
    from newsletter.model.paper import Ask, Harvest, Problem

ROWS = 200
PAGES = 50  # 10,000 preprints of one server on one day


class Crossref:
    """`posted-content` of some DOI prefixes, such as `10.26434` for ChemRxiv."""

    daily = True

    def __init__(self, http: Http, *, name: str, url: str, prefixes: Sequence[str], pace: float | None) -> None:
        self.name, self._prefixes = name, tuple(prefixes)
        self._http, self._pace = http, pace
        self._base = (url or "https://api.crossref.org").rstrip("/")

    def probe(self) -> Problem | None:
        session = self._http.session(self._base, pace=self._pace)
        answer = session.get(f"{self._base}/works", {"rows": 0, "filter": "type:posted-content"}, tries=1)
        return unheard(self.name, answer)

    def fetch(self, ask: Ask) -> Harvest:
        session = self._http.session(self._base, pace=self._pace)
        tally = items.Tally()
        return by_day(self.name, ask, tally, lambda day: self._day(session, day, tally), "nothing was posted")

    def _day(self, session: Session, day: date, tally: items.Tally) -> tuple[list[Found], bool]:
        """Every prefix; whole only when each of them was."""
        found: dict[str, Found] = {}
        whole = True
        for prefix in self._prefixes:
            whole &= self._pages(session, day, prefix, found, tally)
        return list(found.values()), whole

    def _pages(self, session: Session, day: date, prefix: str, found: dict[str, Found], tally: items.Tally) -> bool:
        where = f"{self.name} {prefix} {day}"
        cursor = "*"
        wanted = f"prefix:{prefix},type:posted-content,from-posted-date:{day},until-posted-date:{day}"
        for _ in range(PAGES):
            answer = session.get(f"{self._base}/works", {"filter": wanted, "rows": ROWS, "cursor": cursor})
            if not isinstance(answer, Fetched):
                tally.add(where, getattr(answer, "reason", "it says unchanged"), getattr(answer, "cure", ""))
                return False
            try:
                got, size, cursor = parse(answer.body, day, where, tally)
            except ValueError as error:
                tally.add(where, str(error), "The next run asks again.")
                return False
            found |= {one.paper.id: one for one in got}
            if size < ROWS or not cursor:
                return True
        tally.add(where, f"more than {PAGES} pages", "The rest was left.")
        return False


def parse(body: bytes, day: date, where: str, tally: items.Tally) -> tuple[list[Found], int, str]:
    """(items, how many the page held, the next cursor). Raises ValueError when it is no page of works."""
    message = items.child(items.from_json(body), "message")
    rows = message.get("items")
    if not isinstance(rows, list):
        raise ValueError("the answer is not a page of works")  # noqa: TRY004 - the caller knows one error
    found: list[Found] = []
    for place, row in enumerate(rows, start=1):
        got = _item(row, day)
        if isinstance(got, str):
            tally.add(f"{where} item {place}", got, "The item was left out.")
        else:
            found.append(got)
    if rows and not found:
        raise ValueError(f"none of the {len(rows)} items could be read: the format may have changed")
    return found, len(rows), str(message.get("next-cursor") or "")[:2000]


def _item(row: object, day: date) -> Found | str:
    if not isinstance(row, dict):
        return "it is not an object"
    name, title = ids.doi(row.get("DOI")), markup.plain(_one(row.get("title")), clean.TITLE, xml=True)
    if not name:
        return "it has no DOI"
    if not title:
        return f"{name} has no title"
    abstract = markup.plain(row.get("abstract"), clean.ABSTRACT, xml=True)
    group = clean.text(row.get("group-title"), 80)
    return Found(
        paper=Paper(
            id=name,
            doi=name,
            title=title,
            abstract=abstract,
            authors=_authors(row.get("author")),
            published=_posted(row) or day,
            categories=(group,) if group else (),
            url=clean.link(row.get("URL")) or f"https://doi.org/{name}",
            code_url=ids.code_in(abstract),
            withdrawn=title.lower().startswith("withdrawn:"),
        ),
        day=day,
        kind="new",
        original=clean.original(json.dumps(row, ensure_ascii=True)),
    )


def _posted(row: dict[str, Any]) -> date | None:
    """`posted: {"date-parts": [[2026, 1, 6]]}`, of which month and day may be missing."""
    parts = _one(items.child(row, "posted").get("date-parts"))
    if not isinstance(parts, list) or len(parts) != 3:
        return None
    try:
        return date(*(int(part) for part in parts))
    except (TypeError, ValueError, OverflowError):
        return None


def _authors(value: object) -> tuple[str, ...]:
    names = []
    for one in value if isinstance(value, list) else []:
        if isinstance(one, dict):
            whole = f"{clean.text(one.get('given'), clean.NAME)} {clean.text(one.get('family'), clean.NAME)}".strip()
            names.append(whole or clean.text(one.get("name"), clean.NAME))
    return tuple(name for name in names if name)[:1000]


def _one(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value if isinstance(value, str) else None
