"""The one HTTP client: polite, bounded in time and memory, and its answers are values."""

from __future__ import annotations

import random
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import httpcore
import httpx

from newsletter import __version__
from newsletter.collect.answers import (
    TEN_MINUTES,
    Again,
    Answer,
    Failed,
    Fetched,
    Limits,
    NotModified,
    check,
    verdict,
)
from newsletter.collect.body import BodyError, Unpacker
from newsletter.collect.guard import Errand, GuardedTransport, is_public
from newsletter.collect.pace import QUIET_CAP, Lanes, RealTime, Shared, Time, TooLongError, retry_after, said_now

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

REDIRECTS: Final = 5
POLITE: Final = 0.2  # seconds between two requests to one host
ARXIV: Final = "arxiv.org"
ARXIV_PACE: Final = 3.0  # https://info.arxiv.org/help/api/tou.html


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


class Http:
    """One for the process: it owns the connections, the lanes and the User-Agent.

    `contact` is the address at which the operator of a source reaches the operator of this newsletter.
    `shared` are the turns of hosts that all processes of the newsletter share, such as `arxiv.org`.
    Proxies come from the system's settings (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) and never serve loopback.
    """

    def __init__(
        self,
        *,
        contact: str,
        clock: Time | None = None,
        chance: Callable[[], float] = random.random,
        limits: Limits | None = None,
        proxies: Mapping[str, str] | None = None,
        shared: Mapping[str, Shared] | None = None,
    ) -> None:
        named = f"trending-papers/{__version__}" + (f" (+mailto:{contact})" if contact else "")
        self.agent = "".join(c for c in named if c.isascii() and c.isprintable())[:200]
        self.clock: Time = clock or RealTime()
        self.chance = chance
        self.limits = limits or Limits()
        self.lanes = Lanes(self.clock, shared)
        self.errand = Errand()
        self._proxies = dict(urllib.request.getproxies() if proxies is None else proxies)
        self._transports: dict[tuple[str, bool], GuardedTransport] = {}
        self._guard = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        self.clock_offsets: dict[str, timedelta] = {}  # by host: how far this machine's clock is ahead of its

    def session(
        self,
        *homes: str,
        pace: float | None = None,
        headers: Mapping[str, str] | None = None,
        budget: float | None = None,
    ) -> Session:
        """Requests of one source or signal, under one budget of time (seconds; without one, the limits' own).

        `homes` are the addresses that the operator wrote: they may be private, and only they get `headers` (keys).
        """
        until = self.clock.monotonic() + (self.limits.budget if budget is None else budget)
        return Session(self, homes, POLITE if pace is None else pace, headers or {}, until)

    def transport(self, url: httpx.URL, *, home: bool) -> GuardedTransport:
        """Raises ValueError when the system names a proxy of a kind that we do not speak.

        Connections to the operator's own addresses are kept apart: a redirect never rides on one of them.
        """
        proxy = self._proxy_for(url)
        if proxy and not proxy.startswith(("http://", "https://")):
            raise ValueError("the proxy of this system is neither http nor https")
        with self._guard:
            if (proxy, home) not in self._transports:
                self._tls = self._tls or httpx.create_ssl_context()
                self._transports[proxy, home] = GuardedTransport(self.errand, self._tls, proxy or None)
            return self._transports[proxy, home]

    def _proxy_for(self, url: httpx.URL) -> str:
        host = url.host
        if host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host == "::1":
            return ""
        for entry in self._proxies.get("no", "").split(","):
            name = entry.strip().lstrip(".").lower()
            if name and (name in {"*", host} or host.endswith(f".{name}")):
                return ""
        return self._proxies.get(url.scheme) or self._proxies.get("all") or ""

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()
        self._transports.clear()


class Session:
    """See `Http.session`. Not shared between threads."""

    def __init__(self, http: Http, homes: Sequence[str], pace: float, headers: Mapping[str, str], until: float) -> None:
        self._http, self._pace, self._headers, self._until = http, pace, headers, until
        self._asker = homes[0] if homes else ""
        self._homes = {_origin(home) for home in homes if home}

    def get(
        self,
        url: str,
        params: Mapping[str, str | int] | None = None,
        *,
        etag: str = "",
        last_modified: str = "",
        accept: str = "",
        tries: int = 0,
    ) -> Answer:
        """GET with retries. `params` are appended, percent-encoded; `etag` and `last_modified` make it conditional."""
        headers = {"Accept": accept or "*/*"}
        if etag and etag.isascii() and etag.isprintable():
            headers["If-None-Match"] = etag
        if last_modified and last_modified.isascii() and last_modified.isprintable():
            headers["If-Modified-Since"] = last_modified
        whole = f"{url}{'&' if '?' in url else '?'}{urlencode(params, safe=':,+')}" if params else url
        return self._ask(_Request("GET", whole, headers), tries or self._http.limits.tries)

    def post(self, url: str, content: bytes, *, content_type: str = "application/json") -> Answer:
        """POST of a question (nothing is changed by it, so it is retried like a GET)."""
        request = _Request("POST", url, {"Accept": "*/*", "Content-Type": content_type}, content)
        return self._ask(request, self._http.limits.tries)

    def _ask(self, request: _Request, tries: int) -> Answer:
        for attempt in range(1, tries + 1):
            try:
                outcome = self._follow(request)
            except TooLongError as error:
                return Failed(str(error))
            if not isinstance(outcome, Again):
                return outcome
            last = attempt >= min(tries, outcome.tries)
            if (failed := self._rest(outcome, attempt, last=last)) is not None:
                return failed
        raise AssertionError("the last attempt returns")  # pragma: no cover

    def _rest(self, outcome: Again, attempt: int, *, last: bool) -> Failed | None:
        """Keep the lane quiet until the next attempt; the failure itself when there is none."""
        failed, lanes, now = outcome.failed, self._http.lanes, self._http.clock.monotonic()
        limited = failed.status == 429
        if outcome.wait is not None and outcome.wait > QUIET_CAP:
            said = f"{failed.reason}, and asks for {_span(outcome.wait)} of quiet"
            lanes.hush(outcome.lane, min(outcome.wait, 3_600.0), said, self._whose(outcome.lane))
            return Failed(said, failed.cure, failed.status)
        if last:
            if limited and outcome.lane == ARXIV:  # it wants ten minutes of quiet after a 429
                lanes.hush(ARXIV, TEN_MINUTES, failed.reason)
            return failed
        base = max(1.0, self._pace) * 2 ** (attempt - 1) * (2 if limited else 1)
        wait = base * (0.5 + self._http.chance())
        if outcome.wait is not None:
            wait = outcome.wait * (1 + 0.1 * self._http.chance()) + 0.05
        if now + wait > self._until:
            return failed
        lanes.hush(outcome.lane, wait, failed.reason, self._whose(outcome.lane))
        return None

    def _follow(self, request: _Request) -> Answer | Again:
        seen: set[str] = set()
        url, origin = request.url, ""
        for _ in range(REDIRECTS + 1):
            try:
                goal = httpx.URL(origin).join(url) if origin else httpx.URL(url)
            except (httpx.InvalidURL, ValueError):
                return Failed("the address is not a valid URL", check(origin), later=False)
            if (refusal := self._refuse(goal, redirected=bool(origin))) is not None:
                return refusal
            outcome = self._hop(request, goal)
            if not isinstance(outcome, str):
                return outcome
            seen.add(str(goal))
            url, origin = outcome, str(goal)
            if request.method != "GET" or str(goal.join(url)) in seen:
                break
        return Failed("it redirects in circles, or too often", "Check the address of the source.", later=False)

    def _whose(self, lane: str) -> str:
        """Whom a host's wish for quiet binds: all of arXiv together, elsewhere those who ask the same address."""
        return "" if lane == ARXIV else self._asker

    def _refuse(self, goal: httpx.URL, *, redirected: bool) -> Failed | None:
        what = "it redirects to" if redirected else "the address is"
        if goal.scheme not in {"http", "https"} or not goal.host:
            return Failed(f"{what} something that is not http or https", check(), later=False)
        if goal.userinfo:
            return Failed(f"{what} one with a password in it", check(), later=False)
        literal = goal.host.replace(".", "").isdigit() or ":" in goal.host
        if not self._at_home(goal) and (goal.host == "localhost" or (literal and not is_public(goal.host))):
            return Failed(f"{what} on a private network ({goal.host})", check(), later=False)
        return None

    def _at_home(self, goal: httpx.URL) -> bool:
        host, port = goal.host, goal.port or (443 if goal.scheme == "https" else 80)
        return (host, port) in self._homes or (port == 443 and (host, 80) in self._homes)

    def _hop(self, request: _Request, goal: httpx.URL) -> Answer | Again | str:
        """One request on the wire; a string is where it redirects to."""
        arxiv = goal.host == "arxiv.org" or goal.host.endswith(".arxiv.org")
        lane = ARXIV if arxiv else goal.netloc.decode("ascii", "replace")
        pace = max(self._pace, ARXIV_PACE) if arxiv else self._pace
        limits, errand, home = self._http.limits, self._http.errand, self._at_home(goal)
        headers = {"User-Agent": self._http.agent, "Accept-Encoding": "gzip, deflate", **request.headers}
        if home:
            headers.update(self._headers)
        quiet = dict.fromkeys(("connect", "read", "write", "pool"), limits.quiet)
        with self._http.lanes.turn(lane, pace, self._until, self._whose(lane)):
            left = self._until - self._http.clock.monotonic()
            errand.until, errand.private = time.monotonic() + min(limits.deadline, max(left, 0.1)), home
            try:
                wired = httpx.Request(
                    request.method, goal, headers=headers, content=request.content, extensions={"timeout": quiet}
                )
                response = self._http.transport(goal, home=home).handle_request(wired)
                try:
                    return self._read(response, goal, lane)
                finally:
                    response.close()
            except (BodyError, httpx.HTTPError, httpx.InvalidURL, httpcore.TimeoutException, ValueError) as error:
                return _trouble(error, goal, lane)

    def _read(self, response: httpx.Response, goal: httpx.URL, lane: str) -> Answer | Again | str:
        status, limits = response.status_code, self._http.limits
        if (there := said_now(response.headers)) is not None:
            self._http.clock_offsets[goal.host] = self._http.clock.now() - there
        if status == 304:
            return NotModified()
        if status in {301, 302, 303, 307, 308} and "location" in response.headers:
            return response.headers["location"][:4_096]
        if status not in {200, 203, 204}:
            return verdict(status, retry_after(response.headers.get("retry-after"), self._http.clock.now()), lane)
        body = Unpacker(
            response.headers.get("content-encoding", ""), packed_limit=limits.packed, open_limit=limits.unpacked
        )
        for piece in response.iter_raw():
            body.feed(piece)
            self._http.errand.left(None)
        return Fetched(str(goal), status, body.finish(), dict(response.headers.items()))


def _origin(base: str) -> tuple[str, int]:
    try:
        url = httpx.URL(base)
    except (httpx.InvalidURL, ValueError):
        return "", 0
    return url.host, url.port or (443 if url.scheme == "https" else 80)


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds < 7_200 else "hours" if seconds < 172_800 else "days"


def _trouble(error: Exception, goal: httpx.URL, lane: str) -> Failed | Again:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, BodyError):
        return Again(Failed(said), lane) if "cut short" in said else Failed(said, later=False)
    if isinstance(error, httpx.TimeoutException | httpcore.TimeoutException):
        return Again(Failed(f"{goal.host} did not answer in time"), lane, tries=2)
    if isinstance(error, httpcore.ConnectError | httpx.ConnectError) and said.endswith("was not found"):
        cure = "Is the name right, and does this machine's DNS work? Behind a proxy, set HTTPS_PROXY."
        return Again(Failed(f"the name {goal.host} was not found", cure), lane)
    if isinstance(error, httpx.HTTPError) and "private network" not in said:
        return Again(Failed(f"the connection to {goal.host} failed: {said}"), lane)
    return Failed(f"the request could not be made: {said}", check(), later=False)
