"""A real HTTP server on loopback: Hugging Face, arXiv, bioRxiv and a blog at once, as faulty as it is told to be."""

from __future__ import annotations

import gzip
import hashlib
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

from tests.support import sources_shapes as shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.support.sources_data import Served

BIG = 200 * 2**20
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10))
    + b"]><feed><entry><title>&k;</title></entry></feed>"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong for requests whose path and query contain `where`; `times` None: always."""

    where: str
    kind: str  # a status like "503", or a name that `_Handler.fail` knows
    times: int | None = None
    retry_after: str | None = None
    to: str = ""  # where "redirect" leads
    body: bytes = b""  # what "body" answers


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came in, with the moment of its arrival (monotonic) and how many were open with it."""

    path: str
    at: float
    headers: Mapping[str, str]
    open: int


@dataclass
class World:
    """What the server serves, changeable while it runs. `batch` is the day of the arXiv feed."""

    papers: list[Served] = field(default_factory=list)
    batch: date = date(2026, 1, 6)
    stale: dict[str, date] = field(default_factory=dict)
    bad_categories: set[str] = field(default_factory=set)
    pages: dict[str, bytes] = field(default_factory=dict)  # further paths, as they are


class SourcesServer:
    """`with SourcesServer(papers) as server:` listens on `server.url` until the block ends.

    Paths: `/api/daily_papers` (Hugging Face), `/api/query` and `/rss/<categories>` (arXiv), `/details/...` (bioRxiv),
    `/feed.atom`, and whatever is put into `world.pages`. `inject` adds a fault, `log` holds what was asked.
    """

    def __init__(
        self, papers: Iterable[Served] = (), *, batch: date = date(2026, 1, 6), host: str = "127.0.0.1"
    ) -> None:
        self.world = World(list(papers), batch)
        self.log: list[Seen] = []
        self.faults: list[Fault] = []
        self.stopping = threading.Event()
        self.guard = threading.Lock()
        self.open = 0
        self._used: dict[int, int] = {}
        handler = type("Handler", (_Handler,), {"world_server": self})
        self._server = _Server((host, 0), handler)
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def inject(
        self,
        where: str,
        kind: str,
        *,
        times: int | None = None,
        retry_after: str | None = None,
        to: str = "",
        body: bytes = b"",
    ) -> None:
        """Add a fault; see `Fault`. The first that matches and is not used up acts."""
        self.faults.append(Fault(where, kind, times, retry_after, to, body))

    def cure(self) -> None:
        """All faults end."""
        self.faults.clear()
        self._used.clear()

    def fault_for(self, path: str) -> Fault | None:
        with self.guard:
            for place, fault in enumerate(self.faults):
                used = self._used.get(place, 0)
                if fault.where in path and (fault.times is None or used < fault.times):
                    self._used[place] = used + 1
                    return fault
        return None

    def asked(self, part: str) -> list[Seen]:
        return [seen for seen in self.log if part in seen.path]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what half of the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world_server: SourcesServer

    def log_message(self, *_: object) -> None:
        """Quiet: `log` keeps what was asked."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def do_GET(self) -> None:
        server = self.world_server
        with server.guard:
            server.open += 1
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.log.append(Seen(self.path, time.monotonic(), headers, server.open))
        try:
            fault = server.fault_for(self.path)
            if fault is None:
                self.serve()
            else:
                self.fail(fault)
        finally:
            with server.guard:
                server.open -= 1

    def serve(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        world, path = self.world_server.world, parts.path
        if path in world.pages:
            self.answer(world.pages[path], "application/octet-stream")
        elif path == "/api/daily_papers":
            self.huggingface(query)
        elif path == "/api/query":
            self.answer(shapes.arxiv_api(world.papers, query), "application/atom+xml")
        elif path.startswith("/rss/"):
            self.arxiv_feed(path.removeprefix("/rss/").split("+"))
        elif path.startswith("/details/"):
            _, _, server, since, until, cursor, *_ = path.split("/")
            days = date.fromisoformat(since), date.fromisoformat(until)
            self.answer(shapes.biorxiv(world.papers, server, *days, int(cursor)), "application/json")
        elif path == "/feed.atom":
            self.answer(shapes.atom(world.papers), "application/atom+xml")
        else:
            self.answer(b"not here", "text/plain", status=404)

    def huggingface(self, query: Mapping[str, str]) -> None:
        day, page, limit = date.fromisoformat(query["date"]), int(query.get("p", "0")), int(query.get("limit", "50"))
        body, more = shapes.huggingface(self.world_server.world.papers, day, page, limit)
        link = f'<{self.world_server.url}/api/daily_papers?date={day}&limit={limit}&p={page + 1}>; rel="next"'
        self.answer(body, "application/json; charset=utf-8", {"Link": link} if more else {})

    def arxiv_feed(self, categories: list[str]) -> None:
        world = self.world_server.world
        if world.bad_categories & set(categories):
            self.answer(shapes.feed_error(), "application/rss+xml", status=400)
        else:
            body = shapes.arxiv_feed(world.papers, categories, world.batch, world.stale)
            self.answer(body, "application/rss+xml")

    def answer(self, body: bytes, kind: str, headers: Mapping[str, str] | None = None, *, status: int = 200) -> None:
        """A whole answer with an ETag; gzipped when the client likes that; 304 when it has it."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if status == 200 and self.headers.get("If-None-Match") == etag:
            self.start(304, {"ETag": etag}, 0)
            return
        packed = "gzip" in (self.headers.get("Accept-Encoding") or "") and len(body) > 500
        sent = gzip.compress(body, 1) if packed else body
        extra = {"Content-Encoding": "gzip"} if packed else {}
        self.start(status, {"Content-Type": kind, "ETag": etag, **extra, **(headers or {})}, len(sent))
        self.wfile.write(sent)

    def start(self, status: int, headers: Mapping[str, str], length: int | None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()

    def fail(self, fault: Fault) -> None:
        if fault.kind.isdigit():
            extra = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
            self.start(int(fault.kind), extra, 0)
            return
        simple = {
            "empty": b"",
            "garbage": b'[{"paper": {"id": "26',
            "html": b"<!DOCTYPE html><html><body>We are down for maintenance</body></html>",
            "entity-bomb": BOMB,
            "deep": b"[" * 200_000,
            "body": fault.body,
        }
        if fault.kind in simple:
            self.answer(simple[fault.kind], "application/octet-stream")
            return
        with suppress(OSError):
            getattr(self, "fail_" + fault.kind.replace("-", "_"))(fault)

    def fail_truncated(self, _: Fault) -> None:
        self.start(200, {"Content-Type": "application/json"}, 10_000)
        self.wfile.write(b'[{"paper": {')
        self.close_connection = True

    def fail_gzip_bomb(self, _: Fault) -> None:
        block = gzip.compress(b"0" * 2**24, 9)
        self.start(200, {"Content-Encoding": "gzip"}, len(block) * 64)
        for _n in range(64):
            self.wfile.write(block)

    def fail_huge(self, _: Fault) -> None:
        self.start(200, {"Content-Type": "application/json"}, BIG)
        for _n in range(BIG // 2**16):
            self.wfile.write(b"0" * 2**16)

    def fail_endless(self, _: Fault) -> None:
        self.start(200, {"Content-Type": "application/json"}, None)
        self._until_stopped(lambda: self.wfile.write(b" " * 2**16), 0)

    def fail_drip(self, _: Fault) -> None:
        self.start(200, {"Content-Type": "application/json"}, 100_000)
        self._until_stopped(lambda: self.wfile.write(b" "), 0.05)

    def fail_drip_headers(self, _: Fault) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.close_connection = True
        self._until_stopped(lambda: self.wfile.write(b"z"), 0.05)

    def fail_stall(self, _: Fault) -> None:
        self.close_connection = True
        self.world_server.stopping.wait(30)

    def fail_headers(self, _: Fault) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-Big: " + b"y" * 2**20 + b"\r\n\r\n")
        self.close_connection = True

    def fail_reset(self, _: Fault) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def fail_loop(self, _: Fault) -> None:
        self.start(302, {"Location": self.path}, 0)

    def fail_redirect(self, fault: Fault) -> None:
        self.start(302, {"Location": fault.to}, 0)

    def _until_stopped(self, act: Callable[[], object], pause: float) -> None:
        while not self.world_server.stopping.wait(pause):
            act()
