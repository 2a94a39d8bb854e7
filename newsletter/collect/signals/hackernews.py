"""Hacker News points of arXiv papers: one search covers a week."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.collect import ids, items
from newsletter.collect.answers import Failed, Fetched
from newsletter.model.paper import Problem, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from newsletter.collect.http import Http
    from newsletter.model.paper import Paper

WEEK = timedelta(days=7)


class HackerNews:
    """`hackernews.points`, from Algolia's search of stories by URL."""

    name = "hackernews"

    def __init__(self, http: Http, *, url: str) -> None:
        self._http, self._base = http, url.rstrip("/")

    def read(self, papers: Sequence[Paper], asof: datetime) -> tuple[tuple[Reading, ...], tuple[Problem, ...]]:
        """Points of the best story for each paper; papers without a story get no reading."""
        known = {paper.arxiv_id: paper.id for paper in papers if paper.arxiv_id}
        if not known:
            return (), ()
        since, until = int((asof - WEEK).timestamp()), int(asof.timestamp())
        answer = self._http.session(self._base).get(
            f"{self._base}/api/v1/search_by_date",
            {
                "query": "arxiv.org",
                "restrictSearchableAttributes": "url",
                "tags": "story",
                "numericFilters": f"created_at_i>{since},created_at_i<={until}",
                "hitsPerPage": 1000,
            },
        )
        if not isinstance(answer, Fetched):
            return (), (_problem(answer),)
        try:
            hits = items.child({"page": items.from_json(answer.body)}, "page").get("hits")
        except ValueError as error:
            return (), (Problem("hackernews", str(error), "The next run asks again."),)
        points: dict[str, float] = {}
        for hit in hits[:1000] if isinstance(hits, list) else ():
            number = ids.arxiv_id(hit.get("url")) if isinstance(hit, dict) else None
            value = items.number(hit.get("points")) if isinstance(hit, dict) else None
            if number is not None and value is not None and number[0] in known:
                points[known[number[0]]] = max(value, points.get(known[number[0]], 0.0))
        return tuple(Reading(name, "hackernews.points", value, asof) for name, value in sorted(points.items())), ()

    def probe(self) -> Problem | None:
        answer = self._http.session(self._base).get(f"{self._base}/api/v1/search", {"hitsPerPage": 1}, tries=1)
        return _problem(answer) if isinstance(answer, Failed) else None


def _problem(answer: object) -> Problem:
    return Problem("hackernews", getattr(answer, "reason", "no answer"), getattr(answer, "cure", ""))
