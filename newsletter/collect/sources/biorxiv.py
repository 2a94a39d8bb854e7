"""bioRxiv and medRxiv: preprints by posting day, page by page."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from newsletter.collect import clean, ids, items, markup
from newsletter.collect.answers import Fetched, unheard
from newsletter.collect.sources.daily import by_day
from newsletter.model.paper import Found, Paper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from newsletter.collect.http import Http, Session
    from newsletter.model.paper import Ask, Harvest, Problem

PAGES = 200  # 30 items a page were seen: 6,000 a day is five times what both servers post


class Biorxiv:
    """`details` of one server: `biorxiv` or `medrxiv`."""

    daily = True

    def __init__(self, http: Http, *, name: str, server: str, url: str, pace: float | None) -> None:
        self.name, self.server = name, server
        self._http, self._pace = http, pace
        self._base = (url or "https://api.biorxiv.org").rstrip("/")

    def probe(self) -> Problem | None:
        day = self._http.clock.now().date() - timedelta(days=1)
        session = self._http.session(self._base, pace=self._pace)
        answer = session.get(f"{self._base}/details/{self.server}/{day}/{day}/0/json", tries=1)
        return unheard(self.name, answer)

    def fetch(self, ask: Ask) -> Harvest:
        session = self._http.session(self._base, pace=self._pace)
        tally = items.Tally()
        return by_day(self.name, ask, tally, lambda day: self._day(session, day, tally), "nothing was posted")

    def _day(self, session: Session, day: date, tally: items.Tally) -> tuple[list[Found], bool]:
        """Advance by what came, never by a page size; `total` may be a string, and too large."""
        best: dict[str, Found] = {}
        cursor, where = 0, f"{self.name} {day}"
        for _ in range(PAGES):
            answer = session.get(f"{self._base}/details/{self.server}/{day}/{day}/{cursor}/json")
            if not isinstance(answer, Fetched):
                tally.add(where, getattr(answer, "reason", "it says unchanged"), getattr(answer, "cure", ""))
                return list(best.values()), False
            try:
                found, size, total = parse(answer.body, day, where, tally, server=self.server)
            except ValueError as error:
                tally.add(where, str(error), "The next run asks again.")
                return list(best.values()), False
            grown = len(best), sum(item.paper.version for item in best.values())
            for item in found:
                held = best.get(item.paper.id)
                if held is None or held.paper.version < item.paper.version:
                    best[item.paper.id] = item
            cursor += size
            if size == 0 or (total is not None and cursor >= total):
                return list(best.values()), True
            if found and grown == (len(best), sum(item.paper.version for item in best.values())):
                return list(best.values()), True
        tally.add(where, f"more than {PAGES} pages", "The rest was left.")
        return list(best.values()), False


def parse(
    body: bytes, day: date, where: str, tally: items.Tally, *, server: str
) -> tuple[list[Found], int, float | None]:
    """(items, how many the page held, the total as told). Raises ValueError when it is no page of preprints."""
    data = items.from_json(body)
    messages = data.get("messages") if isinstance(data, dict) else None
    rows = data.get("collection") if isinstance(data, dict) else None
    message: Mapping[str, Any] = (
        messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], dict) else {}
    )
    if rows is None and message:
        rows = []
    if not isinstance(rows, list):
        raise ValueError("the answer is not a page of preprints")  # noqa: TRY004 - the caller knows one error
    status = str(message.get("status", "ok"))[:100]
    if not rows and status.lower() not in {"ok", "no posts found"} and "no " not in status.lower():
        raise ValueError(f"the server says: {status}")
    found: list[Found] = []
    for place, row in enumerate(rows, start=1):
        got = _item(row, day, server)
        if isinstance(got, str):
            tally.add(f"{where} item {place}", got, "The item was left out.")
        else:
            found.append(got)
    if rows and not found:
        raise ValueError(f"none of the {len(rows)} items could be read: the format may have changed")
    return found, len(rows), items.number(message.get("total"))


def _item(row: object, day: date, server: str) -> Found | str:
    if not isinstance(row, dict):
        return "it is not an object"
    name, title = ids.doi(row.get("doi")), markup.plain(row.get("title"), clean.TITLE)
    if not name:
        return "it has no DOI"
    if not title:
        return f"{name} has no title"
    version = int(items.number(row.get("version")) or 1)
    posted = items.day_of(row.get("date")) or day
    journal = ids.doi(row.get("published"))
    category = clean.text(row.get("category"), 80)
    page = f"https://www.{server}.org/content/{name}v{version}"
    kind = clean.text(row.get("type"), 40).lower()
    return Found(
        paper=Paper(
            id=name,
            doi=name,
            version=min(version, 999),
            title=title,
            abstract=markup.plain(row.get("abstract"), clean.ABSTRACT),
            authors=_authors(row.get("authors")),
            published=posted if version == 1 else None,
            categories=(category,) if category else (),
            organization=clean.text(row.get("author_corresponding_institution"), clean.NAME),
            journal=f"https://doi.org/{journal}" if journal else "",
            licence=clean.text(row.get("license"), 80),
            url=page,
            pdf_url=f"{page}.full.pdf",
            code_url=ids.code_in(clean.text(row.get("abstract"))),
            withdrawn="withdraw" in kind or title.lower().startswith("withdrawn:"),
        ),
        day=min(posted, day),
        kind="new" if version == 1 else "replace",
        original=clean.original(json.dumps(row, ensure_ascii=True)),
    )


def _authors(value: object) -> tuple[str, ...]:
    """`Curie, M.; Noether, E.` becomes `M. Curie` and `E. Noether`."""
    if isinstance(value, list):
        value = ";".join(str(name) for name in value[: clean.NAMES])
    if not isinstance(value, str):
        return ()
    names: list[str] = []
    for raw in value[:200_000].split(";")[: clean.NAMES]:
        last, _, given = raw.partition(",")
        if name := clean.text(f"{given} {last}", clean.NAME):
            names.append(name)
    return tuple(names)
