"""What the parts that no task judges do to the pages of replayed days: python -m benchmarks.replayed --data DIR.

DIR is laid out as the shared data's `ranking` folder. A day is its pool of four days on the hub, with the votes
that were read by then, and arXiv's listing of it where the data have one; the topics are the data's fields in words.
Each day is ranked by `rank_day` with one part left out at a time. nDCG is by the votes of every hub paper in the end.
"""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.ablations import Change, changed
from benchmarks.given import asked_models, data_options
from benchmarks.ranking_data import load, paper_of
from newsletter.model.edition import Issue, Topic
from newsletter.model.paper import Candidate, Listing, Reading
from newsletter.model.subscriber import Subscriber
from newsletter.rank import pool, relevance, trend
from newsletter.rank.corpus import read
from newsletter.rank.cut import EXPLORATION, cut
from newsletter.rank.edition import rank_day
from newsletter.rank.settings import RankSettings
from newsletter.rank.words import name_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from newsletter.model.edition import Edition
    from newsletter.model.paper import Paper
    from newsletter.rank.text_model import Models

TOP = 6
MANY = 1000
WITHOUT: dict[str, tuple[dict[str, Any], tuple[Change, ...]]] = {
    "nothing": ({}, ()),
    "cap of an author": ({"per_author": MANY}, ()),
    "cap of an organisation": ({"per_organization": MANY}, ()),
    "variety": ({"mmr": 1.0}, ()),
    "caps and variety": ({"mmr": 1.0, "per_author": MANY, "per_organization": MANY}, ()),
    "several lists": ({}, ((trend, "SEEN_TWICE", 0.0),)),
    "age": ({}, ((pool, "DECAY", 0.0),)),
    "votes": ({"trend_weight": 0.0}, ()),
    "gate": ({}, ((relevance, "CLOSE", -2.0), (relevance, "TOP_SHARE", 1.0), (relevance, "COVERED", 0.0))),
}


@dataclass(frozen=True, slots=True)
class Past:
    """One day: what could be known at `asof`, and what came of it."""

    asof: datetime
    candidates: tuple[Candidate, ...]
    votes: Mapping[str, float]  # in the end, of those that people could vote on
    right: Mapping[str, frozenset[str]]  # topic -> papers that arXiv has in that field; days without a listing: none


def pasts(data: Path, since: str) -> Iterator[Past]:
    """The days of the data's pools of mixed ages, the oldest first."""
    meta = {row["id"]: row for row in load(data / "hf_meta.jsonl")}
    papers = {row["id"]: paper_of(row, meta.get(row["id"])) for row in load(data / "papers.jsonl")}
    said = {row["qid"]: row["rel"] for row in load(data / "qrels.jsonl") if "rel" in row}
    pools = {row["pool"]: row["ids"] for row in load(data / "pools.jsonl")}
    tasks = sorted(load(data / "tasks.jsonl"), key=lambda one: one.get("date") or "")
    fields = [task for task in tasks if task["kind"] == "cat"]
    for task in tasks:
        if task["task"] != "mixed" or task["date"] < since:
            continue
        asof = datetime.fromisoformat(f"{task['date']}T13:30:00+00:00")
        right = {one["query"]: frozenset(said[one["qid"]]) for one in fields if one["date"] == task["date"]}
        listing = pools.get(f"arxiv:{task['date']}", ())
        yield Past(asof, tuple(_candidates(task, listing, papers, asof)), said[task["qid"]], right)


def _candidates(
    task: Mapping[str, Any], listing: Sequence[str], papers: Mapping[str, Paper], asof: datetime
) -> Iterator[Candidate]:
    seen = {row["id"]: row for row in task["obs"]}
    for one in dict.fromkeys([*seen, *listing]):
        if one not in papers:
            continue
        listings, readings = [], []
        first = asof - timedelta(hours=5)
        if row := seen.get(one):
            first = asof - timedelta(hours=row["age_h"])
            read = min(asof, first + timedelta(hours=row["obs_age_h"]))
            listings.append(Listing(one, "huggingface", first.date(), "listed", first))
            readings.append(Reading(one, "huggingface.upvotes", float(row["upvotes"]), read))
        if one in listing:
            listings.append(Listing(one, "arxiv", asof.date(), "listed", asof - timedelta(hours=5)))
        yield Candidate(papers[one], first, tuple(listings), tuple(readings))


def pages(past: Past, edition: Edition, models: Models) -> Iterator[dict[str, float]]:
    """What can be counted of each topic's first page."""
    texts = {one.paper.id: one.paper for one in past.candidates}
    votes = {one: value for one, value in past.votes.items() if one in texts}
    for group in edition.pools:
        shown = [texts[pick.paper_id] for pick in group.picks[:TOP]]
        row = {"filled": len(shown) / TOP, "ndcg": _ndcg([one.id for one in shown], votes)}
        if group.name in past.right and shown:
            row["right"] = sum(one.id in past.right[group.name] for one in shown) / len(shown)
        if len(shown) > 1:
            row["alike"] = _alike(shown, models)
            row["author"] = max(Counter(" ".join(name_key(one.authors[-1])) for one in shown if one.authors).values())
            labs = Counter(one.organization for one in shown if one.organization)
            row["organisation"] = max(labs.values(), default=0)
        yield row


def _ndcg(shown: Sequence[str], votes: Mapping[str, float]) -> float:
    gains = [math.log2(1 + votes.get(one, 0.0)) for one in shown]
    best = sorted((math.log2(1 + value) for value in votes.values()), reverse=True)[:TOP]
    discount = 1 / np.log2(np.arange(2, TOP + 2))
    ideal = float(np.array(best) @ discount[: len(best)])
    return float(np.array(gains) @ discount[: len(gains)]) / ideal if ideal else math.nan


def _alike(shown: Sequence[Paper], models: Models) -> float:
    """The mean cosine of two papers of the page."""
    vectors = read(shown, models.text).vectors
    return float(np.mean([float(vectors[a] @ vectors[b]) for a, b in itertools.combinations(range(len(shown)), 2)]))


def explored(
    past: Past, edition: Edition, topics: Sequence[Topic], settings: RankSettings
) -> Iterator[dict[str, float]]:
    """Each topic's reader who chose it alone: the votes, in the end, of what is shown to her outside of it."""
    for number, topic in enumerate(topics, start=1):
        reader = Subscriber(id=number, email="reader@example.org", topics=(topic.slug,))
        day = edition.day
        issue = cut(reader, [edition], day=day, seen=frozenset(), topics=topics, settings=settings)
        if isinstance(issue, Issue):
            yield _votes(issue, past.votes)


def _votes(issue: Issue, votes: Mapping[str, float]) -> dict[str, float]:
    row = {}
    for name, outside in (("votes inside", False), ("votes outside", True)):
        shown = [p.paper_id for s in issue.sections if (s.slug == EXPLORATION) is outside for p in s.picks]
        voted = [votes[one] for one in shown if one in votes]
        if voted:
            row[name] = float(np.mean(np.log2(1 + np.array(voted))))
        row[name.replace("votes", "shown")] = len(shown)
    return row


def replay(days: Sequence[Past], topics: Sequence[Topic], models: Models) -> dict[str, list[dict[str, float]]]:
    """Part that is left out -> a row for each topic of each day; `exploration` has rows of its own."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WITHOUT}
    found["exploration"] = []
    for past in days:
        for name, (different, changes) in WITHOUT.items():
            settings = replace(RankSettings(), **different)
            with changed(changes):
                edition = _rank(past, topics, settings, models)
            found[name] += pages(past, edition, models)
            if name == "nothing":
                found["exploration"] += explored(past, edition, topics, settings)
    return found


def _rank(past: Past, topics: Sequence[Topic], settings: RankSettings, models: Models) -> Edition:
    day: date = past.asof.astimezone(UTC).date()
    none: frozenset[str] = frozenset()
    return rank_day(
        past.candidates, topics, day=day, asof=past.asof, featured=none, settings=settings, notes=(), models=models
    )


def means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each measure over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: round(float(np.nanmean([row[name] for row in rows if name in row])), 4) for name in names}


def main() -> None:
    reader = data_options(__doc__)
    reader.add_argument("--since", default="", help="only days from this ISO day on")
    reader.add_argument("--listed", action="store_true", help="only days that have a listing of arXiv")
    reader.add_argument("--every", type=int, default=1, help="only every so many days")
    asked = reader.parse_args()
    models = asked_models(asked)
    days = [one for one in pasts(asked.data, asked.since) if one.right or not asked.listed]
    queries = dict.fromkeys(row["query"] for row in load(asked.data / "tasks.jsonl") if row["kind"] == "cat")
    topics = [Topic(slug=f"t{place}", name=query, query=query, top=TOP) for place, query in enumerate(sorted(queries))]
    found = {name: means(rows) for name, rows in replay(days[:: asked.every], topics, models).items()}
    for name, row in found.items():
        print(f"{name:<24}", "  ".join(f"{what} {value:.3f}" for what, value in row.items()), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
