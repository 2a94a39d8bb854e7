"""What the gate lets in, by its cosine: python -m benchmarks.gate --data DIR [--quick] [--json FILE].

DIR is laid out as the shared data's `ranking` folder. For every topic task the papers that would be shown (the first
six that pass) are counted, and how many of them people said are right. A topic that a day does not have should show
nothing; the judgements of curated topics are incomplete, so their precision is low for every bar.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.common import Row, options, report
from benchmarks.ranking_data import load, paper_of
from newsletter.model.edition import Topic
from newsletter.rank import relevance as room
from newsletter.rank.corpus import read
from newsletter.rank.text_model import load_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from newsletter.model.paper import Paper
    from newsletter.rank.text_model import Models

BARS = (0.25, 0.30, 0.35, 0.40, 0.45, 0.50)
SHOWN = 6
KINDS = {"cat": "a field in words", "kw": "a keyword", "cur": "a curated topic"}
MOST = 300  # papers of a pool without a day


def main() -> None:
    parser = options("What the gate lets in, by its cosine.")
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    rows, models = [], load_models()
    for kind, name in KINDS.items():
        tasks = [*_tasks(given.data, kind)][: 10 if given.quick else 80]
        counted = np.array([_count(*task, models) for task in tasks]).sum(axis=0)
        for bar, (shown, right) in zip(BARS, counted.tolist(), strict=True):
            mark = ", as it is" if bar == round(room.CLOSE, 2) else ""
            rows.append(Row(f"{name}, bar {bar:.2f}{mark}", shown, f"papers shown, {right} right, {right / shown:.3f}"))
    report(rows, given.json)


def _tasks(data: Path, kind: str) -> Iterator[tuple[str, list[Paper], Mapping[str, int]]]:
    papers = {row["id"]: row for row in load(data / "papers.jsonl")}
    right = {row["qid"]: row["rel"] for row in load(data / "qrels.jsonl") if "rel" in row}
    pools = {row["pool"]: row["ids"] for row in load(data / "pools.jsonl")}
    chance = random.Random(3)
    tasks = [one for one in load(data / "tasks.jsonl") if one["task"] == "topic" and one["kind"] == kind]
    chance.shuffle(tasks)
    for task in tasks:
        known = right[task["qid"]]
        ids = pools[task["pool"]]
        if len(ids) > 10 * MOST:
            ids = sorted({*[*known][:8], *chance.sample(ids, MOST)})
        yield task["query"], [paper_of(papers[one]) for one in ids if one in papers], known


def _count(query: str, papers: list[Paper], known: Mapping[str, int], models: Models) -> list[tuple[int, int]]:
    """For each bar (papers shown, right ones among them)."""
    corpus = read(papers, models.text)
    question = room.ask(Topic(slug="topic", name=query, query=query), {})
    counts, now = [], room.CLOSE
    for bar in BARS:
        room.CLOSE = bar
        found = room.relevance(corpus, question, models.text)
        first = [row for row in np.argsort(-found.total, kind="stable")[:SHOWN] if found.passes[row]]
        counts.append((len(first), sum(papers[row].id in known for row in first)))
    room.CLOSE = now
    return counts


if __name__ == "__main__":
    main()
