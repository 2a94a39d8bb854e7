"""Hugging Face daily papers: one list a day, with upvotes, filled over the day and the night after."""

from __future__ import annotations

import json
import re
from datetime import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from newsletter.collect import clean, ids, items
from newsletter.collect.answers import Failed, Fetched, unheard
from newsletter.collect.sources.daily import by_day
from newsletter.model.paper import Found, Paper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from newsletter.collect.http import Http, Session
    from newsletter.model.paper import Ask, Harvest, Problem

PAGE = 100  # the API's own maximum
FULL = {50, 100}  # its default and its maximum: a page this long may have a sequel even if nobody says so
PAGES = 20

_NEXT = re.compile(r"<([^<>]*)>\s*;[^,]*\brel=\"?next\"?", re.IGNORECASE)


class HuggingFace:
    """`daily_papers` of one server."""

    daily = True

    def __init__(self, http: Http, *, name: str, url: str, pace: float | None, summaries: bool) -> None:
        self.name = name
        self._http, self._pace, self._summaries = http, pace, summaries
        self._base = url.rstrip("/")

    def probe(self) -> Problem | None:
        answer = self._http.session(self._base, pace=self._pace).get(self._list, {"limit": 1}, tries=1)
        return unheard(self.name, answer)

    @property
    def _list(self) -> str:
        return f"{self._base}/api/daily_papers"

    def fetch(self, ask: Ask) -> Harvest:
        session = self._http.session(self._base, pace=self._pace)
        tally = items.Tally()
        nothing = "nothing on the list; there is none at weekends"
        return by_day(self.name, ask, tally, lambda day: self._day(session, day, tally, ask.asof.date()), nothing)

    def _day(self, session: Session, day: date, tally: items.Tally, today: date) -> tuple[list[Found], bool]:
        """The list of one day, page by page, and whether it is whole."""
        got: dict[str, Found] = {}
        where = f"{self.name} {day}"
        query: dict[str, str | int] = {"date": day.isoformat(), "limit": PAGE, "p": 0}
        for page in range(PAGES):
            answer = session.get(self._list, query, accept="application/json")
            if isinstance(answer, Failed) and answer.status == 400 and day == today:
                return [], True  # a date in the future is a 400, and the list of today begins when it begins
            if not isinstance(answer, Fetched):
                tally.add(where, getattr(answer, "reason", "it says unchanged"), getattr(answer, "cure", ""))
                return list(got.values()), False
            try:
                found, size = parse(answer.body, day, where, tally, summaries=self._summaries)
            except ValueError as error:
                tally.add(where, str(error), "The source may have changed or be in trouble; the next run asks again.")
                return list(got.values()), False
            fresh = [item for item in found if item.paper.id not in got]
            got.update((item.paper.id, item) for item in fresh)
            following = _NEXT.search(answer.headers.get("link", "")[:4_000])
            if not fresh or (following is None and size not in FULL):
                return list(got.values()), True
            query = _next_query(following[1] if following else "", query, page)
        tally.add(where, f"more than {PAGES} pages", "The rest of the list was left.")
        return list(got.values()), False


def _next_query(following: str, query: dict[str, str | int], page: int) -> dict[str, str | int]:
    """Only the query of the link is believed, never its host; without a link the page number goes up."""
    try:
        named = dict(parse_qsl(urlsplit(following).query)[:10])
    except ValueError:
        named = {}
    return {**query, "p": page + 1, **{key: value[:100] for key, value in named.items() if key in {"p", "cursor"}}}


def parse(body: bytes, day: date, where: str, tally: items.Tally, *, summaries: bool = True) -> tuple[list[Found], int]:
    """The items of one page and how many it held, bad ones included; those are dropped into `tally`.

    Raises ValueError when the page as a whole is not a list of papers.
    """
    data = items.from_json(body)
    if isinstance(data, dict):
        data = items.first(data, "papers", "dailyPapers", "data", "items", "results")
    if not isinstance(data, list):
        raise ValueError("the answer is not a list of papers")  # noqa: TRY004 - the caller knows one error
    found: list[Found] = []
    for place, item in enumerate(data, start=1):
        got = _item(item, day, summaries=summaries)
        if isinstance(got, str):
            tally.add(f"{where} item {place}", got, "The item was left out.")
        else:
            found.append(got)
    if data and not found:
        raise ValueError(f"none of the {len(data)} items could be read: the format may have changed")
    return found, len(data)


def _item(item: object, day: date, *, summaries: bool) -> Found | str:
    if not isinstance(item, dict):
        return "it is not an object"
    paper: Mapping[str, Any] = items.child(item, "paper") or item
    title = clean.text(items.first(paper, "title") or items.first(item, "title"), clean.TITLE)
    named = ids.arxiv_id(items.first(paper, "id", "arxivId", "paperId"))
    if not title:
        return "it has no title"
    if named is None:
        return "it has no arXiv id"
    listed = items.day_of(paper.get("submittedOnDailyAt"))
    summary = clean.text(items.first(paper, "ai_summary", "aiSummary"), 2_000) if summaries else ""
    number, version = named
    return Found(
        paper=Paper(
            id=number,
            arxiv_id=number,
            version=version,
            title=title,
            abstract=clean.text(items.first(paper, "summary", "abstract") or items.first(item, "summary")),
            authors=_authors(paper.get("authors")),
            published=_published(paper, wrapped=paper is not item),
            organization=_organization(paper, item),
            keywords=_keywords(items.first(paper, "ai_keywords", "aiKeywords")),
            summary=summary,
            summary_by="Hugging Face" if summary else "",
            url=f"https://arxiv.org/abs/{number}",
            pdf_url=f"https://arxiv.org/pdf/{number}",
            code_url=ids.repository(paper.get("githubRepo")),
            project_url=clean.link(paper.get("projectPage")),
            discussion_url=f"https://huggingface.co/papers/{number}",
            withdrawn=bool(paper.get("withdrawnAt")),
        ),
        day=listed if listed is not None and listed < day else day,
        measured=_measured(paper, item),
        original=clean.original(json.dumps(item, ensure_ascii=True)),
    )


def _measured(paper: Mapping[str, Any], item: Mapping[str, Any]) -> tuple[tuple[str, float, None], ...]:
    """Votes, comments and stars, and how many pictures and films whoever put the paper on the list added, if any."""
    media = paper.get("mediaUrls", item.get("mediaUrls"))
    counts = (
        ("huggingface.upvotes", paper.get("upvotes", item.get("upvotes"))),
        ("huggingface.comments", item.get("numComments", paper.get("numComments"))),
        ("github.stars", paper.get("githubStars")),
        ("huggingface.media", (len(media) or None) if isinstance(media, list) else None),
    )
    return tuple((signal, value, None) for signal, raw in counts if (value := items.number(raw)) is not None)


def _published(paper: Mapping[str, Any], *, wrapped: bool) -> date | None:
    """The paper's own `publishedAt`. The one beside a wrapped paper is four or five hours early: the day before.

    A flat item has one field for both; it is believed when it stands at midnight, as a day does.
    """
    when = items.moment(paper.get("publishedAt"))
    if when is None or not (wrapped or when.time() == time()):
        return None
    return when.date()


def _organization(paper: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    for place in (paper, item):
        found = items.child(place, "organization", "submitterOrganization")
        if name := clean.text(items.first(found, "fullname", "name"), clean.NAME):
            return name
    return ""


def _authors(value: object) -> tuple[str, ...]:
    names: list[str] = []
    for author in value[: clean.NAMES] if isinstance(value, list) else ():
        raw = author.get("name") if isinstance(author, dict) else author
        hidden = isinstance(author, dict) and author.get("hidden") is True
        if not hidden and (name := clean.text(raw, clean.NAME)):
            names.append(name)
    return tuple(names)


def _keywords(value: object) -> tuple[str, ...]:
    words = value[:30] if isinstance(value, list) else ()
    return tuple(word for raw in words if (word := clean.text(raw, 100)))
