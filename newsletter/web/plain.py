"""Answers for machines that watch: health, metrics, static files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

FOR_EVER = "public, max-age=31536000, immutable"


def healthz(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    """200 when the database answers, else 503: what a load balancer asks."""
    try:
        papers = desk.press.papers.count()
    except NewsletterError as error:
        return JSONResponse({"status": "failed", "database": error.what}, status_code=503)
    runs = desk.press.runs.last(limit=1)
    last = {"command": runs[0].command, "outcome": runs[0].outcome} if runs else None
    return JSONResponse({"status": "ok", "papers": papers, "last_run": last})


def metrics(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    text = desk.meters.text(
        subscribers=desk.press.subscribers.counts(),
        deliveries=dict(desk.press.ledger.counts(now=desk.now()).items()),
        papers=desk.press.papers.count(),
    )
    return Response(text, media_type="text/plain; version=0.0.4")


def static(desk: Desk, ask: Ask) -> Response:
    """A file whose address holds its hash; its old addresses are gone."""
    asset = desk.pages.asset(ask.params["name"])
    if asset is None:
        return desk.lost()
    return Response(asset.data, media_type=asset.kind, headers={"Cache-Control": FOR_EVER})
