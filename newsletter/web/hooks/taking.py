"""`/hooks/<provider>`: verify, act once, answer 2xx only after what was said is stored."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from newsletter.model.bounce import read_message_id
from newsletter.model.returns import Evidence
from newsletter.returns.testify import reader_of
from newsletter.stages.returning import Account, act
from newsletter.web.hooks.events import Event, Unread, Unverified
from newsletter.web.hooks.ses import ses
from newsletter.web.hooks.simple import mailgun, postmark, sendgrid
from newsletter.web.problems import problem

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

log = logging.getLogger(__name__)


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
        _take(desk, provider, event)
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


def _take(desk: Desk, provider: str, event: Event) -> None:
    """Through the same decision as returned mail. What was taken before is known by the provider's own id of it."""
    evidence = _evidence(desk, provider, event)
    account = Account()
    if evidence is not None:
        act(desk.press, [evidence], account)
    told = "repeated" if account.counts["repeated"] else event.what or "other"
    desk.meters.hooks.labels(provider, told).inc()


def _evidence(desk: Desk, provider: str, event: Event) -> Evidence | None:
    """None when it is about nobody here: an account may serve other lists too."""
    if event.what is None:
        return None
    people = desk.press.subscribers
    keys = (read_message_id(event.mail, secret) for secret in desk.press.config.secrets)
    key = next((one for one in keys if one), "")
    who = people.get([reader_of(key)]).get(reader_of(key)) if key else None
    what = event.what
    if who is None:
        who = people.by_email(event.email) if event.email else None
    elif who.email.lower() != event.email.strip().lower() and what == "hard":
        what = "soft"  # she has another address by now
    if who is None:
        return None
    number = hashlib.sha256(f"{provider} {event.key or (event.what, key, event.email)}".encode()).hexdigest()[:32]
    text = f"{provider} {event.detail}".strip()[:100]
    return Evidence(f"hook:{number}", what, "hook", desk.now(), who.id, key, signed=True, text=text)
