"""Chats and webhooks on loopback: real HTTP servers in the shape of each service, which keep what they are sent."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

SLACK = "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
BOT = "123456789:abcdefghijklmnopqrstuvwxyzabcdefghi"
ANSWERS: dict[str, tuple[int, bytes]] = {
    "/services/": (200, b"ok"),
    "/api/webhooks/": (204, b""),
    "/bot": (200, b'{"ok":true,"result":{"message_id":1}}'),
    "/_matrix/": (200, b'{"room_id":"!abc:example.org","user_id":"@bot:example.org","event_id":"$1"}'),
}


@dataclass
class Chat:
    """Answers as the services do. `faults`: one for each next post: a status, `hangup`, or `silence` until `hang_up`
    is set.
    """

    faults: list[int | str] = field(default_factory=list)
    got: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    hang_up: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                said = json.loads(body) if body else None
                posted = "message" in self.path.lower() or not self.path.startswith(("/_matrix", "/bot"))
                fault = chat.faults.pop(0) if posted and chat.faults else None
                chat.got.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, said))
                if fault == "silence":
                    chat.hang_up.wait(60)
                if fault in {"silence", "hangup"}:
                    self.close_connection = True
                    return
                status, answer = next(
                    (one for start, one in ANSWERS.items() if self.path.startswith(start)), (200, b"{}")
                )
                self.send_response(int(fault) if fault else status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST  # noqa: N815 - the names that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.hang_up.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def of(self, kind: str) -> dict[str, str]:
        """The settings of a channel of this kind that posts here."""
        return {
            "webhook": {"url": f"{self.url}/hook?team=lab", "token": "a-bearer"},
            "slack": {"url": self.url + SLACK},
            "discord": {"url": self.url + DISCORD},
            "telegram": {"url": self.url, "token": BOT, "room": "-100123"},
            "matrix": {"url": self.url, "token": "syt_token", "room": "!abc:example.org"},
        }[kind]

    @property
    def posts(self) -> list[Any]:
        """The bodies of what was posted, without Matrix's questions before it."""
        return [
            body
            for _, path, _, body in self.got
            if "whoami" not in path and "join" not in path and isinstance(body, dict)
        ]


def text_of(kind: str, body: dict[str, Any]) -> str:
    """What a chat shows, in its own markup."""
    if kind == "slack":
        return "".join(block["text"]["text"] for block in body["attachments"][0]["blocks"])
    return str(body[{"webhook": "message", "discord": "content", "telegram": "text", "matrix": "formatted_body"}[kind]])
