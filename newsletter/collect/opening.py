"""Plain values become sources and signals; `wiring` maps the configuration to these calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from newsletter.collect.http import Http
from newsletter.collect.signals.github import GitHub
from newsletter.collect.signals.hackernews import HackerNews
from newsletter.collect.signals.semanticscholar import SemanticScholar
from newsletter.collect.sources.arxiv import Arxiv
from newsletter.collect.sources.biorxiv import Biorxiv
from newsletter.collect.sources.feed import Feed
from newsletter.collect.sources.file import File
from newsletter.collect.sources.huggingface import HuggingFace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from newsletter.collect.answers import Limits
    from newsletter.ports import Signal, Source

    SourceKind = Literal["huggingface", "arxiv", "feed", "biorxiv", "medrxiv", "file"]
    SignalKind = Literal["github", "hackernews", "semanticscholar"]

_HOMES = {
    "github": "https://api.github.com",
    "hackernews": "https://hn.algolia.com",
    "semanticscholar": "https://api.semanticscholar.org",
}


def open_http(*, agent: str, limits: Limits | None = None) -> Http:
    """The one client of the process. `agent` should name the newsletter and a way to reach its operator."""
    return Http(agent=agent, limits=limits)


def open_source(
    kind: SourceKind,
    *,
    name: str,
    http: Http,
    url: str = "",
    feed_url: str = "",
    categories: Sequence[str] = (),
    path: str | Path = "",
    pace: float | None = None,
    summaries: bool = True,
) -> Source:
    """A source by its kind. `pace` is in seconds between two requests to its host, None for the source's own rule.

    `path` is absolute, or relative to the working folder.
    """
    match kind:
        case "huggingface":
            return HuggingFace(http, name=name, url=url or "https://huggingface.co", pace=pace, summaries=summaries)
        case "arxiv":
            return Arxiv(http, name=name, url=url, feed_url=feed_url, categories=categories, pace=pace)
        case "feed":
            return Feed(http, name=name, url=url, pace=pace)
        case "biorxiv" | "medrxiv":
            return Biorxiv(http, name=name, server=kind, url=url, pace=pace)
        case "file":
            return File(name=name, path=Path(path))
        case _:
            assert_never(kind)


def open_signal(kind: SignalKind, *, http: Http, url: str = "", token: str = "") -> Signal:
    """A signal by its kind; an empty `url` is the service's own."""
    base = url or _HOMES[kind]
    match kind:
        case "github":
            return GitHub(http, url=base, token=token)
        case "hackernews":
            return HackerNews(http, url=base)
        case "semanticscholar":
            return SemanticScholar(http, url=base, token=token)
        case _:
            assert_never(kind)
