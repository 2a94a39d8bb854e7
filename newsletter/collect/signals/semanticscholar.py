"""Citation counts from Semantic Scholar, in batches: an extra that often says no without a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from newsletter.collect import items
from newsletter.collect.answers import Failed, Fetched
from newsletter.model.paper import Problem, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from newsletter.collect.http import Http, Session
    from newsletter.model.paper import Paper

BATCH = 500  # the API's maximum
BATCHES = 4
PACE = 1.0  # seconds; what a key is allowed


class SemanticScholar:
    """`semanticscholar.citations`."""

    name = "semanticscholar"

    def __init__(self, http: Http, *, url: str, token: str) -> None:
        self._http, self._base, self._token = http, url.rstrip("/"), token

    def read(self, papers: Sequence[Paper], asof: datetime) -> tuple[tuple[Reading, ...], tuple[Problem, ...]]:
        named = [(paper.id, name) for paper in papers if (name := _their_name(paper))][: BATCH * BATCHES]
        session = self._session()
        readings: list[Reading] = []
        for place in range(0, len(named), BATCH):
            part = named[place : place + BATCH]
            question = json.dumps({"ids": [name for _, name in part]}).encode()
            answer = session.post(f"{self._base}/graph/v1/paper/batch?fields=citationCount", question)
            if not isinstance(answer, Fetched):
                return tuple(readings), (_problem(answer),)
            try:
                rows = items.from_json(answer.body)
            except ValueError as error:
                return tuple(readings), (Problem(self.name, str(error), "The next run asks again."),)
            if not isinstance(rows, list) or len(rows) != len(part):
                return tuple(readings), (
                    Problem(self.name, "the answer does not match the question", "The next run asks again."),
                )
            for (paper_id, _), row in zip(part, rows, strict=True):
                value = items.number(row.get("citationCount")) if isinstance(row, dict) else None
                if value is not None:
                    readings.append(Reading(paper_id, "semanticscholar.citations", value, asof))
        return tuple(readings), ()

    def probe(self) -> Problem | None:
        answer = self._session().get(f"{self._base}/graph/v1/paper/ARXIV:1706.03762?fields=title", tries=1)
        return _problem(answer) if isinstance(answer, Failed) else None

    def _session(self) -> Session:
        return self._http.session(self._base, pace=PACE, headers={"x-api-key": self._token} if self._token else {})


def _their_name(paper: Paper) -> str:
    return f"ARXIV:{paper.arxiv_id}" if paper.arxiv_id else f"DOI:{paper.doi}" if paper.doi else ""


def _problem(answer: object) -> Problem:
    cure = "Without a key most requests are refused; set token in [[signals]], or leave this signal out."
    return Problem("semanticscholar", getattr(answer, "reason", "no answer"), cure)
