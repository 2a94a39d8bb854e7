"""Attention to papers: stars, points and citations, each a reading at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from newsletter.collect.signals.github import GitHub
from newsletter.collect.signals.hackernews import HackerNews
from newsletter.collect.signals.semanticscholar import SemanticScholar

if TYPE_CHECKING:
    from typing import Literal

    from newsletter.collect.http import Http
    from newsletter.ports import Records, Signal

    SignalKind = Literal["github", "hackernews", "semanticscholar"]

_HOMES = {
    "github": "https://api.github.com",
    "hackernews": "https://hn.algolia.com",
    "semanticscholar": "https://api.semanticscholar.org",
}


def open_signal(
    kind: SignalKind, *, http: Http, url: str = "", token: str = "", records: Records | None = None
) -> Signal:
    """A signal by its kind; an empty `url` is the service's own. What it remembers from run to run is in `records`."""
    base = url or _HOMES[kind]
    match kind:
        case "github":
            return GitHub(http, url=base, token=token, records=records)
        case "hackernews":
            return HackerNews(http, url=base)
        case "semanticscholar":
            return SemanticScholar(http, url=base, token=token)
        case _:
            assert_never(kind)
