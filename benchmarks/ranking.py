"""A run of our ranker for every task of a data folder: `python -m benchmarks.ranking --data DIR --out RUN.jsonl`."""

from __future__ import annotations

import json
import platform
import re
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.given import asked_models, data_options
from benchmarks.ranking_data import entrance_of, load, paper_of
from newsletter.model.edition import Topic
from newsletter.model.paper import Candidate, Paper, Reading
from newsletter.rank.corpus import Corpus, read
from newsletter.rank.likings import Likings
from newsletter.rank.prior import priors
from newsletter.rank.relevance import ask, relevance
from newsletter.rank.taste import Taste
from newsletter.rank.trend import attention, trends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from newsletter.rank.text_model import Models

DAY = date(2026, 1, 1)  # all items of `dedupe` are finds of one day


class Bench:
    """The data of one folder and the models, with the corpora that several tasks share."""

    history = True  # whether authors' history counts

    def __init__(self, data: Path, models: Models, *, dense: bool, single: bool = False) -> None:
        self.tasks = load(data / "tasks.jsonl")
        self.papers = {row["id"]: paper_of(row) for row in load(data / "papers.jsonl")}
        self.pools = {
            pool["pool"]: [i for i in dict.fromkeys(pool["ids"]) if i in self.papers]
            for pool in load(data / "pools.jsonl")
        }
        meta = {row["id"]: row for row in load(data / "hf_meta.jsonl", needed=False)}
        self.rich = {i: paper_of({"id": i}, meta.get(i), base=paper) for i, paper in self.papers.items()}
        self.entrances = {i: entrance_of(meta.get(i)) for i in self.papers}
        self.early = {(row["day"], row["id"]): row for row in load(data / "early_obs.jsonl", needed=False)}
        self.models = models
        self.dense = dense
        self.likings = Likings(models.text) if dense and models.text else None
        self.single = single  # topics by the text model alone
        self.corpora: dict[tuple[str, bool], Corpus] = {}

    def corpus(self, pool: str, *, rich: bool = False) -> Corpus:
        known = self.corpora.get((pool, rich))
        if known is None:
            source = self.rich if rich else self.papers
            known = read([source[i] for i in self.pools[pool]], self.models.text if self.dense else None)
            self.corpora = {**self.corpora, (pool, rich): known} if len(self.corpora) < 40 else {(pool, rich): known}
        return known

    def ranker(self, task: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], NDArray[np.float64]] | None:
        """What ranks a task of this kind; None for a kind that is not known, or a pool that is not there."""
        known: dict[str, Callable[[Mapping[str, Any]], NDArray[np.float64]]] = {
            "topic": self.topic,
            "seeds": self.topic,
            "user": self.user,
            "mixed": self.mixed,
            "select": self.select,
        }
        if task["task"] == "trend":
            return {"cold": self.cold, "early": self.early_votes}.get(task["kind"])
        return known.get(task["task"])

    def order(self, task: Mapping[str, Any]) -> list[str] | None:
        """The task's pool, best first; None when it cannot be ranked."""
        ranker, ids = self.ranker(task), self.pools.get(task["pool"])
        if ranker is None or not ids:
            return None
        scores = ranker(task)
        best = sorted(range(len(ids)), key=lambda row: (-scores[row], ids[row]))
        return [ids[row] for row in best if ids[row] not in (task.get("examples") or ())]

    def topic(self, task: Mapping[str, Any]) -> NDArray[np.float64]:
        examples = tuple(i for i in task.get("examples") or () if i in self.papers)
        topic = Topic(slug="t", name="", query=task.get("query") or "", papers=examples)
        if examples:
            topic = Topic(slug="t", name="", query=" ".join(self.papers[i].title for i in examples), papers=examples)
        found = relevance(self.corpus(task["pool"]), ask(topic, self.papers), self.models.text if self.dense else None)
        return found.cosine if self.single else found.total

    def user(self, task: Mapping[str, Any]) -> NDArray[np.float64]:
        said = [(self.papers[one["id"]], one["label"]) for one in task["feedback"] if one["id"] in self.papers]
        likes, dislikes = (tuple(p for p, label in said if bool(label) is wanted) for wanted in (True, False))
        taste = Taste(likes, dislikes, likings=self.likings)
        stated = self.topic({"pool": task["pool"], "query": task["topic"]}) if task.get("topic") else None
        return taste.blend(stated, self.corpus(task["pool"]).papers, self.models)

    def prior(self, pool: str, question: str) -> NDArray[np.float64]:
        corpus = self.corpus(pool, rich=question == "votes")
        came = [self.entrances[i] for i in self.pools[pool]]
        return priors(corpus, self.models.prior, question=question, author_history=self.history, entrances=came)  # type: ignore[arg-type]

    def select(self, task: Mapping[str, Any]) -> NDArray[np.float64]:
        return self.prior(task["pool"], "picked")

    def cold(self, task: Mapping[str, Any]) -> NDArray[np.float64]:
        return self.prior(task["pool"], "votes")

    def early_votes(self, task: Mapping[str, Any]) -> NDArray[np.float64]:
        seen = [self.early.get((task["date"], i)) for i in self.pools[task["pool"]]]
        return self.voted(task["pool"], [(row["upvotes"], row["age_h"]) if row else None for row in seen])

    def mixed(self, task: Mapping[str, Any]) -> NDArray[np.float64]:
        seen = {row["id"]: row for row in task["obs"]}
        rows = [seen.get(i) for i in self.pools[task["pool"]]]
        return self.voted(task["pool"], [(row["upvotes"], row["obs_age_h"]) if row else None for row in rows])

    def voted(self, pool: str, votes: list[tuple[float, float] | None]) -> NDArray[np.float64]:
        """The product's trend, from readings as a source would have given them; None: nobody looked."""
        listed = datetime(2026, 1, 1, tzinfo=UTC)
        noticed = []
        for paper_id, seen in zip(self.pools[pool], votes, strict=True):
            at = listed + timedelta(hours=seen[1] if seen else 0)
            readings = (Reading(paper_id, "huggingface.upvotes", seen[0], at),) if seen else ()
            noticed.append(attention(Candidate(self.papers[paper_id], listed, (), readings), at))
        prior = self.prior(pool, "votes")
        return trends(noticed, np.tanh(prior / 2), [1] * len(noticed))


def dedupe(data: Path) -> dict[str, str]:
    """Item -> group, by the product's own merge of one day's finds."""
    from newsletter.collect.same import Item, groups, keyed  # noqa: PLC0415 - a benchmark of ranking starts without it

    rows = load(data / "dedupe_items.jsonl")
    items = []
    for row in rows:
        arxiv = re.search(r"\d{4}\.\d{4,5}", row["ext_id"] or "")
        paper = Paper(
            id=row["item"], title=row["title"], abstract=row["abstract"], arxiv_id=arxiv.group() if arxiv else ""
        )
        items.append(Item(paper, keyed(paper), row["source"], DAY))
    return {rows[place]["item"]: rows[group[0]]["item"] for group in groups(items) for place in group}


def run(bench: Bench, tasks: list[dict[str, Any]], system: str = "") -> Iterator[tuple[str, str, float]]:
    """(kind of task, line of the run, seconds) one by one; tasks that share a pool come together."""
    named = {"system": system} if system else {}
    for task in sorted(tasks, key=lambda one: (one["task"], one["pool"], one["qid"])):
        start = time.perf_counter()
        ranked = bench.order(task)
        if ranked is None:
            print(f"skipped {task['qid']}: no ranker for {task['task']} {task['kind']}, or no pool", file=sys.stderr)
            continue
        line = json.dumps({**named, "qid": task["qid"], "ranked": ranked})
        yield f"{task['task']} {task['kind']}", line, time.perf_counter() - start


def main() -> None:
    reader = data_options(__doc__)
    reader.add_argument("--out", type=Path, required=True)
    reader.add_argument("--quick", action="store_true", help="every twentieth task")
    reader.add_argument("--only", default="", help="kinds of task, such as user")
    reader.add_argument("--lexical", action="store_true", help="words alone, no text model")
    reader.add_argument("--single", action="store_true", help="topics by the text model alone")
    reader.add_argument(
        "--system", default="", help="the name that the evaluator shows; files of several may be joined"
    )
    asked = reader.parse_args()
    models = asked_models(asked)
    bench = Bench(asked.data, models, dense=not asked.lexical, single=asked.single)
    tasks = [task for task in bench.tasks if asked.only in task["task"]]
    spent: dict[str, list[float]] = {}
    with asked.out.open("w", encoding="utf-8") as out:
        for kind, line, seconds in run(bench, tasks[:: 20 if asked.quick else 1], asked.system):
            out.write(line + "\n")
            spent.setdefault(kind, []).append(seconds)
        if not asked.only and not asked.quick and (asked.data / "dedupe_items.jsonl").exists():
            start = time.perf_counter()
            named = {"system": asked.system} if asked.system else {}
            out.write(json.dumps({**named, "qid": "dedupe", "groups": dedupe(asked.data)}) + "\n")
            spent["dedupe"] = [time.perf_counter() - start]
    for kind, times in sorted(spent.items()):
        print(f"{kind:<32} {len(times):5d} tasks {sum(times):8.1f} s")
    if asked.json:
        asked.json.write_text(json.dumps(report(spent), indent=1), encoding="utf-8")


def report(spent: Mapping[str, list[float]]) -> dict[str, Any]:
    rows = [
        {
            "measure": f"tasks ranked: {kind}",
            "ours": round(len(times) / sum(times), 2),
            "unit": "1/s",
            "peer": "",
            "peer_value": None,
            "ratio": None,
            "goal": None,
            "met": None,
        }
        for kind, times in sorted(spent.items())
    ]
    return {"machine": {"python": platform.python_version(), "system": platform.platform()}, "rows": rows}


if __name__ == "__main__":
    main()
