"""Pages for everybody are made once a minute, and whoever has the newest already is told so in a line (304)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import Response

from newsletter.errors import LaterError, StoreError
from newsletter.web.desk import Page
from newsletter.web.speaking import ASKED, is_feed, speaks

if TYPE_CHECKING:
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk, Door

LONGEST = 300  # octets of a query worth keeping an answer for


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and what was stored when it was made."""

    version: tuple[object, ...]
    response: Response


def answer(desk: Desk, door: Door, ask: Ask) -> Response:
    """The door's answer, kept for a minute when it may be: until a paper or an edition comes.

    A kept page has its form's stamp renewed, so each reader's form was shown to her just now. While the database does
    not answer, a page that was made before is shown as it was.
    """
    if speaks(ask.path):
        desk = desk.speaking(ask.wanted(ASKED), ask.headers.get("accept-language", ""))
    elif is_feed(ask.path):  # fetched by a feed reader's server, whose own language says nothing of the reader's
        desk = desk.speaking(ask.wanted(ASKED), "")
    if not door.kept or ask.method == "POST":
        return door.handler(desk, ask)
    query = urlencode([(name, one) for name in sorted(ask.query) for one in ask.query[name]])
    key, now = f"{desk.tongue.locale} {ask.path}?{query}", desk.now()
    try:
        version = _version(desk)
        known = desk.kept.look(key, now=now)
        if known is not None and known.version == version:
            return _to_send(desk, ask, known.response)
        found = door.handler(desk, ask)
    except (LaterError, StoreError):
        old = desk.kept.look(key, now=now, stale=True)
        if old is None:
            raise
        return _to_send(desk, ask, old.response)
    if found.status_code != 200:
        return found
    if len(key) <= LONGEST:
        desk.kept.put(key, Kept(version, found), now=now)
    return _to_send(desk, ask, found)


def _version(desk: Desk) -> tuple[object, ...]:
    days = desk.library.days()
    return len(days), days[-1:], desk.press.papers.last()


def _to_send(desk: Desk, ask: Ask, found: Response) -> Response:
    body, stamp = bytes(found.body), found.stamp.encode() if isinstance(found, Page) else b""
    bare = body.replace(stamp, b"") if stamp else body
    # The half of the day is a part of it: the form on a page that a browser keeps must not outlive its stamp.
    half = int(desk.now().timestamp()) // 43_200
    tag = f'W/"{hashlib.blake2b(bare, digest_size=12).hexdigest()}-{half:x}"'
    headers = {name: value for name, value in found.headers.items() if name != "content-length"} | {"ETag": tag}
    if tag in ask.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": tag, "Vary": "Accept-Language"})
    if stamp:
        body = body.replace(stamp, desk.stamps.stamp(desk.now()).encode())
    return Response(body, headers=headers)
