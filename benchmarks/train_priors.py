"""Fit the packaged expectations of unvoted papers: `python -m benchmarks.train_priors DATA TEXT OUT [--before DAY]`."""

from __future__ import annotations

import argparse
import dataclasses
from collections import defaultdict
from datetime import date, timedelta
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.ranking_data import entrance_of, load, paper_of
from newsletter.rank.corpus import read
from newsletter.rank.prior import (
    FACTS,
    Entrance,
    Head,
    PriorModel,
    Question,
    Record,
    author_key,
    features,
    write_prior_model,
)
from newsletter.rank.text_model import read_text_model
from newsletter.rank.trend import PACKAGED, expected_votes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

LAG = timedelta(days=8)  # votes of the last days are not final when a prior is needed
SINCE = "2025-01"  # picked papers older than this have no day of arXiv listings beside them
Rows = list[tuple[str, str, float]]  # (paper id, day, target)


def lists(data: Path) -> dict[str, str]:
    return {one["id"]: one["date"] for one in load(data / "hf_meta.jsonl")}


def surplus(data: Path, before: str) -> Rows:
    """Each paper's log of a week's votes, foretold or final, above the mean of its day."""
    days = lists(data)
    votes: dict[str, float] = {}
    for one in load(data / "early_obs.jsonl"):
        votes.setdefault(one["id"], expected_votes(one["upvotes"], PACKAGED.share("", one["age_h"])))
    final = {t["qid"] for t in load(data / "tasks.jsonl") if t["task"] in {"trend", "mixed"}}
    for answer in load(data / "qrels.jsonl"):
        if answer["qid"] in final:
            votes.update({i: value + 1.0 for i, value in answer["rel"].items()})
    by_day: dict[str, list[str]] = defaultdict(list)
    for paper_id in votes:
        if (day := days.get(paper_id)) is not None and day < before:
            by_day[day].append(paper_id)
    rows: Rows = []
    for day, ids in sorted(by_day.items()):
        if len(ids) >= 6:
            mean = sum(log(votes[i]) for i in ids) / len(ids)
            rows += [(i, day, log(votes[i]) - mean) for i in sorted(ids)]
    return rows


def picked(data: Path, before: str) -> Rows:
    """1 for papers that the hub listed, 0 for the others of the same days of arXiv."""
    days = lists(data)
    rows: Rows = []
    seen = set()
    for pool in load(data / "pools.jsonl"):
        if pool["pool"].startswith("arxiv:") and (day := pool["pool"][6:]) < before:
            rows += [(i, day, float(i in days)) for i in pool["ids"]]
            seen.update(pool["ids"])
    return rows + [(i, day, 1.0) for i, day in days.items() if i not in seen and SINCE <= day < before]


class History:
    """Authors' records as they stood on a day."""

    def __init__(
        self,
        papers: Mapping[str, Any],
        days: Mapping[str, str],
        votes: Rows,
        before: str,
    ) -> None:
        value = {i: target for i, _, target in votes}
        self.events: list[tuple[str, int, str, float]] = []
        for paper_id, day in days.items():
            if day >= before or paper_id not in papers:
                continue
            late = (date.fromisoformat(day) + LAG).isoformat()
            for key in {author_key(name) for name in papers[paper_id].authors}:
                self.events.append((day, key, "papers", 1.0))
                if paper_id in value:
                    self.events.append((late, key, "surplus", value[paper_id]))
        self.events.sort()

    def at(self, rows: Rows, papers: Mapping[str, Any], entrances: Mapping[str, Entrance]) -> NDArray[np.float64]:
        """Features of each row's paper with what was known before its day."""
        known: dict[int, Record] = {}
        made: dict[int, list[float]] = {}
        upto = 0
        for place in sorted(range(len(rows)), key=lambda n: rows[n][1]):
            while upto < len(self.events) and self.events[upto][0] < rows[place][1]:
                self._take(known, self.events[upto])
                upto += 1
            made[place] = features(papers[rows[place][0]], known, entrances.get(rows[place][0], Entrance()))
        return np.array([made[place] for place in range(len(rows))])

    def final(self) -> dict[int, Record]:
        known: dict[int, Record] = {}
        for event in self.events:
            self._take(known, event)
        return known

    @staticmethod
    def _take(known: dict[int, Record], event: tuple[str, int, str, float]) -> None:
        _, key, what, value = event
        old = known.get(key, Record())
        if what == "papers":
            known[key] = dataclasses.replace(old, papers=old.papers + 1)
        else:
            known[key] = dataclasses.replace(old, voted=old.voted + 1, surplus=old.surplus + value)


def within_days(values: NDArray[np.float64], rows: Rows) -> NDArray[np.float64]:
    """Each value less its day's mean: a day's papers are compared with each other, and with no other day's."""
    values = values.copy()
    by_day: dict[str, list[int]] = defaultdict(list)
    for row, (_, day, _) in enumerate(rows):
        by_day[day].append(row)
    for of_day in by_day.values():
        values[of_day] -= values[of_day].mean(axis=0)
    return values


def ridge(x: NDArray[np.float64], y: NDArray[np.float64], penalty: NDArray[np.float64]) -> NDArray[np.float64]:
    solved: NDArray[np.float64] = np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ (y - y.mean()))
    return solved


def logistic(x: NDArray[np.float64], y: NDArray[np.float64], penalty: NDArray[np.float64]) -> NDArray[np.float64]:
    """Balanced logistic regression by Newton's method; the last weight is the intercept."""
    x = np.column_stack([x, np.ones(len(x))])
    full = np.append(penalty, 1e-6)
    share = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    weights = np.zeros(x.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (share * (chance - y)) + full * weights
        bend = (x * (share * chance * (1 - chance))[:, None]).T @ x + np.diag(full)
        weights = weights - np.linalg.solve(bend, slope)
    return weights[:-1]


def head(question: Question, vectors: NDArray[np.float64], facts: NDArray[np.float64], y: NDArray[np.float64]) -> Head:
    """Vectors are scaled up by 4 so that one penalty suits both kinds of feature."""
    mean, spread = facts.mean(0), facts.std(0) + 1e-9
    x = np.column_stack([4 * vectors, (facts - mean) / spread])
    size = vectors.shape[1]
    if question == "votes":
        weights = ridge(x, y, np.append(np.full(size, 320.0), np.full(facts.shape[1], 100.0)))
    else:
        weights = logistic(x, y, np.full(x.shape[1], 33.0))
    return Head(4 * weights[:size], weights[size:], mean, spread)


def fit(data: Path, text: bytes, before: str) -> PriorModel:
    meta = {one["id"]: one for one in load(data / "hf_meta.jsonl")}
    plain = {one["id"]: paper_of(one) for one in load(data / "papers.jsonl")}
    rich = {i: paper_of({"id": i}, meta.get(i), base=paper) for i, paper in plain.items()}
    votes = [row for row in surplus(data, before) if row[0] in plain]
    picks = [row for row in picked(data, before) if row[0] in plain]
    history = History(plain, lists(data), votes, before)
    model = read_text_model(text)
    heads: dict[tuple[Question, bool], Head] = {}
    tasks: Sequence[tuple[Question, Rows, Mapping[str, Any]]] = (("picked", picks, plain), ("votes", votes, rich))
    for question, rows, papers in tasks:
        came = {i: entrance_of(meta.get(i)) for i in papers} if question == "votes" else {}
        facts = history.at(rows, papers, came)
        vectors = read([papers[i] for i, _, _ in rows], model).vectors.astype(np.float64)
        if question == "votes":
            facts, vectors = within_days(facts, rows), within_days(vectors, rows)
        target = np.array([value for _, _, value in rows])
        heads[question, True] = head(question, vectors, facts, target)
        heads[question, False] = head(question, vectors, facts[:, :FACTS], target)
    return PriorModel(heads, history.final())


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("data", type=Path)
    reader.add_argument("text", type=Path, help="the text model whose vectors the heads read (.npz)")
    reader.add_argument("out", type=Path)
    reader.add_argument("--before", default="9", help="learn only from days before this ISO day")
    asked = reader.parse_args()
    asked.out.write_bytes(write_prior_model(fit(asked.data, asked.text.read_bytes(), asked.before)))


if __name__ == "__main__":
    main()
