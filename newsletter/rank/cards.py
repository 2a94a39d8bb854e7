"""The facts of a paper as they stood when the edition was printed, and news of earlier picks."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from newsletter.model.edition import Card, FollowUp
from newsletter.rank.trend import born, latest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from newsletter.model.paper import Candidate, Paper, Reading

PLOT_POINTS = 24


def card(candidate: Candidate, asof: datetime) -> Card:
    """Counts are the latest at `asof`; the series is thinned to PLOT_POINTS, first and last kept."""
    now = latest(candidate.readings, asof)
    series = sorted(
        {
            (r.at.isoformat(), float(r.value))
            for r in candidate.readings
            if r.at <= asof and _is(r.signal, "upvotes") and isfinite(r.value)
        }
    )
    return Card(
        paper=candidate.paper,
        listed=min((listing.day for listing in candidate.listings), default=born(candidate).date()),
        upvotes=_most(now, "upvotes"),
        comments=_most(now, "comments"),
        stars=_most(now, "stars"),
        trend=tuple(_thinned(series)),
    )


def follow_ups(
    candidates: Sequence[Candidate], featured: frozenset[str], since: datetime, told: Mapping[str, Card]
) -> tuple[FollowUp, ...]:
    """What listings since `since` say of papers shown before: withdrawn, published, a major new version, code.

    `told`: each paper's card when it was last shown or told of; what stood there is no news.
    """
    found = []
    for candidate in candidates:
        paper = candidate.paper
        fresh = [x for x in candidate.listings if x.at > since and x.kind == "replace"]
        if paper.id not in featured or not fresh:
            continue
        if (news := _news(paper, told[paper.id].paper if paper.id in told else None)) is not None:
            found.append(news)
    return tuple(sorted(found, key=lambda f: f.paper_id))


def _news(paper: Paper, before: Paper | None) -> FollowUp | None:
    """The most telling change. Without a paper of before everything that stands there is taken for new."""
    if paper.withdrawn:
        return None if before and before.withdrawn else FollowUp(paper.id, "withdrawn", "Withdrawn by its authors.")
    where = _place(paper)
    if where and not (before and _place(before)):
        return FollowUp(paper.id, "published", f"Published: {where}.", where)
    if paper.code_url and not (before and before.code_url):
        return FollowUp(paper.id, "code", "A new version names its code.")
    if paper.version >= 2 and not (before and before.version >= paper.version):
        return FollowUp(paper.id, "version", f"Version {paper.version} is out.", str(paper.version))
    return None


def _place(paper: Paper) -> str:
    """Where it was published: a journal, or a DOI that is not arXiv's own."""
    if paper.journal or not paper.doi or paper.doi.startswith("10.48550/"):
        return paper.journal
    return f"doi:{paper.doi}"


def _is(signal: str, what: str) -> bool:
    return signal.rpartition(".")[2] == what


def _most(now: Mapping[str, Reading], what: str) -> int | None:
    values = (reading.value for signal, reading in now.items() if _is(signal, what))
    return max((int(value) for value in values if isfinite(value)), default=None)


def _thinned(series: Sequence[tuple[str, float]]) -> Sequence[tuple[str, float]]:
    if len(series) <= PLOT_POINTS:
        return series
    step = (len(series) - 1) / (PLOT_POINTS - 1)
    return [series[round(n * step)] for n in range(PLOT_POINTS)]
