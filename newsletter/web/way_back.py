"""The way back of who left: a button behind her own signed link, within a limit that nobody else can use up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from newsletter.errors import NewsletterError
from newsletter.web import signup
from newsletter.web.readers import queue_notice

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.model.subscriber import Subscriber
    from newsletter.web.desk import Desk

# `mailed`: or there is nobody to write to. `soon`: she asked minutes ago. `often`: a day's, or all, are used up.
Asked = Literal["mailed", "soon", "often"]


def come_back(desk: Desk, known: Subscriber | None, entrance: str) -> Response:
    """Who left asks again with her choices kept: pending, and a confirmation is queued. The page says which it was.

    It is no unasked mail, so what strangers typed into a form does not count here.
    """
    asked = _ask(desk, known, entrance)
    status = 200 if asked == "mailed" else 429
    page = desk.page("check_inbox.html.j2", status=status, asked=asked, private=True, signup=False, scripts=False)
    if asked == "soon":
        page.headers["Retry-After"] = str(int(desk.settings.per_way_back[0][1].total_seconds()))
    return page


def _ask(desk: Desk, known: Subscriber | None, entrance: str) -> Asked:
    if known is None or known.status not in ("left", "pending") or desk.press.subscribers.suppressed([known.email]):
        return "mailed"
    keys = signup.way_back_keys(desk, known.email)
    if keys[0] in desk.owed:
        desk.limits.clear(keys[0])
        desk.owed.discard(keys[0])
    asks = [(key, *limit) for key, limit in zip(keys, desk.settings.per_way_back, strict=True)]
    full = desk.limits.take(asks, now=desk.now())
    if full is not None:
        return "often" if full else "soon"
    try:
        desk.press.subscribers.update(signup.ask_again(desk, known, entrance), known)
        queue_notice(desk, "confirm", known.id)
    except NewsletterError:  # the database went away between the two: her next try is not too soon
        desk.owed.add(keys[0])
        raise
    return "mailed"
