"""`/hooks/<provider>`: verify, act once, answer 2xx only after what was said is stored."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from newsletter.subscribe.moves import MOVES, move
from newsletter.web.hooks.events import Event, Unread, Unverified
from newsletter.web.hooks.ses import ses
from newsletter.web.hooks.simple import mailgun, postmark, sendgrid
from newsletter.web.problems import problem

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.subscribe.moves import Event as Move
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

log = logging.getLogger(__name__)
REMEMBERED = timedelta(days=30)
_MOVES: dict[str, Move] = {"bounced": "bounce", "complained": "complain", "unsubscribed": "leave"}


def hook(desk: Desk, ask: Ask) -> Response:
    """Unknown kinds of events are counted and answered 200: a provider that adds one must not be told to try again."""
    provider = ask.params["provider"]
    try:
        events = _read(desk, ask, provider)
    except Unverified as error:
        log.warning("hook %s refused: %s", provider, error)
        desk.meters.hooks.labels(provider, "refused").inc()
        return problem(403, "This report could not be verified.")
    except Unread as error:
        return problem(400, f"This report could not be read: {error}.")
    if events is None:
        return problem(404, "No such provider is set up here.")
    for event in events:
        _act(desk, provider, event)
    return JSONResponse({"taken": len(events)})


def _read(desk: Desk, ask: Ask, provider: str) -> list[Event] | None:
    """None when the provider is not set up."""
    hooks, now = desk.settings.hooks, desk.now()
    if hooks is None:
        return None
    if provider == "mailgun" and hooks.mailgun_key:
        return mailgun(ask.body, hooks.mailgun_key, now)
    if provider == "postmark" and hooks.postmark_login:
        return postmark(ask.body, ask.headers, hooks.postmark_login)
    if provider == "sendgrid" and hooks.sendgrid_key:
        return sendgrid(ask.body, ask.headers, hooks.sendgrid_key, now)
    if provider == "ses" and hooks.ses_topics and hooks.fetch is not None:
        return ses(ask.body, hooks.ses_topics, hooks.fetch)
    return None


def _act(desk: Desk, provider: str, event: Event) -> None:
    """Do what the event says, then remember it: a crash between the two does it again, which changes nothing."""
    now = desk.now()
    key = hashlib.sha256(f"{provider} {event.key}".encode()).hexdigest()
    if event.key and desk.records.get("hook", key, now=now) is not None:
        desk.meters.hooks.labels(provider, "repeated").inc()
        return
    people = desk.press.subscribers
    who = people.by_email(event.email) if event.email else None
    step = _MOVES.get(event.what)
    if who is not None and step is not None:
        if (who.status, step) in MOVES:
            people.update(move(who, step, at=now))
        if event.what in ("bounced", "complained"):
            people.suppress(who.email, f"{event.what}: {provider} {event.detail}"[:100], at=now)
    if event.key:
        desk.records.put("hook", key, event.what, until=now + REMEMBERED)
    desk.meters.hooks.labels(provider, event.what).inc()
