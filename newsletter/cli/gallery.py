"""`preview --serve`: the template workshop, on this machine only; the page reloads itself when anything changes."""

from __future__ import annotations

import json
import webbrowser
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from newsletter.cli.frame import tell
from newsletter.cli.workroom import Query, Workroom
from newsletter.errors import NewsletterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = tuple[int, str, bytes]

HOST = "127.0.0.1"
_MINE = {"127.0.0.1", "localhost"}
_MOST_BODY = 10_000
# The page runs its own script and nothing else; the mail in a frame runs none (sandbox) and loads nothing.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-src 'self'; "
    "img-src data:; form-action 'self'; base-uri 'none'"
)
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_HTML, _PLAIN, _JSON = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json"


class Gallery:
    """Answers the page's requests: the shell, the mail in a scheme, and what is known of it."""

    def __init__(self, room: Workroom) -> None:
        self._room = room
        self._pages: dict[str, Callable[[Query, dict[str, str]], Answer]] = {
            "/": lambda _, __: (200, _HTML, _asset("index.html")),
            "/workshop.css": lambda _, __: (200, "text/css; charset=utf-8", _asset("workshop.css")),
            "/workshop.js": lambda _, __: (200, "text/javascript; charset=utf-8", _asset("workshop.js")),
            "/stamp": lambda _, __: (200, _PLAIN, room.stamp().encode()),
            "/choices": lambda _, __: _json(room.choices()),
            "/facts": lambda query, _: _json(room.facts(query)),
            "/mail": self._mail,
            "/source": self._source,
            "/spam": self._spam,
        }

    def get(self, target: str) -> Answer:
        """(status, content type, body) of a GET."""
        path, query, options = _read(target)
        page = self._pages.get(path)
        return page(query, options) if page else (404, _PLAIN, b"There is no such page.")

    def post(self, target: str, body: bytes) -> Answer:
        """Sends the test mail: the one thing that acts."""
        path, query, _ = _read(target)
        if path != "/send":
            return 404, _PLAIN, b"There is no such page."
        try:
            said = self._room.send(query, body.decode("utf-8", "replace").strip())
        except NewsletterError as error:
            return _json({"said": str(error)})
        return _json({"said": said})

    def _mail(self, query: Query, options: dict[str, str]) -> Answer:
        from newsletter.compose.inspect import in_scheme, without_images

        seen = self._room.seen(query)
        if seen.rendered is None or not seen.rendered.html:
            said = seen.silence or (str(seen.error) if seen.error else "This reader gets plain text only.")
            return 200, _PLAIN, said.encode()
        page = without_images(seen.rendered.html) if options.get("images") == "off" else seen.rendered.html
        return 200, _HTML, in_scheme(page, "dark" if options.get("scheme") == "dark" else "light").encode()

    def _source(self, query: Query, _: dict[str, str]) -> Answer:
        seen = self._room.seen(query)
        return 200, _PLAIN, seen.message.data if seen.message else b""

    def _spam(self, query: Query, _: dict[str, str]) -> Answer:
        from newsletter.cli.spam import spam_report

        seen = self._room.seen(query)
        return _json(spam_report(seen.message.data) if seen.message else {"said": "There is no mail."})


def serve_gallery(gallery: Gallery, port: int, query: Query, *, open_browser: bool) -> None:
    """Serve until Ctrl-C, on this machine only."""
    try:
        server = ThreadingHTTPServer((HOST, port), handler_of(gallery))
    except OSError as error:
        cure = "Choose another --port, or --port 0 for a free one."
        raise UsageError(f"Port {port} cannot be used: {error.strerror}.", cure=cure) from None
    with server:
        given = {name: value for name in Query.__dataclass_fields__ if (value := getattr(query, name))}
        address = f"http://{HOST}:{server.server_address[1]}/{'?' if given else ''}{urlencode(given)}"
        tell(f"preview at {address}, Ctrl-C ends it")
        if open_browser:
            webbrowser.open(address)
        server.serve_forever()


def handler_of(gallery: Gallery) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self._is_for_me():
                self._answer(gallery.get(self.path))

        def do_POST(self) -> None:
            if not self._is_for_me():
                return
            # A page of another site cannot add this header without asking first, and is never allowed to.
            if self.headers.get("X-Workshop") != "send":
                self._answer((403, _PLAIN, b"Only the workshop's own page may send."))
                return
            size = self.headers.get("Content-Length", "0")
            body = self.rfile.read(min(int(size), _MOST_BODY)) if size.isdecimal() else b""
            self._answer(gallery.post(self.path, body))

        def _is_for_me(self) -> bool:
            """A foreign name that was pointed at this machine (DNS rebinding) is refused."""
            name = urlsplit(f"//{self.headers.get('Host', '')}").hostname
            if name in _MINE:
                return True
            self._answer((421, _PLAIN, b"This page answers to 127.0.0.1 and localhost only."))
            return False

        def _answer(self, answer: Answer) -> None:
            status, kind, body = answer
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Referrer-Policy", "no-referrer")
            policy = _MAIL_POLICY if self.path.startswith("/mail") else _POLICY
            self.send_header("Content-Security-Policy", policy)
            with suppress(ConnectionError):  # the page was loaded anew meanwhile
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing: the page asks every half second."""

    return Handler


def _read(target: str) -> tuple[str, Query, dict[str, str]]:
    parts = urlsplit(target)
    options = {name: values[-1][:300] for name, values in parse_qs(parts.query).items()}
    query = Query(**{name: options.get(name, "") for name in Query.__dataclass_fields__})
    return parts.path, query, options


def _json(value: object) -> Answer:
    return 200, _JSON, json.dumps(value, ensure_ascii=False).encode()


def _asset(name: str) -> bytes:
    from newsletter.compose import default_template_folder

    return (default_template_folder() / "workshop" / name).read_bytes()
