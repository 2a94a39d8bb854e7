"""Atom, JSON Feed, OPML, the sitemap and robots.txt: made from printed editions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from newsletter.errors import UsageError
from newsletter.web import calendar as cal
from newsletter.web import views
from newsletter.web.paper import cards
from newsletter.web.searching import asked, look_up
from newsletter.web.speaking import ASKED

if TYPE_CHECKING:
    from newsletter.model.paper import Paper
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

EDITIONS = 7
ENTRIES = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper in a feed. `key` stays the same for ever, also when the site moves."""

    key: str
    card: views.CardView
    at: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed before it is written. `path` is its own address, `page` the one for people."""

    title: str
    path: str
    page: str
    entries: tuple[Entry, ...]
    updated: datetime


def everything(desk: Desk, ask: Ask) -> Response:
    entries = _entries(desk, "")
    name = desk.press.config.newsletter.name
    return _written(desk, Feed(name, _itself(desk, ask), "/", entries, _updated(desk, entries)))


def topic(desk: Desk, ask: Ask) -> Response:
    slug = ask.params["slug"]
    entries = _entries(desk, slug)
    known = desk.topics.get(slug)
    if known is None and not entries:
        return desk.lost("No topic has this name.")
    title = f"{desk.press.config.newsletter.name}: {desk.tongue.gettext(known.name) if known else slug}"
    return _written(desk, Feed(title, _itself(desk, ask), f"/topic/{slug}", entries, _updated(desk, entries)))


def _itself(desk: Desk, ask: Ask) -> str:
    """A feed's own address: with the language of its summaries, when that was chosen."""
    return f"{ask.path}?{ASKED}={desk.carried}" if desk.carried else ask.path


def found(desk: Desk, ask: Ask) -> Response:
    """A search as a feed: its best papers."""
    try:
        question = asked(ask)
        papers = [hit.paper for hit in look_up(desk, question, "").hits]
    except UsageError as error:
        return desk.lost(str(error), status=400, title="That did not work")
    entries = tuple(
        Entry(paper.id, card, at)
        for paper, card in zip(papers, cards(desk, papers), strict=True)
        if (at := _out_since(desk, paper)) is not None
    )
    title = f"{desk.press.config.newsletter.name}: {question.text}"
    path = f"{ask.path}?{question.query()}"
    return _written(desk, Feed(title, path, f"/search?{question.query()}", entries, _updated(desk, entries)))


def _out_since(desk: Desk, paper: Paper) -> datetime | None:
    """When a paper came out: as its source says, else when it was first on a list."""
    if paper.published:
        return datetime.combine(paper.published, time(), UTC)
    return min((one.at for one in desk.press.papers.listings(paper.id)), default=None)


def opml(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    text = desk.pages.render("opml.xml.j2", {"feeds": _all_feeds(desk)})
    return Response(text, media_type="text/x-opml")


def sitemap(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    days = desk.library.days()
    paths = ["/", "/archive", *(f"/topic/{slug}" for slug in desk.topics)]
    paths += sorted({cal.month_of(day).path for day in days}) + [f"/day/{day}" for day in days[-5000:]]
    papers = {card.id: card.href for edition in desk.library.latest(30) for card in views.top_of(edition, 100)}
    text = desk.pages.render("sitemap.xml.j2", {"paths": [*paths, *papers.values()]})
    return Response(text, media_type="application/xml")


def robots(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    closed = ("/confirm/", "/preferences/", "/unsubscribe/", "/feedback/", "/operator", "/api/", "/hooks/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), f"Sitemap: {desk.base_url}/sitemap.xml"]
    return Response("\n".join(lines) + "\n", media_type="text/plain")


def _all_feeds(desk: Desk) -> list[tuple[str, str, str]]:
    name = desk.press.config.newsletter.name
    return [
        (name, "/feed.atom", "/"),
        *(
            (f"{name}: {desk.tongue.gettext(one.name)}", f"/topic/{slug}/feed.atom", f"/topic/{slug}")
            for slug, one in desk.topics.items()
        ),
    ]


def _entries(desk: Desk, slug: str) -> tuple[Entry, ...]:
    """Each paper once, where it came first among the last editions, newest edition first."""
    found: dict[str, Entry] = {}
    for edition in reversed(desk.library.latest(EDITIONS)):
        for shelf in views.by_topic(views.spoken(edition, desk.tongue.locale), only=slug):
            for card in shelf.cards:
                found.setdefault(card.id, Entry(card.id, card, edition.printed_at))
    newest = sorted(found.values(), key=lambda one: one.at, reverse=True)
    return tuple(newest[:ENTRIES])


def _updated(desk: Desk, entries: tuple[Entry, ...]) -> datetime:
    return max((one.at for one in entries), default=datetime.combine(desk.now().date(), time(), UTC))


def _written(desk: Desk, feed: Feed) -> Response:
    if feed.path.partition("?")[0].endswith(".json"):
        return Response(
            json.dumps(_json_feed(desk.base_url, feed), ensure_ascii=False), media_type="application/feed+json"
        )
    text = desk.pages.render("feed.atom.j2", {"feed": feed})
    return Response(text, media_type="application/atom+xml")


def _json_feed(base: str, feed: Feed) -> dict[str, Any]:
    """JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": base + feed.page,
        "feed_url": base + feed.path,
        "items": [
            {
                "id": f"urn:paper:{one.key}",
                "url": base + one.card.href,
                "title": one.card.title,
                "summary": one.card.gist,
                "content_text": one.card.abstract or one.card.gist or one.card.title,
                "date_published": one.at.isoformat(),
                "authors": [{"name": one.card.authors}] if one.card.authors else [],
                "tags": [one.card.topic_name] if one.card.topic_name else [],
            }
            for one in feed.entries
        ],
    }
