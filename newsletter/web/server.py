"""Runs the application until it is told to stop."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp

MOST_AT_ONCE = 1000  # connections; more are answered 503 at once


class Punctual(H11Protocol):
    """Hangs up on whoever does not send a whole request head in time: uvicorn itself would wait for ever."""

    head_time = 10.0  # seconds
    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        super().connection_made(transport)
        _send_at_once(transport.get_extra_info("socket"))
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def _expect(self) -> None:
        """The timer runs exactly while a head is awaited; more bytes of it do not turn it back."""
        if self.conn.their_state is not h11.IDLE:
            self._calm()
        elif self._head is None:
            self._head = self.loop.call_later(self.head_time, self._hang_up)

    def _calm(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _hang_up(self) -> None:
        self._head = None
        if self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE:
            self.transport.close()


def _send_at_once(line: socket.socket | None) -> None:
    """No waiting for the client's acknowledgement between head and body: with Nagle's algorithm (RFC 896) that is 40 ms
    a page on a connection that stays open. asyncio does this itself only for sockets that name their protocol, and
    those of `socket.create_server` do not.
    """
    if line is not None and line.family in (socket.AF_INET, socket.AF_INET6):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Blocks until SIGINT or SIGTERM; open requests get ten seconds to end."""
    uvicorn.Server(configure(app, host, port)).run()


def configure(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """No access log (paths hold tokens), no trust in forwarded headers (the app reads them), no Server header."""
    return uvicorn.Config(
        app,
        http=Punctual,  # with h11 whatever else is installed: the limit on heads is its own
        host=host,
        port=port,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        lifespan="off",
        ws="none",
        limit_concurrency=MOST_AT_ONCE,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=32 * 1024,
    )
