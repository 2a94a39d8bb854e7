"""GitHub stars of the papers' repositories: snapshots, since GitHub keeps no history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from newsletter.collect import items
from newsletter.collect.answers import Failed, NotModified, unheard
from newsletter.model.paper import Problem, Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from newsletter.collect.http import Http
    from newsletter.model.paper import Paper
    from newsletter.ports import Records

ANONYMOUS = 50  # requests a run; GitHub allows 60 an hour without a token
WITH_TOKEN = 1_000  # of 5,000 an hour
GIVE_UP = 3  # refusals of a run
_HOST = "https://github.com/"
_CURE = "A token in [[signals]] raises GitHub's limit to 5,000 an hour."


class GitHub:
    """`github.stars`. Answers are remembered with their ETags, in `records` from run to run: with a token a 304 is
    free.
    """

    name = "github"

    def __init__(self, http: Http, *, url: str, token: str, records: Records | None = None) -> None:
        self._http, self._base, self._token, self._records = http, url.rstrip("/"), token, records
        self._held: dict[str, tuple[str, float]] = {}

    def read(self, papers: Sequence[Paper], asof: datetime) -> tuple[tuple[Reading, ...], tuple[Problem, ...]]:
        """At most a budget of repositories a run, another part of them every hour."""
        goals: dict[str, list[str]] = {}
        for paper in papers:
            if paper.code_url.startswith(_HOST):
                goals.setdefault(paper.code_url.removeprefix(_HOST), []).append(paper.id)
        self._recall(asof)
        budget = WITH_TOKEN if self._token else ANONYMOUS
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        session = self._http.session(self._base, headers=headers)
        readings: list[Reading] = []
        tally = items.Tally()
        refused = 0
        for name in _turn(list(goals), budget, asof):
            etag, stars = self._held.get(name, ("", -1.0))
            answer = session.get(f"{self._base}/repos/{name}", etag=etag, accept="application/vnd.github+json")
            if isinstance(answer, Failed):
                if answer.status in {404, 451}:
                    continue  # gone, renamed away or never public: normal
                refused += 1
                tally.add(f"github {name}", answer.reason, _CURE)
                if answer.status == 403 and refused < GIVE_UP:
                    continue  # this one may be blocked; a limit that is used up refuses the next ones too
                break
            if not isinstance(answer, NotModified):
                found = _stars(answer.body)
                if isinstance(found, str):
                    tally.add(f"github {name}", found)
                    continue
                stars = found
                self._held[name] = answer.etag, stars
            if stars >= 0:
                readings.extend(Reading(paper_id, "github.stars", stars, asof) for paper_id in goals[name])
        self._keep(goals)
        return tuple(readings), tally.problems("github")

    def _recall(self, asof: datetime) -> None:
        kept = self._records.get("github", self._base, now=asof) if self._records else None
        if kept:
            self._held |= {name: (etag, stars) for name, (etag, stars) in json.loads(kept).items()}

    def _keep(self, names: Iterable[str]) -> None:
        """Only of the repositories that are still asked about."""
        self._held = {name: self._held[name] for name in names if name in self._held}
        if self._records:
            self._records.put("github", self._base, json.dumps(self._held), until=None)

    def probe(self) -> Problem | None:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        answer = self._http.session(self._base, headers=headers).get(f"{self._base}/rate_limit", tries=1)
        return unheard("github", answer)


def _stars(body: bytes) -> float | str:
    """The count, or why there is none."""
    try:
        found = items.number(items.child({"repo": items.from_json(body)}, "repo").get("stargazers_count"))
    except ValueError as error:
        return str(error)
    return "the answer has no count of stars" if found is None else found


def _turn(names: list[str], budget: int, asof: datetime) -> list[str]:
    """The part of the names whose turn it is: every hour the next `budget` of them."""
    if len(names) <= budget:
        return names
    start = int(asof.timestamp() // 3_600) * budget % len(names)
    return (names + names)[start : start + budget]
