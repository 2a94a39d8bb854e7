"""Every address of the web pages, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from newsletter.web import (
    api,
    consent,
    cursors,
    feedback,
    feeds,
    learned,
    paper,
    plain,
    preferences,
    reading,
    searching,
)
from newsletter.web.desk import ApiDoc, Door
from newsletter.web.hooks import taking
from newsletter.web.operator import dashboard, people, session

if TYPE_CHECKING:
    from newsletter.web.desk import Handler

BOTH = ("GET", "POST")
SHORT, LONG = 300, 3600  # seconds that a public page may be kept
HOOK = 2 * 1024 * 1024  # bytes of a provider's report
LIBRARY = 3 * 1024 * 1024  # bytes of a form with a reader's library
IMPORT = 5 * 1024 * 1024  # bytes of a list of readers


def doors() -> tuple[Door, ...]:
    """In the order in which they are matched: fixed addresses before those with a part that varies."""
    return (*_reading(), *_consent(), *_machines(), *_api(), *_operator())


def _reading() -> tuple[Door, ...]:
    return (
        Door(path="/", handler=reading.home, cache=60, kept=True),
        Door(path="/day/{day}", handler=reading.day, cache=SHORT, kept=True),
        Door(path="/week/{week}", handler=reading.week, cache=SHORT, kept=True),
        Door(path="/month/{month}", handler=reading.month, cache=SHORT, kept=True),
        Door(path="/topic/{slug}", handler=reading.topic, cache=SHORT, kept=True),
        Door(path="/topic/{slug}/feed.atom", handler=feeds.topic, cache=SHORT, kept=True),
        Door(path="/topic/{slug}/feed.json", handler=feeds.topic, cache=SHORT, kept=True),
        Door(path="/paper/{id:path}", handler=paper.paper, cache=SHORT, kept=True),
        Door(path="/search", handler=searching.search, kept=True),
        Door(path="/search/feed.atom", handler=feeds.found, cache=SHORT, kept=True),
        Door(path="/search/feed.json", handler=feeds.found, cache=SHORT, kept=True),
        Door(path="/archive", handler=reading.archive, cache=SHORT, kept=True),
        Door(path="/feed.atom", handler=feeds.everything, cache=SHORT, kept=True),
        Door(path="/feed.json", handler=feeds.everything, cache=SHORT, kept=True),
        Door(path="/opml", handler=feeds.opml, cache=LONG, kept=True),
        Door(path="/sitemap.xml", handler=feeds.sitemap, cache=LONG, kept=True),
        Door(path="/robots.txt", handler=feeds.robots, cache=LONG, kept=True),
    )


def _consent() -> tuple[Door, ...]:
    return (
        Door(path="/subscribe", handler=consent.subscribe, methods=BOTH, floor=True),
        Door(path="/link", handler=consent.link, methods=BOTH, private=True, floor=True),
        Door(path="/confirm/{token}", handler=consent.confirm, methods=BOTH, private=True, floor=True),
        Door(
            path="/unsubscribe/{token}",
            handler=consent.unsubscribe,
            methods=BOTH,
            private=True,
            floor=True,
            lenient=True,  # RFC 8058: the token alone decides, whatever a mail provider's form looks like
        ),
        Door(path="/preferences/{token}", handler=preferences.preferences, methods=BOTH, private=True, floor=True),
        Door(path="/preferences/{token}/data", handler=preferences.data, private=True),
        Door(path="/preferences/{token}/saved", handler=preferences.saved, private=True),
        Door(path="/preferences/{token}/taste", handler=learned.taste, methods=BOTH, private=True, body_limit=LIBRARY),
        Door(path="/feedback/{token}", handler=feedback.feedback, methods=BOTH, private=True),
    )


def _machines() -> tuple[Door, ...]:
    return (
        Door(path="/healthz", handler=plain.healthz),
        Door(path="/metrics", handler=plain.metrics),
        Door(path="/static/{name}", handler=plain.static),
        Door(path="/hooks/{provider}", handler=taking.hook, methods=("POST",), private=True, body_limit=HOOK),
    )


_LIMIT = ("limit", {"type": "integer", "minimum": 1, "maximum": api.MOST, "default": 20}, "How many.", False)
_DAY = {"type": "string", "format": "date"}
_QUESTION = (
    ("q", {"type": "string", "minLength": 1, "maxLength": 300}, "What is searched.", True),
    ("topic", {"type": "string"}, "Only papers that were ranked in this topic.", False),
    ("source", {"type": "string"}, "Only papers that this source listed.", False),
    ("from", _DAY, "First day of publication.", False),
    ("to", _DAY, "Last day of publication.", False),
)


def _api() -> tuple[Door, ...]:
    def listed(form: str) -> tuple[tuple[str, dict[str, Any], str, bool], ...]:
        return (_LIMIT, cursors.parameter(form))

    return (
        _read("openapi.json", api.document, "This document", "Document"),
        _read("papers", api.papers, "Papers of the printed editions", "Papers", listed(cursors.PAPER)),
        _read("papers/{id:path}", api.paper, "One paper with its readings", "Paper"),
        _read("editions", api.editions, "Printed days", "Editions", listed(cursors.DAY)),
        _read("editions/{day}", api.edition, "One day's edition", "Edition"),
        _read("topics", api.topics, "Topics", "Topics"),
        _read("search", api.search, "Papers by meaning and by word", "Papers", (*_QUESTION, *listed(cursors.SEARCH))),
        _read(
            "subscribers", api.subscribers, "Active subscribers", "Subscribers", listed(cursors.NUMBER), operator=True
        ),
        _read("runs", api.runs, "The last runs", "Runs", listed(cursors.NUMBER), operator=True),
        Door(
            path="/api/v1/subscriptions",
            handler=api.subscribe,
            methods=("POST",),
            floor=True,
            doc=ApiDoc(summary="Ask for a subscription", answer="Accepted", body="Subscription", status=202),
        ),
    )


def _read(
    path: str,
    handler: Handler,
    summary: str,
    answer: str,
    query: tuple[tuple[str, dict[str, Any], str, bool], ...] = (),
    *,
    operator: bool = False,
) -> Door:
    doc = ApiDoc(summary=summary, answer=answer, query=query, operator=operator)
    return Door(path=f"/api/v1/{path}", handler=handler, private=operator, doc=doc)


def _operator() -> tuple[Door, ...]:
    def door(path: str, handler: Handler, methods: tuple[str, ...] = ("GET",), limit: int = 0) -> Door:
        path = f"/operator{path}"
        return Door(path=path, handler=session.guarded(handler), methods=methods, private=True, body_limit=limit)

    return (
        Door(path="/operator/login", handler=session.login, methods=BOTH, private=True),
        door("/logout", session.logout, ("POST",)),
        door("", dashboard.dashboard, BOTH),
        door("/runs", dashboard.runs),
        door("/why", dashboard.why),
        door("/preview", dashboard.show_preview),
        door("/preview/frame", dashboard.frame),
        door("/readers", people.readers),
        door("/import", people.take_in, ("POST",), IMPORT),
        door("/export.csv", people.export),
        door("/suppressions", people.suppressions, BOTH),
    )
