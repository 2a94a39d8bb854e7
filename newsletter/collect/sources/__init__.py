"""Lists of papers: one module for each kind of source, and the door that opens them by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeGuard, assert_never, get_args

from newsletter.collect.sources.arxiv import Arxiv
from newsletter.collect.sources.biorxiv import Biorxiv
from newsletter.collect.sources.crossref import Crossref
from newsletter.collect.sources.feed import Feed
from newsletter.collect.sources.file import File
from newsletter.collect.sources.huggingface import HuggingFace
from newsletter.collect.sources.plugged import open_plugged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from newsletter.collect.http import Http
    from newsletter.ports import Source

__all__ = ["SourceKind", "is_ours", "open_plugged", "open_source"]
SourceKind = Literal["huggingface", "arxiv", "feed", "biorxiv", "medrxiv", "crossref", "file"]


def is_ours(kind: str) -> TypeGuard[SourceKind]:
    """Whether the kind comes with the house; others are plug-ins."""
    return kind in get_args(SourceKind)


def open_source(
    kind: SourceKind,
    *,
    name: str,
    http: Http,
    url: str = "",
    feed_url: str = "",
    categories: Sequence[str] = (),
    path: str | Path = "",
    pace: timedelta | None = None,
    summaries: bool = True,
) -> Source:
    """A source by its kind. `pace` is the least time between two requests to its host, None for its own rule.

    `path` is absolute, or relative to the working folder.
    """
    rest = None if pace is None else pace.total_seconds()
    match kind:
        case "huggingface":
            return HuggingFace(http, name=name, url=url or "https://huggingface.co", pace=rest, summaries=summaries)
        case "arxiv":
            return Arxiv(http, name=name, url=url, feed_url=feed_url, categories=categories, pace=rest)
        case "feed":
            return Feed(http, name=name, url=url, pace=rest)
        case "biorxiv" | "medrxiv":
            return Biorxiv(http, name=name, server=kind, url=url, pace=rest)
        case "crossref":
            return Crossref(http, name=name, url=url, prefixes=categories, pace=rest)
        case "file":
            return File(name=name, path=Path(path))
        case _:
            assert_never(kind)
