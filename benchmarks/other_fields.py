"""Topics outside machine learning: python -m benchmarks.other_fields --data DIR [--full] [--quick] [--json FILE].

DIR is made by `benchmarks.other_fields_data`. Each question is ranked by the function that `newsletter rank` uses; no
paper has votes. `--full` adds the full model (extra `full`), which takes a tenth of a second a paper.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, options, report
from benchmarks.ranking_data import load, paper_of
from newsletter.collect.minilm import MiniLm
from newsletter.model.edition import Topic
from newsletter.model.paper import Problem
from newsletter.rank.corpus import read
from newsletter.rank.given import Given, paper_text, text_key
from newsletter.rank.numbers import standard
from newsletter.rank.relevance import ask, relevance
from newsletter.rank.text_model import cosines, load_models
from newsletter.rank.words import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from newsletter.model.paper import Paper
    from newsletter.rank.corpus import Corpus

MODELS = load_models()


def main() -> None:
    parser = options("Topics outside machine learning.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--full", action="store_true", help="the full model beside the packaged one")
    given = parser.parse_args()
    papers = {row["id"]: paper_of(row) for row in load(given.data / "papers.jsonl")}
    pools = {row["pool"]: [papers[one] for one in row["ids"]] for row in load(given.data / "pools.jsonl")}
    right = {row["qid"]: row["rel"] for row in load(given.data / "qrels.jsonl")}
    tasks = load(given.data / "tasks.jsonl")[:: 8 if given.quick else 1]
    texts = {paper_text(one) for task in tasks for one in pools[task["pool"]]} | {task["query"] for task in tasks}
    full = _vectors(texts) if given.full else None
    corpora = cache(lambda pool, dense: read(pools[pool], MODELS.text if dense else None))
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for task in tasks:
        dense, plain = corpora(task["pool"], True), corpora(task["pool"], False)
        for name, scores in _ways(dense, plain, task["query"], full).items():
            found[task["kind"], name].append(_measure(scores, pools[task["pool"]], right[task["qid"]]))
    rows = []
    for (kind, name), measured in sorted(found.items()):
        ndcg, auc = np.array(measured).mean(axis=0)
        rows.append(Row(f"{kind} ({len(measured)} topics), {name}", float(ndcg), f"nDCG@10, AUC {auc:.3f}"))
    report(rows, given.json)


def _ways(dense: Corpus, plain: Corpus, query: str, full: Given | None) -> dict[str, NDArray[np.float64]]:
    """Scores of every paper: ours, its parts alone, and the plain sum that the reference of the data is."""
    assert MODELS.text is not None
    question = ask(Topic(slug="topic", name=query, query=query), {})
    near = cosines(dense.vectors, MODELS.text.encode([terms(query)])[0])
    said = plain.bm25(question.words)
    ways = {
        "ours": relevance(dense, question, MODELS.text).total,
        "words alone": relevance(plain, question, None).total,
        "meaning alone": near,
        "reference, BM25 and meaning in equal parts": standard(np.sqrt(said)) + standard(near),
        "how often the words stand there": _count(plain, query),
    }
    if full is not None:
        ways["ours with the full model"] = relevance(dense, question, MODELS.text, full).total
        ways["the full model alone"] = full.near(dense.papers, query, near > 1)[0]
    return ways


def _count(corpus: Corpus, query: str) -> NDArray[np.float64]:
    wanted = [term for term in terms(query) if "_" not in term]
    return np.array([sum(counts.get(term, 0) for term in wanted) for counts in corpus.counts], np.float64)


def _vectors(texts: Iterable[str]) -> Given:
    model, ordered, vectors = MiniLm(), sorted(texts, key=len), list[NDArray[np.float32]]()
    for answer in model.embed(ordered):
        if isinstance(answer, Problem):
            raise SystemExit(f"{answer.what} {answer.cure}")
        rows = np.array(answer[0])
        vectors += [*(rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)]
    return Given(model.name, {text_key(text): one for text, one in zip(ordered, vectors, strict=True)})


def _measure(scores: NDArray[np.float64], papers: list[Paper], right: Mapping[str, int]) -> tuple[float, float]:
    """(nDCG@10 with the grades as gains, AUC), ties by the order of the pool."""
    order = np.argsort(-scores, kind="stable")
    gains = [right.get(papers[row].id, 0) for row in order]
    best = sorted(gains, reverse=True)[:10]
    ideal = sum(gain / math.log2(place + 2) for place, gain in enumerate(best))
    ndcg = sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10])) / ideal
    places = [place for place, gain in enumerate(gains) if gain]
    others = len(gains) - len(places)
    pairs = sum(others - (place - before) for before, place in enumerate(places))
    return ndcg, pairs / (len(places) * others)


if __name__ == "__main__":
    main()
