"""The web application: doors become routes, and every answer gets its security headers."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from newsletter.errors import BusyError, LaterError, StoreError, TemplateError
from newsletter.tongue.tongue import marked
from newsletter.web import ask as asking
from newsletter.web import keeping
from newsletter.web.desk import Desk, Door
from newsletter.web.doors import doors
from newsletter.web.headers import dress
from newsletter.web.library import Library
from newsletter.web.memo import Memo
from newsletter.web.metrics import Meters
from newsletter.web.pages import Pages
from newsletter.web.problems import problem
from newsletter.web.settings import WebSettings
from newsletter.web.speaking import ASKED
from newsletter.web.stamps import Stamps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from newsletter.ports import Limits, Records
    from newsletter.press import Press

_TOKENS = ("/confirm/", "/preferences/", "/unsubscribe/", "/feedback/")  # addresses that hold one, right or wrong
WRITERS = 8  # forms at work at once: while the database is locked they wait, and must not keep pages from being read

log = logging.getLogger(__name__)


def create_app(
    press: Press,
    *,
    limits: Limits,
    records: Records,
    settings: WebSettings | None = None,
) -> Starlette:
    """The web pages over one Press. Holds no global state."""
    desk = open_desk(press, limits=limits, records=records, settings=settings)
    routes = [Route(door.path, _endpoint(desk, door), methods=list(door.methods)) for door in doors()]
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _wrong_address(desk), Exception: _fault(desk)},
        middleware=[Middleware(OriginForm)],
    )
    app.router.redirect_slashes = False  # a redirect would be built from the Host header
    app.state.desk = desk
    return app


class OriginForm:
    """A request that names the whole address (RFC 9112 section 3.2.2) is one for its path: the host decides nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] == "http" and path.lower().startswith(("http://", "https://")):
            scope = {**scope, "path": "/" + path.partition("//")[2].partition("/")[2]}
        await self._app(scope, receive, send)


def open_desk(
    press: Press, *, limits: Limits, records: Records, settings: WebSettings | None = None, **shared: object
) -> Desk:
    """What handlers need; `shared` is what templates know beside the configuration."""
    config = press.config
    own = config.locate(config.newsletter.templates) if config.newsletter.templates else None
    shared |= {
        "newsletter_name": config.newsletter.name,
        "base_url": config.newsletter.base_url.rstrip("/"),
        "postal_address": config.newsletter.postal_address,
        "all_topics": config.topics,
        "default_hour": config.schedule.send_hour,
        "default_cadence": config.schedule.cadence,
        "default_zone": config.newsletter.timezone,
    }
    pages = Pages(own, **shared)
    return Desk(
        press=press,
        signer=press.signer,
        stamps=Stamps(config.secrets[0]),
        settings=settings or WebSettings(),
        limits=limits,
        records=records,
        pages=pages,
        library=Library(press.editions),
        meters=Meters(),
        alike=Memo(life=timedelta(hours=1), capacity=5000),
        kept=Memo(life=timedelta(minutes=1), capacity=300),
        counted=Memo(life=timedelta(seconds=15), capacity=1),
        tallies=Memo(life=timedelta(minutes=1), capacity=100),
        joined=Memo(life=timedelta(minutes=5), capacity=1),
        searches=Memo(life=timedelta(minutes=10), capacity=200),
        writers=CapacityLimiter(WRITERS),
        topics={topic.slug: topic for topic in config.topics},
        tongue=pages.tongues.of(config.newsletter.locale),
    )


def _endpoint(desk: Desk, door: Door) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        started = monotonic()
        response = await _answer(desk, door, request)
        if door.floor and request.method == "POST":
            await asyncio.sleep(_until_step(monotonic() - started, desk.settings.answer_floor.total_seconds()))
        desk.meters.requests.labels(door.path, request.method, str(response.status_code)).inc()
        desk.meters.seconds.labels(door.path).observe(monotonic() - started)
        return dress(response, private=door.private, cache=door.cache, https=desk.secure)

    return answer


def _until_step(took: float, step: float) -> float:
    """Seconds to the next whole step: work of any length ends in one of few classes of time, and tells nothing."""
    return -took % step if step else 0.0


async def _answer(desk: Desk, door: Door, request: Request) -> Response:
    limit = door.body_limit or desk.settings.body_limit
    try:
        async with asyncio.timeout(desk.settings.body_time_limit.total_seconds()):
            body = await _body(request, limit)
        ask = await asking.read(request, body, desk.settings.trusted_proxies, lenient=door.lenient)
    except TimeoutError:
        return _plain(desk, request, 408, marked("The request came too slowly."))
    except asking.Unreadable as error:
        return _plain(desk, request, error.status, error.text)
    try:
        return await _act(desk, door, ask)
    except (LaterError, StoreError) as error:
        log.log(
            logging.WARNING if isinstance(error, LaterError) else logging.ERROR,
            "%s %s: %s",
            request.method,
            door.path,
            error,
        )
        response = _plain(desk, request, 503, marked("The newsletter is busy for a moment. Please try again."))
        response.headers["Retry-After"] = "5"
        return response


async def _act(desk: Desk, door: Door, ask: asking.Ask) -> Response:
    """The handler in a thread. Raises BusyError when all hands for forms stay busy: nobody waits for a long queue."""
    if ask.method != "POST":
        return await to_thread.run_sync(keeping.answer, desk, door, ask)
    hand = object()
    try:
        async with asyncio.timeout(desk.settings.queue_time_limit.total_seconds()):
            await desk.writers.acquire_on_behalf_of(hand)
    except TimeoutError:
        raise BusyError("All hands are busy with forms.", cure="Is the database locked by something?") from None
    try:
        return await to_thread.run_sync(keeping.answer, desk, door, ask)
    finally:
        desk.writers.release_on_behalf_of(hand)


async def _body(request: Request, limit: int) -> bytes:
    """The body within `limit` bytes; what is announced too long is refused before it is read."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise asking.Unreadable(413, marked("That is too much for this page."))
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise asking.Unreadable(413, marked("That is too much for this page."))
        parts.append(part)
    return b"".join(parts)


def _wrong_address(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        desk.meters.requests.labels("", request.method[:8], str(error.status_code)).inc()
        if _for_program(request):
            response: Response = problem(error.status_code, "There is nothing here that answers this.")
        else:
            response = _spoken(desk, request).lost(status=error.status_code)
        response.headers.update(error.headers or {})
        return dress(response, private=request.url.path.startswith(_TOKENS), https=desk.secure)

    return answer


def _fault(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        desk.meters.requests.labels("", request.method[:8], "500").inc()
        log.error("A page failed", exc_info=error)
        response = _apology(desk, request)
        return dress(response, private=True, https=desk.secure)

    return answer


def _apology(desk: Desk, request: Request) -> Response:
    """The page of a fault; plain text when an operator's template is the fault."""
    text = marked("Something went wrong on our side. It has been noted.")
    try:
        return _plain(desk, request, 500, text)
    except TemplateError:
        return PlainTextResponse(text, status_code=500)


def _plain(desk: Desk, request: Request, status: int, text: str) -> Response:
    """An error as the asker reads it: problem+json for programs, a page for people."""
    if _for_program(request):
        return problem(status, text)
    return _spoken(desk, request).lost(text, status=status, title=marked("That did not work"))


def _spoken(desk: Desk, request: Request) -> Desk:
    return desk.speaking(request.query_params.get(ASKED, ""), request.headers.get("accept-language", ""))


def _for_program(request: Request) -> bool:
    return request.url.path.startswith(("/api/", "/hooks/"))
