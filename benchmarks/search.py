"""Search against the mission's result lists: python -m benchmarks.search --data DIR [--quick] [--json FILE]."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.common import Row, options, peak_mb, report, seconds
from benchmarks.long_search import laid, measured
from newsletter.config import load_config
from newsletter.model.paper import Paper, identity_keys
from newsletter.model.search import Within
from newsletter.rank.search import ask
from newsletter.stages.searching import find, make_vectors, search
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from newsletter.model.search import Hit
    from newsletter.press import Press

# What each list was probably asked for (docs/ranking.md, "Search"); 000 is a shorter capture of 003.
QUERIES = {
    "003": "token sharing",
    "002": "input tokens",
    "001": "semantic token sharing context length",
    "004": "shared encoding compression KV cache",
}
GOAL = 0.97
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    parser = options("Search on the lists of the mission's page, among all other papers.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with seeds.jsonl and ranking/papers.jsonl")
    parser.add_argument("--papers", type=int, default=0, help="search a made-up history of so many papers as well")
    parser.add_argument("--keep", type=Path, help="a folder that keeps that history for another run")
    given = parser.parse_args()
    home = given.data if (given.data / "seeds.jsonl").exists() else given.data.parent
    corpus = [_paper(row) for row in _lines(home / "ranking" / "papers.jsonl") if not row["id"].startswith("seed:")]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.toml")
        config.write_text('[newsletter]\nsecret = "only for this benchmark"\n', "utf-8")
        with open_press(load_config(config)) as press:
            press.papers.keep(corpus, [], [], [], at=NOW)
            lists = _keep_lists(press, _lines(home / "seeds.jsonl"))
            made = seconds(lambda: make_vectors(press))
            rows = [Row("vectors made of", press.papers.count() / made, "papers/s")]
            rows += _quality(press, lists, 2 if given.quick else len(QUERIES))
            rows += _speed(press)
    rows.append(Row("peak memory", peak_mb(), "MB"))
    if given.papers:
        with tempfile.TemporaryDirectory() as folder:
            home = given.keep or Path(folder)
            home.mkdir(parents=True, exist_ok=True)
            rows.append(Row(f"{given.papers} papers laid in", laid(home, corpus, given.papers), "s"))
            rows += measured(home)
    report(rows, given.json)


def _lines(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def _paper(row: Mapping[str, str]) -> Paper:
    return Paper(id=row["id"], title=row["title"], abstract=row["abstract"], authors=tuple(row.get("authors") or ()))


def _keep_lists(press: Press, seeds: Iterable[Mapping[str, str]]) -> dict[str, frozenset[str]]:
    """The ids of each list's papers in the store, which may know them from the corpus already."""
    named = [(row["list"], _paper({**row, "id": f"t-{number:016}"})) for number, row in enumerate(seeds)]
    press.papers.keep([paper for _, paper in named], [], [], [], at=NOW)
    found: dict[str, set[str]] = defaultdict(set)
    for name, paper in named:
        known = press.papers.find(identity_keys(paper))
        found["003" if name == "000" else name] |= {one.id for one in known.values()}
    return {name: frozenset(ids) for name, ids in found.items()}


def _quality(press: Press, lists: Mapping[str, frozenset[str]], many: int) -> list[Row]:
    """Each way of putting in order: a list's papers against all other papers, and against the other lists'."""
    ways: dict[str, Callable[[Hit], float]] = {
        "words": lambda hit: hit.words,
        "meaning": lambda hit: hit.meaning,
        "joined": lambda hit: hit.score,
    }
    measures: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    every = {one for ids in lists.values() for one in ids}
    for name, query in [*QUERIES.items()][:many]:
        hits = find(press, ask(query), Within(), reach=press.papers.count())
        for way, key in ways.items():
            for pool, among_lists in (("corpus", False), ("other lists", True)):
                wanted = [hit.paper.id in lists[name] or (hit.paper.id in every) is among_lists for hit in hits]
                chosen = [hit for hit, is_wanted in zip(hits, wanted, strict=True) if is_wanted]
                right = np.array([hit.paper.id in lists[name] for hit in chosen])
                scores = np.array([key(hit) for hit in chosen])
                measures[way, pool].append((auc(right, scores), ndcg(right, scores)))
    rows = []
    for (way, pool), found in measures.items():
        area, gain = (float(np.mean(column)) for column in zip(*found, strict=True))
        goal = {"goal": GOAL, "met": area >= GOAL} if (way, pool) == ("joined", "corpus") else {}
        rows.append(Row(f"{way} against {pool}: AUC", round(area, 4), "", **goal))  # type: ignore[arg-type]
        rows.append(Row(f"{way} against {pool}: nDCG@10", round(gain, 4), ""))
    return rows


def _speed(press: Press) -> list[Row]:
    """Milliseconds of one search as a page asks for it."""
    rows = []
    for name, one in (("joined", press), ("words", replace(press, vectors=None))):
        search(one, "warm", limit=20)
        times = [seconds(partial(search, one, query, limit=20)) for query in QUERIES.values() for _ in range(3)]
        rows.append(Row(f"one search, {name}, {press.papers.count()} papers", 1000 * float(np.median(times)), "ms"))
    return rows


def auc(right: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """The share of pairs (right, wrong) in the right order; ties count half (Mann and Whitney 1947)."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    good = int(right.sum())
    return float((ranks[right].sum() - good * (good + 1) / 2) / (good * (len(right) - good)))


def ndcg(right: NDArray[np.bool_], scores: NDArray[np.float64], cut: int = 10) -> float:
    gains = right[np.argsort(-scores, kind="stable")][:cut].astype(float)
    discounts = 1 / np.log2(np.arange(2, cut + 2))
    return float(gains @ discounts[: len(gains)] / discounts[: min(cut, int(right.sum()))].sum())


if __name__ == "__main__":
    main()
