"""Search with filters and a cursor that never shows a paper twice and never skips one while papers arrive."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from newsletter.web.calendar import parse_day
from newsletter.web.paper import cards

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from starlette.responses import Response

    from newsletter.model.paper import Paper
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

PAGE = 20
DEEPEST = 400  # results that one question may reach
MARK = 5  # bytes of a shown paper in a cursor: 2**40 marks, no clash among 400 in practice
LONGEST = 300  # characters of a question


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


@dataclass(frozen=True, slots=True)
class Results:
    """One page of results; `after` continues, empty at the end."""

    papers: tuple[Paper, ...]
    after: str
    total: int  # matches within reach, up to DEEPEST


def asked(ask: Ask) -> Question:
    """The question of a request. Raises ValueError in words for a filter that cannot be read."""
    days = {}
    for name in ("from", "to"):
        text = ask.wanted(name)
        days[name] = parse_day(text)
        if text and days[name] is None:
            raise ValueError(f"`{name}` is a day like 2026-11-20.")
    text = " ".join(ask.wanted("q").split())
    if len(text) > LONGEST:
        raise ValueError(f"`q` has at most {LONGEST} characters.")
    return Question(
        text=text, topic=ask.wanted("topic"), source=ask.wanted("source"), since=days["from"], until=days["to"]
    )


def look_up(desk: Desk, question: Question, after: str, limit: int = PAGE) -> Results:
    """The next `limit` papers that the cursor's pages have not shown.

    The cursor names what was shown, not a place in the list: a paper that arrives meanwhile and ranks high comes on
    the next page, and nothing that moved down is shown again. Raises ValueError for a broken cursor.
    """
    shown = unpack(after)
    ids = tuple(dict.fromkeys(desk.search(question.text, DEEPEST))) if question.text else ()
    matching = _filtered(desk, question, ids)
    fresh = [one for one in matching if mark(one) not in shown]
    known = desk.press.papers.get(fresh[:limit])
    page = tuple(known[one] for one in fresh[:limit] if one in known)
    more = len(fresh) > limit and len(shown) + limit < DEEPEST
    return Results(page, pack(shown, page) if more else "", len(matching))


def mark(paper_id: str) -> bytes:
    return hashlib.blake2b(paper_id.encode(), digest_size=MARK).digest()


def pack(shown: frozenset[bytes], page: Iterable[Paper]) -> str:
    marks = sorted(shown | {mark(paper.id) for paper in page})
    return base64.urlsafe_b64encode(b"".join(marks)).decode().rstrip("=")


def unpack(cursor: str) -> frozenset[bytes]:
    """The marks in a cursor. Raises ValueError when it is none of ours."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("This cursor is broken: start again without it.") from error
    if len(raw) % MARK or len(raw) > DEEPEST * MARK:
        raise ValueError("This cursor is broken: start again without it.")
    return frozenset(raw[place : place + MARK] for place in range(0, len(raw), MARK))


def search(desk: Desk, ask: Ask) -> Response:
    """The search page."""
    problem, results = "", Results((), "", 0)
    question = Question(text="")
    try:
        question = asked(ask)
        results = look_up(desk, question, ask.wanted("after"))
    except ValueError as error:
        problem = str(error)
    return desk.page(
        "search.html.j2",
        status=400 if problem else 200,
        problem=problem,
        question=question,
        cards=cards(desk, results.papers),
        total=results.total,
        deepest=DEEPEST,
        later=bool(ask.wanted("after")),
        next_href=f"/search?{question.query(after=results.after)}" if results.after else "",
        feed=f"/search/feed.atom?{question.query()}" if question.text else "/feed.atom",
        here="search",
        sources=[source.name for source in desk.press.config.sources],
    )


def _filtered(desk: Desk, question: Question, ids: tuple[str, ...]) -> list[str]:
    """The ids that pass the filters, in their order; only what a filter asks for is read."""
    left = list(ids)
    if question.topic:
        members = in_topic(desk, question.topic)
        left = [one for one in left if one in members]
    if question.since or question.until:
        known = desk.press.papers.get(left)
        left = [one for one in left if one in known and _within(known[one].published, question)]
    if question.source:
        listings = desk.press.papers.listings
        left = [one for one in left if any(listed.source == question.source for listed in listings(one))]
    return left


def _within(day: date | None, question: Question) -> bool:
    return (
        day is not None
        and (question.since is None or question.since <= day)
        and (question.until is None or day <= question.until)
    )


def in_topic(desk: Desk, slug: str) -> frozenset[str]:
    """Ids of the papers that were ranked in a topic in the last 60 editions."""
    return frozenset(
        pick.paper_id
        for edition in desk.library.latest(60)
        for pool in edition.pools
        if pool.slug == slug
        for pick in pool.picks
    )
