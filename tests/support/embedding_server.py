"""A real endpoint for embeddings on loopback: vectors from the words of a text, or whatever a test puts there."""

from __future__ import annotations

import json
import threading
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 48


def vector(text: str, size: int = SIZE) -> list[float]:
    """A bag of words folded into `size` numbers: texts that share words are near."""
    numbers = [0.01] * size
    for word in text.lower().split():
        numbers[zlib.crc32(word.strip(".,:").encode()) % size] += 1.0
    return numbers


@dataclass
class EmbeddingServer:
    """`status` answers after `good` questions; `body` replaces the answer; `size` is that of the vectors."""

    url: str = ""
    status: int = 401
    good: int = 10_000
    body: Any = None
    size: int = SIZE
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [text for question in self.asked for text in question["input"]]

    def answer(self, question: dict[str, Any]) -> bytes:
        if self.body is not None:
            return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        rows = [{"index": place, "embedding": vector(t, self.size)} for place, t in enumerate(question["input"])]
        tokens = sum(len(text.split()) for text in question["input"])
        return json.dumps({"data": rows[::-1], "usage": {"prompt_tokens": tokens}}).encode()


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    model = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.asked.append(question)
            model.keys.append(self.headers.get("Authorization", ""))
            fine = self.path == "/v1/embeddings" and len(model.asked) <= model.good
            self.send_response(200 if fine else model.status)
            self.end_headers()
            self.wfile.write(model.answer(question))

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
