"""Answers for machines that watch: health, metrics, static files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from newsletter.errors import NewsletterError
from newsletter.stages.alarming import health_of, watched

if TYPE_CHECKING:
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

FOR_EVER = "public, max-age=31536000, immutable"


def healthz(desk: Desk, ask: Ask) -> Response:
    """200 when all is in order or merely late, 503 when a person must look; what is wrong in words tells `status`.

    `/healthz?pages=1` is for a load balancer: 503 only when the database does not answer.
    """
    try:
        papers = desk.press.papers.count()
        runs = desk.press.runs.last(limit=1)
        health = health_of(desk.press)
    except NewsletterError as error:
        return JSONResponse({"status": "broken", "database": error.what}, status_code=503)
    last = {"command": runs[0].command, "outcome": runs[0].outcome} if runs else None
    findings = [{"state": one.state, "subject": one.subject} for one in health.findings]
    document = {"status": health.state, "papers": papers, "last_run": last, "findings": findings}
    return JSONResponse(document, status_code=503 if health.state == "broken" and "pages" not in ask.query else 200)


def metrics(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    now = desk.now()
    rows = desk.counted.get("", lambda: dict(desk.press.ledger.counts(now=now).items()), now=now)
    desk.meters.watch(**watched(desk.press))
    text = desk.meters.text(
        subscribers=desk.press.subscribers.counts(),
        deliveries=rows,
        papers=desk.press.papers.count(),
    )
    return Response(text, media_type="text/plain; version=0.0.4")


def static(desk: Desk, ask: Ask) -> Response:
    """A file whose address holds its hash; its old addresses are gone."""
    asset = desk.pages.asset(ask.params["name"])
    if asset is None:
        return desk.lost()
    return Response(asset.data, media_type=asset.kind, headers={"Cache-Control": FOR_EVER})
