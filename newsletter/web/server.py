"""Runs the application until it is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

MOST_AT_ONCE = 1000  # connections; more are answered 503 at once


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Blocks until SIGINT or SIGTERM; open requests get ten seconds to end."""
    uvicorn.Server(configure(app, host, port)).run()


def configure(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """No access log (paths hold tokens), no trust in forwarded headers (the app reads them), no Server header."""
    return uvicorn.Config(
        app,
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
