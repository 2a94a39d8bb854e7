"""Fit the packaged text model further on labelled papers: `python -m benchmarks.train_text DATA BASE OUT`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.fields import FIELDS
from newsletter.rank.text_model import TextModel, between, read_text_model, write_sister, write_text_model
from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

BATCH = 256
HALF_WAY = 0.5  # of the base in what searches compare by
STEPS = 1200
AVERAGED = 600  # the last so many steps are averaged (Polyak and Juditsky 1992)
RATE = 5e-4
PULL = 1e-4  # towards the distilled model
DROP = 0.4  # of a document's terms are hidden at each step
SHARPNESS = 14.0  # of the softmax over cosines
Row = tuple["NDArray[np.int64]", "NDArray[np.float32]"]


class Trainer:
    """The weights under training, with Adam's memory (Kingma and Ba 2015)."""

    def __init__(self, model: TextModel) -> None:
        self.start = model.weights
        self.weights = model.weights.copy()
        self.first = np.zeros_like(self.weights)
        self.second = np.zeros_like(self.weights)
        self.steps = 0
        self.mean = np.zeros_like(self.weights)

    def step(self, queries: Sequence[Row], papers: Sequence[Row], same: NDArray[np.bool_], sharpness: float) -> float:
        """One batch: query n belongs to paper n, every other paper is a negative unless `same` (InfoNCE)."""
        (dense_q, at_q), (dense_d, at_d) = dense_rows(queries), dense_rows(papers)
        u, length_u = unit_rows(dense_q @ self.weights[at_q])
        v, length_v = unit_rows(dense_d @ self.weights[at_d])
        count = len(queries)
        diagonal = np.arange(count)
        scores = np.where(same, -1e9, sharpness * (u @ v.T))
        scores[diagonal, diagonal] = sharpness * (u * v).sum(1)
        scores -= scores.max(1, keepdims=True)
        chance = np.exp(scores)
        chance /= chance.sum(1, keepdims=True)
        loss = float(-np.log(chance[diagonal, diagonal] + 1e-9).mean())
        chance[diagonal, diagonal] -= 1
        chance *= sharpness / count
        du, dv = chance @ v, chance.T @ u
        slope = PULL * (self.weights - self.start)
        slope[at_q] += dense_q.T @ ((du - (du * u).sum(1, keepdims=True) * u) / length_u)
        slope[at_d] += dense_d.T @ ((dv - (dv * v).sum(1, keepdims=True) * v) / length_v)
        self._move(slope.astype(np.float32))
        return loss

    def _move(self, slope: NDArray[np.float32]) -> None:
        self.steps += 1
        self.first += 0.1 * (slope - self.first)
        self.second += 0.001 * (slope * slope - self.second)
        rise = self.first / (1 - 0.9**self.steps)
        self.weights -= RATE * rise / (np.sqrt(self.second / (1 - 0.999**self.steps)) + 1e-8)
        if self.steps > STEPS - AVERAGED:
            self.mean += self.weights / AVERAGED


def unit_rows(rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    length = np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6
    return rows / length, length


def dense_rows(rows: Sequence[Row]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Sparse rows as one small matrix over the terms that occur in them, and which terms those are."""
    places = np.unique(np.concatenate([at for at, _ in rows]))
    dense = np.zeros((len(rows), len(places)), np.float32)
    for n, (at, values) in enumerate(rows):
        dense[n, np.searchsorted(places, at)] = values
    return dense, places


def sparse(model: TextModel, text: str) -> Row:
    """A text's known terms and their weights."""
    known = sorted((model.index[t], c) for t, c in terms(text).items() if t in model.index)
    at = np.array([place for place, _ in known], dtype=np.int64)
    return at, ((1 + np.log([count for _, count in known])) * model.idf[at]).astype(np.float32)


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def dated(data: Path) -> dict[str, str]:
    """Paper id -> ISO day of its first list."""
    found = {one["id"]: one["date"] for one in load(data / "hf_meta.jsonl")}
    for pool in load(data / "pools.jsonl"):
        if pool["pool"].startswith("arxiv:"):
            for paper_id in pool["ids"]:
                found.setdefault(paper_id, pool["pool"][6:])
    return found


class Lessons:
    """Batches of (query, paper) pairs: title with abstract, keyword with paper, field with paper."""

    def __init__(self, model: TextModel, data: Path, before: str) -> None:
        days = dated(data)
        papers = {p["id"]: p for p in load(data / "papers.jsonl") if days.get(p["id"], "9") < before}
        labels = {one["id"]: one for one in load(data / "labels.jsonl") if one["id"] in papers}
        self.model = model
        self.random = np.random.default_rng(0)
        self.titles = {i: sparse(model, p["title"][:TITLE_LIMIT]) for i, p in papers.items()}
        self.bodies = {i: sparse(model, p["abstract"][:BODY_LIMIT]) for i, p in papers.items()}
        self.wholes = {i: sparse(model, f"{p['title']} . {p['abstract'][:BODY_LIMIT]}") for i, p in papers.items()}
        self.ids = [i for i in papers if len(self.titles[i][0]) and len(self.bodies[i][0])]
        self.keywords = {i: k for i, one in labels.items() if (k := one.get("keywords"))}
        self.fields = {
            i: f for i, one in labels.items() if (f := [c for c in one.get("categories") or [] if c in FIELDS])
        }

    def batch(self, turn: int) -> tuple[list[Row], list[Row], NDArray[np.bool_], float]:
        return (self._by_title, self._by_keyword, self._by_field)[turn % 3]()

    def _some(self, ids: Iterable[str]) -> list[str]:
        known = list(ids)
        return [known[n] for n in self.random.choice(len(known), min(BATCH, len(known)), replace=False)]

    def _hide(self, row: Row) -> Row:
        keep = self.random.random(len(row[0])) > DROP
        return (row[0][keep], row[1][keep]) if keep.any() else row

    def _by_title(self) -> tuple[list[Row], list[Row], NDArray[np.bool_], float]:
        chosen = self._some(self.ids)
        same = np.zeros((len(chosen), len(chosen)), dtype=bool)
        return [self.titles[i] for i in chosen], [self._hide(self.bodies[i]) for i in chosen], same, SHARPNESS

    def _by_keyword(self) -> tuple[list[Row], list[Row], NDArray[np.bool_], float]:
        chosen = self._some(self.keywords)
        asked = [self.keywords[i][self.random.integers(len(self.keywords[i]))] for i in chosen]
        same = np.array([[word in self.keywords[i] for i in chosen] for word in asked])
        queries = [sparse(self.model, re.sub(r"[()]", " ", word)) for word in asked]
        return queries, [self._hide(self.wholes[i]) for i in chosen], same, SHARPNESS

    def _by_field(self) -> tuple[list[Row], list[Row], NDArray[np.bool_], float]:
        chosen = self._some(self.fields)
        asked = [self.fields[i][self.random.integers(len(self.fields[i]))] for i in chosen]
        same = np.array([[field in self.fields[i] for i in chosen] for field in asked])
        queries = []
        for field in asked:
            said = FIELDS[field].split(", ")
            some = self.random.choice(said, int(self.random.integers(1, len(said) + 1)), replace=False)
            queries.append(sparse(self.model, " ".join(some)))
        return queries, [self._hide(self.wholes[i]) for i in chosen], same, 0.6 * SHARPNESS


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("data", type=Path, help="a folder with papers, labels, hf_meta and pools")
    reader.add_argument("base", type=Path, help="the distilled model to start from (.npz)")
    reader.add_argument("out", type=Path)
    reader.add_argument("--search", type=Path, help="where to write what searches compare by, half way back to `base`")
    reader.add_argument("--before", default="9", help="learn only from papers listed before this ISO day")
    asked = reader.parse_args()
    model = read_text_model(asked.base.read_bytes())
    lessons, trainer = Lessons(model, asked.data, asked.before), Trainer(model)
    losses: Counter[int] = Counter()
    for turn in range(STEPS):
        losses[turn % 3] += trainer.step(*lessons.batch(turn))  # type: ignore[assignment]
        if turn % 90 == 89:
            print(turn + 1, [round(losses[kind] / 30, 3) for kind in range(3)], file=sys.stderr)
            losses.clear()
    fitted = TextModel(model.index, trainer.mean, model.idf)
    asked.out.write_bytes(write_text_model(fitted))
    if asked.search:
        asked.search.write_bytes(write_sister(between(fitted, model, HALF_WAY)))


if __name__ == "__main__":
    main()
