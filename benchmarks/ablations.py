"""What each part of the score buys: `python -m benchmarks.ablations --data DIR [--since DAY]`."""

from __future__ import annotations

import json
import math
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.given import asked_models, data_options
from benchmarks.ranking import Bench
from benchmarks.ranking_data import load
from newsletter.model.edition import Topic
from newsletter.rank import likings, relevance, taste, trend
from newsletter.rank.growth import Curves
from newsletter.rank.words import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MADE = "made"
SEEDS = 3  # papers of a topic that has seeds
Change = tuple[Any, str, Any]  # (module, name of the constant, its value without the part)


def _single(text: str) -> Counter[str]:
    """The terms of a query without pairs of words."""
    return Counter({term: count for term, count in terms(text).items() if "_" not in term})


# Kind of task -> what is left out of it.
WITHOUT: dict[str, dict[str, tuple[Change, ...]]] = {
    "topic": {
        "meaning": ((relevance, "NARROW", 1e-9), (relevance, "BROAD", 1e-9)),
        "words": ((relevance, "NARROW", 1e9), (relevance, "BROAD", 1e9)),
        "pairs": ((relevance, "terms", _single),),
        "the very letters": ((relevance, "WORDING", 0.0),),
        "feedback": ((relevance, "LARGE", 10**9),),
    },
    "user": {
        "learned words": ((likings, "WEIGHT", 0.0), (likings, "SURE", 1e9)),
        "all words": ((likings, "SURE", 1e-9),),
        "meaning": ((likings, "MEANING", 0.0),),
        "dislikes": ((likings, "LESS", 0.0),),
        "followed authors": ((taste, "AUTHOR", 0.0),),
        "taste": ((taste, "MOST", 0.0), (taste, "AUTHOR", 0.0)),
    },
    "trend": {
        "author history": ((Bench, "history", False),),
        "growth": ((trend, "PACKAGED", Curves({"huggingface.upvotes": (1.0,) * 5})),),
    },
    "select": {"author history": ((Bench, "history", False),)},
}
WITHOUT["mixed"] = WITHOUT["trend"]


@contextmanager
def changed(changes: Sequence[Change]) -> Iterator[None]:
    """Constants as they would be without a part, for a while."""
    before = [(where, name, getattr(where, name)) for where, name, _ in changes]
    for where, name, value in changes:
        setattr(where, name, value)
    try:
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)


def judged(task: Mapping[str, Any], ranked: Sequence[str], rel: Mapping[str, float]) -> tuple[float, float]:
    """(nDCG@10, AUC); for trend tasks nDCG with gain log2(1 + votes), and recall of the true top ten."""
    votes = task["task"] in {"trend", "mixed"}
    gains = [math.log2(1 + rel.get(one, 0)) if votes else float(rel.get(one, 0)) for one in ranked]
    discount = 1 / np.log2(np.arange(2, 12))
    best = sorted(gains, reverse=True)
    ideal = float((np.array(best[:10]) * discount[: len(best)]).sum())
    ndcg = float((np.array(gains[:10]) * discount[: len(gains)]).sum()) / ideal if ideal else math.nan
    if votes:
        count = min(10, len(ranked))
        top = sorted(ranked, key=lambda one: (-rel.get(one, 0), one))[:count]
        return ndcg, len(set(top) & set(ranked[:count])) / count
    good = [place for place, gain in enumerate(gains) if gain]
    bad = len(gains) - len(good)
    return ndcg, 1 - (sum(good) - len(good) * (len(good) - 1) / 2) / (len(good) * bad) if good and bad else math.nan


def table(
    bench: Bench, answers: Mapping[str, Mapping[str, float]], tasks: Sequence[Mapping[str, Any]]
) -> list[list[str]]:
    """Rows of (kind, without what, tasks, nDCG@10, AUC or recall), the whole first."""
    rows = []
    for kind, parts in sorted(WITHOUT.items(), key=lambda one: one[0] == "topic"):  # the slowest last
        some = [task for task in tasks if task["task"] == kind and task["kind"] != "sim k=0"]
        groups = sorted({task["kind"] for task in some})
        if not some:
            continue
        for name, changes in {"nothing": (), **parts}.items():
            with changed(changes):
                scores = {t["qid"]: judged(t, bench.order(t) or (), answers[t["qid"]]) for t in some}
            for group in groups:
                found = np.array([scores[t["qid"]] for t in some if t["kind"] == group])
                means = [f"{value:.3f}" for value in np.nanmean(found, axis=0)]
                rows.append([f"{kind} {group}", name, str(len(found)), *means])
                print(" | ".join(rows[-1]), flush=True)
    return rows


def made(
    bench: Bench,
    answers: Mapping[str, Mapping[str, float]],
    tasks: Sequence[Mapping[str, Any]],
    filed: Mapping[str, Any],
) -> list[list[str]]:
    """What seed papers and categories add to a topic in words: rows as in `table`.

    A topic's seeds are its first three right papers by id; those to stay away from are the three wrong ones that its
    words alone put highest. None of the six is judged. Categories are the data's own, which are the answers here too.
    """
    scores: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for task in tasks:
        rel = answers[task["qid"]]
        right = sorted(one for one, grade in rel.items() if grade == max(rel.values()))
        if len(right) < 2 * SEEDS:
            continue
        words = Topic(slug="t", name="", query=task["query"])
        alone = _ordered(bench, task, words)
        more = tuple(right[:SEEDS])
        less = tuple([one for one in alone if one not in rel][:SEEDS])
        for name, topic in _variants(
            words, more, less, task["qid"].rpartition(":")[2] if task["kind"] == "cat" else ""
        ):
            ranked = [one for one in _ordered(bench, task, topic, filed) if one not in {*more, *less}]
            scores.setdefault((task["kind"], name), []).append(judged(task, ranked, rel))
    rows = []
    for (kind, name), found in scores.items():
        means = [f"{value:.3f}" for value in np.nanmean(np.array(found), axis=0)]
        rows.append([f"made topic {kind}", name, str(len(found)), *means])
        print(" | ".join(rows[-1]), flush=True)
    return rows


def _variants(words: Topic, more: tuple[str, ...], less: tuple[str, ...], category: str) -> Iterator[tuple[str, Topic]]:
    yield "words", words
    yield "words, seeds", replace(words, papers=more)
    yield "words, seeds to stay away from", replace(words, papers_not=less)
    yield "words and both", replace(words, papers=more, papers_not=less)
    yield "seeds alone", replace(words, query="", papers=more)
    if category:
        yield "words, category", replace(words, categories=(category,))


def _ordered(bench: Bench, task: Mapping[str, Any], topic: Topic, filed: Mapping[str, Any] | None = None) -> list[str]:
    corpus = bench.corpus(task["pool"])
    if topic.categories and filed is not None:
        papers = tuple(replace(one, categories=tuple(filed.get(one.id) or ())) for one in corpus.papers)
        corpus = replace(corpus, papers=papers)
    found = relevance.relevance(corpus, relevance.ask(topic, bench.papers), bench.models.text).total
    ids = bench.pools[task["pool"]]
    return [ids[row] for row in sorted(range(len(ids)), key=lambda row: (-found[row], ids[row]))]


def main() -> None:
    reader = data_options(__doc__)
    reader.add_argument("--since", default="", help="only tasks from this ISO day on; undated ones stay")
    reader.add_argument(
        "--only", default="", help="kinds of task, such as user, or made, made cat: topics with seed papers"
    )
    reader.add_argument("--quick", action="store_true", help="every twentieth task")
    reader.add_argument("--every", type=int, default=1, help="only every so many tasks")
    asked = reader.parse_args()
    models = asked_models(asked)
    bench = Bench(asked.data, models, dense=True)
    answers = {one["qid"]: one["rel"] for one in load(asked.data / "qrels.jsonl") if "rel" in one}
    dated = [task for task in bench.tasks if (task.get("date") or "9") >= asked.since]
    tasks = [task for task in dated if asked.only in f"{task['task']} {task['kind']}"][
        :: 20 if asked.quick else asked.every
    ]
    tasks = sorted(tasks, key=lambda one: (one["task"], one["pool"], one["qid"]))
    rows = [] if asked.only.startswith(MADE) else table(bench, answers, tasks)
    if not asked.only or asked.only.startswith(MADE):
        filed = {one["id"]: one.get("categories") for one in load(asked.data / "labels.jsonl", needed=False)}
        wanted = asked.only.removeprefix(MADE).strip()
        topics = [task for task in dated if task["task"] == "topic" and wanted in task["kind"]]
        topics = topics[:: 20 if asked.quick else asked.every]
        rows += made(bench, answers, sorted(topics, key=lambda one: (one["pool"], one["qid"])), filed)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
