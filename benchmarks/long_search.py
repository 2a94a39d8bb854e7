"""Search over a long made-up history: milliseconds of each way to search, and peers on the same database.

A process of its own measures, so that its peak memory is its own and not that of whoever laid the history.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.common import Row, peak_mb
from benchmarks.long_history import DAYS, FIRST, lay
from newsletter.config import load_config
from newsletter.rank.search import ask, fingerprint, read_question
from newsletter.stages.searching import Filters, Scored, alike, search
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Paper
    from newsletter.press import Press
    from newsletter.rank.text_model import TextModel

QUESTIONS = (
    "token sharing",
    "input tokens",
    "diffusion",
    "large language models for robot planning",
    "protein structure prediction",
    "efficient attention for long context",
    "video generation with camera control",
    '"chain of thought" faithfulness',
    "speech recognition of rare words in noisy rooms",
    "model",
)
ROUNDS = 3
CONFIG = '[newsletter]\nsecret = "only for this benchmark"\n'


def laid(folder: Path, base: Sequence[Paper], papers: int) -> float:
    """A database of so many papers in `folder`, unless there is one already; returns the seconds it took."""
    config = folder / "config.toml"
    if config.exists():
        return 0.0
    config.write_text(CONFIG, "utf-8")
    with open_press(load_config(config)) as press:
        model = press.open_models().search
        press.papers.count()
    start = time.perf_counter()
    lay(folder / "subscribers.db", base, _there(model), papers)
    return time.perf_counter() - start


def measured(folder: Path) -> list[Row]:
    """Our rows and the peers', each from a process of its own."""
    rows = []
    for which in ("ours", "peers"):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.long_search", which, str(folder)],
            check=True,
            capture_output=True,
            text=True,
        )
        rows += [Row(**row) for row in json.loads(done.stdout)]
    return rows


def _there(model: TextModel | None) -> TextModel:
    if model is None:
        raise SystemExit("there is no text model")
    return model


def _timed(name: str, work: Callable[[str], object]) -> list[Row]:
    """Median and slowest of ROUNDS times each question, after one call that nobody counts."""
    work("warm")
    times = []
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            start = time.perf_counter(), time.process_time()
            work(question)
            times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, cpu = (1000 * np.array(column) for column in zip(*times, strict=True))
    return [
        Row(f"{name}: median", round(float(np.median(wall)), 1), "ms"),
        Row(f"{name}: 99 of 100", round(float(np.percentile(wall, 99)), 1), "ms"),
        Row(f"{name}: CPU", round(float(np.median(cpu)), 1), "ms"),
    ]


def ours(folder: Path) -> list[Row]:
    with open_press(load_config(folder / "config.toml")) as press:
        model = _there(press.open_models().search)
        vectors = press.vectors
        year = Filters(since=FIRST + timedelta(days=DAYS - 365))
        month = Filters(since=FIRST + timedelta(days=DAYS - 30), until=FIRST + timedelta(days=DAYS))
        rows = _timed("words and meaning, first page", partial(_first, press, None))
        rows += _timed("the next page", _Next(press))
        rows += _timed("the last year alone", partial(_first, press, year))
        rows += _timed("the last month alone", partial(_first, press, month))
        rows += _timed("words alone", partial(_first, replace(press, vectors=None), None))
        if vectors is not None:
            name = fingerprint(model)
            rows += _timed(
                "meaning alone, the nearest 200",
                lambda q: vectors.nearest(name, read_question(ask(q), model), limit=200),
            )
        one = next(iter(press.papers.get(["h00000007"]).values()))
        rows += _timed("papers like one", lambda _: alike(press, one, limit=5))
        return [*rows, Row("peak memory", peak_mb(), "MB")]


def _first(press: Press, filters: Filters | None, question: str) -> str:
    return search(press, question, filters, limit=20).cursor


class _Next:
    """The second page, the first not counted: its order is remembered, as the web pages do."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._kept: dict[str, tuple[Scored, ...]] = {}
        self._cursors = {q: self._search(q, "") for q in (*QUESTIONS, "warm")}

    def __call__(self, question: str) -> None:
        self._search(question, self._cursors[question])

    def _search(self, question: str, cursor: str) -> str:
        return search(self._press, question, limit=20, cursor=cursor, remember=self._remember).cursor

    def _remember(self, key: str, make: Callable[[], tuple[Scored, ...]]) -> tuple[Scored, ...]:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


def peers(folder: Path) -> list[Row]:
    """What one would write in ten lines: FTS5's own order of any word, and all vectors as float32 in one product."""
    with sqlite3.connect(folder / "subscribers.db") as connection:
        rows = _timed("peer: FTS5, any word, its own order", partial(_full_text, connection))
        parts = connection.execute("SELECT content FROM paper_vectors ORDER BY block").fetchall()
        whole = np.concatenate([np.frombuffer(part, np.int8).reshape(-1, 128).astype(np.float32) for (part,) in parts])
    whole /= np.linalg.norm(whole, axis=1, keepdims=True) + 1e-9
    rows += _timed("peer: numpy float32, the nearest 200", partial(_flat, whole))
    return [*rows, Row("peer: peak memory", peak_mb(), "MB")]


def _full_text(connection: sqlite3.Connection, question: str) -> object:
    words = " OR ".join(f'"{word}"' for word in question.replace('"', "").split())
    return connection.execute(
        "SELECT rowid FROM paper_words WHERE paper_words MATCH ? ORDER BY rank LIMIT 20", (words,)
    ).fetchall()


def _flat(whole: NDArray[np.float32], question: str) -> object:
    asked = np.random.default_rng(len(question)).normal(0, 1, (whole.shape[1],)).astype(np.float32)
    near = whole @ asked
    best = np.argpartition(-near, 200)[:200]
    return best[np.argsort(-near[best])]


if __name__ == "__main__":
    print(json.dumps([asdict(row) for row in {"ours": ours, "peers": peers}[sys.argv[1]](Path(sys.argv[2]))]))
