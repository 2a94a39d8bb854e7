"""Idempotency keys: a write that a program repeats with the same key is done once and answered the same."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.responses import Response

from newsletter.web.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

KIND = "idempotency"
LIFE = timedelta(hours=24)
LONGEST = 255
_RUNNING = "running"


def once(desk: Desk, ask: Ask, act: Callable[[], Response]) -> Response:
    """Act, or give the kept answer of the request that had this `Idempotency-Key` first.

    The key belongs to one body: with another one, or while the first is at work, it is answered 409.
    """
    given = ask.headers.get("idempotency-key", "")
    if not given:
        return act()
    if len(given) > LONGEST or not given.isprintable():
        return problem(400, f"An Idempotency-Key has at most {LONGEST} printable characters.")
    key = hashlib.sha256(f"{ask.path} {given}".encode()).hexdigest()
    body = hashlib.sha256(ask.body).hexdigest()
    now = desk.now()
    if not desk.records.put_new(KIND, key, json.dumps([body, _RUNNING]), until=now + LIFE, now=now):
        return _kept(desk.records.get(KIND, key, now=now), body)
    answer = act()
    if answer.status_code >= 429:  # not done: the same key may try again
        desk.records.drop(KIND, key)
        return answer
    kept = json.dumps([body, answer.status_code, bytes(answer.body).decode(), answer.media_type])
    desk.records.put(KIND, key, kept, until=now + LIFE)
    return answer


def _kept(text: str | None, body: str) -> Response:
    first, *answer = json.loads(text) if text else [body, _RUNNING]
    if first != body:
        return problem(409, "This Idempotency-Key was used with another body.")
    if answer == [_RUNNING]:
        return problem(409, "The first request with this Idempotency-Key is still at work.")
    status, content, kind = answer
    return Response(content, status_code=int(status), media_type=kind)
