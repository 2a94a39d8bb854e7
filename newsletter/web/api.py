"""`/api/v1`: papers, editions, topics and search for programs, subscribers and runs for the operator's token."""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from newsletter.errors import UsageError
from newsletter.model.codec import to_plain
from newsletter.model.paper import pasted_id
from newsletter.subscribe.zones import spelt, zones
from newsletter.tongue.tongue import ENGLISH
from newsletter.web import calendar as cal
from newsletter.web import cursors, openapi, searching, signup
from newsletter.web.paper import public
from newsletter.web.problems import problem
from newsletter.web.repeats import once
from newsletter.web.views import links
from newsletter.web.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.model.edition import Card, Edition, Pick
    from newsletter.model.paper import Paper
    from newsletter.model.subscriber import Subscriber
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

MOST = 100  # items a page may hold
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")  # what a schema calls an address; we write to fewer


def document(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    from newsletter.web.doors import doors  # noqa: PLC0415 - the table names this handler: the circle is the point

    return JSONResponse(
        openapi.document(
            doors(),
            name=desk.press.config.newsletter.name,
            base_url=desk.base_url,
            topics=[*desk.topics],
            zones=sorted(zones()),
        )
    )


def papers(desk: Desk, ask: Ask) -> Response:
    """Papers of the printed editions, newest edition first; the cursor is the last one's place."""
    asked = _page(ask, cursors.PAPER)
    if isinstance(asked, Response):
        return asked
    limit, place = asked
    day, paper_id = cursors.placed_paper(place)
    found: list[tuple[Edition, Card]] = []
    for edition in desk.library.backwards(day):
        cards = sorted(_shown(edition), key=lambda card: card.paper.id)
        found += [(edition, card) for card in cards if edition.day.isoformat() != day or card.paper.id > paper_id]
        if len(found) > limit:
            break
    page = found[:limit]
    cursor = cursors.paper_place(page[-1][0].day.isoformat(), page[-1][1].paper.id) if len(found) > limit else None
    return JSONResponse(
        {
            "items": [
                paper_json(desk, card.paper) | {"edition": edition.day.isoformat(), **_counts(card)}
                for edition, card in page
            ],
            "next": cursor,
        }
    )


def paper(desk: Desk, ask: Ask) -> Response:
    known = public(desk, ask.params["id"]) or public(desk, pasted_id(ask.params["id"]))
    if known is None:
        return problem(404, "We do not know this paper.")
    readings = [
        {"signal": one.signal, "value": one.value, "at": one.at.isoformat()}
        for one in desk.press.papers.readings(known.id)
    ]
    listings = [
        {"source": one.source, "day": one.day.isoformat(), "kind": one.kind}
        for one in desk.press.papers.listings(known.id)
    ]
    return JSONResponse(paper_json(desk, known) | {"readings": readings, "listings": listings})


def editions(desk: Desk, ask: Ask) -> Response:
    """Printed days, newest first."""
    asked = _page(ask, cursors.DAY)
    if isinstance(asked, Response):
        return asked
    limit, before = asked
    days = [day for day in reversed(desk.library.days()) if not before or day.isoformat() < before]
    items = [{"day": day.isoformat(), "url": f"{desk.base_url}/day/{day}"} for day in days[:limit]]
    return JSONResponse({"items": items, "next": items[-1]["day"] if len(days) > limit else None})


def edition(desk: Desk, ask: Ask) -> Response:
    day = cal.parse_day(ask.params["day"])
    found = desk.library.get(day) if day else None
    if found is None:
        return problem(404, "No edition was printed for this day.")
    return JSONResponse(
        {
            "day": found.day.isoformat(),
            "printed_at": found.printed_at.isoformat(),
            "notes": list(found.notes),
            "topics": [
                {"slug": pool.slug, "name": pool.name, "papers": [_pick(desk, found, one) for one in pool.shown]}
                for pool in found.pools
            ],
        }
    )


def topics(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    items = [
        {"slug": one.slug, "name": one.name, "about": one.query, "url": f"{desk.base_url}/topic/{one.slug}"}
        for one in desk.topics.values()
    ]
    return JSONResponse({"items": items, "next": None})


def search(desk: Desk, ask: Ask) -> Response:
    asked = _page(ask, cursors.SEARCH)
    if isinstance(asked, Response):
        return asked
    limit, cursor = asked
    try:
        question = searching.asked(ask, strict=True)
    except UsageError as error:
        return problem(400, str(error))
    if not ask.query.get("q", ("",))[0]:
        return problem(400, "`q` is missing: what is searched?")
    try:
        found = searching.look_up(desk, question, cursor, limit)
    except UsageError:
        return problem(409, cursors.FOREIGN)
    items = [paper_json(desk, hit.paper) for hit in found.hits]
    return JSONResponse({"items": items, "next": found.cursor or None, "total": found.total})


def subscribe(desk: Desk, ask: Ask) -> Response:
    """Ask for a subscription: a confirmation is mailed, as from the form, and the answer tells nobody who is known."""
    if ask.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        # A page elsewhere can make a browser send text/plain here without asking us first (CORS); JSON it cannot.
        return problem(415, "Say `Content-Type: application/json`.")
    body = openapi.read_object(ask.body, openapi.SUBSCRIPTION)
    if isinstance(body, str):
        return problem(400, body)

    def act() -> Response:
        choices = signup.Choices(
            topics=tuple(body.get("topics", [])),
            cadence=body.get("cadence", ""),
            hour=str(int(body["send_hour"])) if "send_hour" in body else "",
            zone=spelt(body.get("timezone", "")),
        )
        if "timezone" in body and not body["timezone"]:
            return problem(422, "`timezone` is empty: leave it out for the newsletter's own.")
        if wrong := signup.wrong_in(replace(desk, tongue=ENGLISH), choices):
            return problem(422, wrong)
        wish = signup.wish_of(desk, body["email"], choices)
        answer = signup.sign_up(desk, ask, wish, human=False, entrance="api v1")
        if answer.result == "too-many":
            return problem(429, answer.text, headers={"Retry-After": str(answer.retry_after)})
        if answer.result == "wrong-address":
            return problem(403 if _EMAIL.fullmatch(body["email"]) else 422, answer.text)
        return JSONResponse({"status": "accepted"}, status_code=202)

    return once(desk, ask, act)


def subscribers(desk: Desk, ask: Ask) -> Response:
    return _for_operator(desk, ask, _subscribers)


def runs(desk: Desk, ask: Ask) -> Response:
    return _for_operator(desk, ask, _runs)


def paper_json(desk: Desk, one: Paper) -> dict[str, Any]:
    """A paper as programs see it: text without TeX, only links that are links."""
    return {
        "id": one.id,
        "url": f"{desk.base_url}/paper/{one.id}",
        "title": clean(one.title),
        "abstract": clean(one.abstract),
        "authors": [clean(author) for author in one.authors],
        "published": one.published.isoformat() if one.published else None,
        "categories": list(one.categories),
        "links": {label.lower(): href for label, href in links(one)},
    }


def _pick(desk: Desk, found: Edition, pick: Pick) -> dict[str, Any]:
    card = found.card(pick.paper_id)
    assert card is not None, "an edition holds the card of each of its picks"
    parts = [{"name": part.name, "value": part.value, "detail": part.detail} for part in pick.score.parts]
    return paper_json(desk, card.paper) | _counts(card) | {"rank": pick.rank, "why": pick.why, "score": parts}


def _shown(found: Edition) -> list[Card]:
    ids = {pick.paper_id for pool in found.pools for pick in pool.shown}
    return [card for card in found.cards if card.paper.id in ids]


def _counts(card: Card) -> dict[str, Any]:
    return {"upvotes": card.upvotes, "comments": card.comments, "stars": card.stars}


def _page(ask: Ask, form: str) -> tuple[int, str] | Response:
    """(how many, behind which cursor of this form)."""
    limit, cursor = _limit(ask), cursors.read(ask, form)
    if isinstance(limit, Response):
        return limit
    return cursor if isinstance(cursor, Response) else (limit, cursor)


def _limit(ask: Ask) -> int | Response:
    text = ask.wanted("limit", "20")
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST:
        return int(text)
    return problem(400, f"`limit` is a number from 1 to {MOST}.")


def _for_operator(desk: Desk, ask: Ask, then: Callable[[Desk, Ask], Response]) -> Response:
    token = desk.settings.operator_token
    given = ask.headers.get("authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        return problem(401, "This needs the operator's token.", headers={"WWW-Authenticate": "Bearer"})
    return then(desk, ask)


def _subscribers(desk: Desk, ask: Ask) -> Response:
    asked = _page(ask, cursors.NUMBER)
    if isinstance(asked, Response):
        return asked
    limit, after = asked
    page = desk.press.subscribers.active(after_id=int(after or 0), limit=limit + 1)
    items = [_subscriber(one) for one in page[:limit]]
    return JSONResponse({"items": items, "next": str(page[limit - 1].id) if len(page) > limit else None})


def _subscriber(one: Subscriber) -> dict[str, Any]:
    return {**to_plain(one), "status": one.status}


def _runs(desk: Desk, ask: Ask) -> Response:
    """The newest first; the cursor is the last one's number."""
    asked = _page(ask, cursors.NUMBER)
    if isinstance(asked, Response):
        return asked
    limit, before = asked
    found = desk.press.runs.last(limit=limit + 1, before=int(before) if before else None)
    items = [
        {
            "id": one.id,
            "command": one.command,
            "day": one.day.isoformat(),
            "started_at": one.started_at.isoformat(),
            "finished_at": one.finished_at.isoformat() if one.finished_at else None,
            "outcome": one.outcome,
            "notes": [to_plain(note) for note in one.notes],
        }
        for one in found[:limit]
    ]
    return JSONResponse({"items": items, "next": str(items[-1]["id"]) if len(found) > limit else None})
