"""The search page: a question with filters, page by page, as `newsletter search` finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from newsletter.errors import UsageError
from newsletter.model.search import Found
from newsletter.stages import searching
from newsletter.web.calendar import parse_day
from newsletter.web.paper import cards

if TYPE_CHECKING:
    from datetime import date

    from starlette.responses import Response

    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

PAGE = 20
LONGEST = 300  # characters of a question, and of a cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is searched: words, and filters that may be empty."""

    text: str
    topic: str = ""
    source: str = ""
    since: date | None = None
    until: date | None = None

    def query(self, **more: str) -> str:
        """As the query string of the same page."""
        values = {
            "q": self.text,
            "topic": self.topic,
            "source": self.source,
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
        } | more
        return urlencode({name: value for name, value in values.items() if value})


def asked(ask: Ask, *, strict: bool = False) -> Question:
    """The question of a request. Raises UsageError for a filter that cannot be read; forms leave some empty."""
    days = {}
    for name in ("from", "to"):
        given = ask.wanted(name)
        days[name] = parse_day(given)
        if (given or (strict and name in ask.query)) and days[name] is None:
            raise UsageError(f"`{name}` is not a day.", cure="Write it like 2026-11-20.")
    given = ask.query.get("q", ("",))[0]
    text = " ".join(given.split())
    if len(given) > LONGEST:
        raise UsageError(f"The question has more than {LONGEST} characters.", cure="Ask with fewer words.")
    return Question(
        text=text, topic=ask.wanted("topic"), source=ask.wanted("source"), since=days["from"], until=days["to"]
    )


def look_up(desk: Desk, question: Question, after: str, limit: int = PAGE) -> Found:
    """The next `limit` papers. Raises UsageError for a cursor that is not of this question."""
    if not question.text:
        return Found((), "", 0)
    if len(after) > LONGEST:
        raise UsageError("This cursor is not one of this search.", cure="Start again without it.")
    filters = searching.Filters(
        topic=question.topic, source=question.source, since=question.since, until=question.until
    )
    now = desk.now()
    return searching.search(
        desk.press,
        question.text,
        filters,
        limit=limit,
        cursor=after,
        remember=lambda key, make: desk.searches.get(key, make, now=now),
    )


def search(desk: Desk, ask: Ask) -> Response:
    """The search page."""
    problem, found = "", Found((), "", 0)
    question = Question(text="")
    try:
        question = asked(ask)
        found = look_up(desk, question, ask.wanted("after"))
    except UsageError as error:
        problem = str(error)
    return desk.page(
        "search.html.j2",
        status=400 if problem else 200,
        problem=problem,
        question=question,
        cards=cards(desk, [hit.paper for hit in found.hits]),
        total=found.total,
        later=bool(ask.wanted("after")),
        next_href=f"/search?{question.query(after=found.cursor)}" if found.cursor else "",
        feed=f"/search/feed.atom?{question.query()}" if question.text else "/feed.atom",
        here="search",
        sources=sorted(desk.press.source_names),
    )
