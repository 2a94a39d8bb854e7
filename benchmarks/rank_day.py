"""A day of 1,200 papers ranked for 50 topics, cold and warm, beside the loop that one would write first.

Cold is a new process: from opening the newsletter to the edition, with nothing in memory; warm is the same again in
that process. `python -m benchmarks.rank_day [--quick] [--json FILE]`.

The peer reads the same papers from the same store, counts words with the product's tokenizer and encodes with its text
model, each paper once; then for each topic it scores every paper by BM25, by cosine and by votes, sorts, and takes 15
by maximal marginal relevance. It folds no duplicates, learns no curve, and writes no reasons.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import log, log1p
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.common import Row, options, peak_mb, report
from benchmarks.day import DAY, Size, make_house
from newsletter import publish
from newsletter.config import load_config
from newsletter.rank.words import terms
from newsletter.stages.printing import draft
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from newsletter.model.edition import Topic
    from newsletter.model.paper import Candidate
    from newsletter.press import Press

SIZE = Size(1200, 50, 0, chosen=1)
PICKS = 15  # of a topic: as many as ours keeps for a top of five


@dataclass(frozen=True, slots=True)
class Took:
    """CPU seconds of the first and the second time, seconds on the clock of both, and the peak of the process in MB."""

    cold: float
    warm: float
    cold_clock: float
    warm_clock: float
    peak: float


def main() -> None:
    given = options(__doc__ or "").parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_house(Path(folder), SIZE)
        _apart(_collect, folder)
        pairs = [(_apart(_ours, folder), _apart(_theirs, folder)) for _ in range(1 if given.quick else 3)]
        report(list(_rows(pairs)), given.json)


def _rows(pairs: Sequence[tuple[Took, Took]]) -> list[Row]:
    rows = []
    for name, unit in (
        ("cold", "s of CPU"),
        ("warm", "s of CPU"),
        ("cold_clock", "s on the clock"),
        ("warm_clock", "s on the clock"),
        ("peak", "MB"),
    ):
        ours, theirs = ([getattr(took, name) for took in some] for some in zip(*pairs, strict=True))
        ratio = median(b / a for a, b in zip(ours, theirs, strict=True))
        measure = f"{SIZE.papers:,} papers, {SIZE.topics} topics, {name.removesuffix('_clock')}"
        rows.append(Row(measure, median(ours), unit, "topic by topic", median(theirs), ratio))
    return rows


def _apart(work: Callable[[str], Any], folder: str) -> Any:
    """In a new process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as another:
        return another.submit(work, folder).result()


def _collect(folder: str) -> None:
    with open_press(load_config(Path(folder) / "config.toml")) as press:
        publish.collect(press, DAY)


def _ours(folder: str) -> Took:
    def rank(press: Press) -> int:
        edition, _ = draft(press, DAY, publish.moment(press, DAY))
        return len(edition.pools)

    return _twice(folder, rank)


def _theirs(folder: str) -> Took:
    return _twice(folder, _topic_by_topic)


def _twice(folder: str, rank: Callable[[Press], int]) -> Took:
    took: list[float] = []
    clock: list[float] = []
    cpu, wall = time.process_time(), time.perf_counter()
    with open_press(load_config(Path(folder) / "config.toml")) as press:
        for _ in range(2):
            assert rank(press) == SIZE.topics
            took.append(time.process_time() - cpu)
            clock.append(time.perf_counter() - wall)
            cpu, wall = time.process_time(), time.perf_counter()
    return Took(took[0], took[1], clock[0], clock[1], peak_mb())


def _topic_by_topic(press: Press) -> int:
    asof = publish.moment(press, DAY)
    candidates = press.papers.candidates(since=asof - press.rank_settings.lookback, until=asof)
    text = press.open_models().text
    assert text is not None
    counts = [terms(one.paper.title) + terms(one.paper.abstract) for one in candidates]
    lengths = [sum(one.values()) for one in counts]
    mean = sum(lengths) / len(lengths)
    seen = Counter(term for one in counts for term in one)
    vectors = text.encode(counts)
    votes = np.array([_votes(one) for one in candidates])
    pools = []
    for topic in press.config.topics:
        asked = terms(_question(topic))
        rare = {term: log(1 + (len(counts) - seen[term] + 0.5) / (seen[term] + 0.5)) for term in asked}
        words = np.zeros(len(counts))
        for row, (said, length) in enumerate(zip(counts, lengths, strict=True)):
            for term, weight in rare.items():
                if term in said:
                    words[row] += weight * said[term] * 2.2 / (said[term] + 1.2 * (0.25 + 0.75 * length / mean))
        total = _even(words) + _even(vectors @ text.encode([asked])[0]) + _even(votes)
        pools.append([candidates[row].paper.id for row in _diverse(total, vectors)])
    return len(pools)


def _question(topic: Topic) -> str:
    return f"{topic.query} {' '.join(topic.keywords)}"


def _votes(candidate: Candidate) -> float:
    return log1p(max((one.value for one in candidate.readings), default=0.0))


def _even(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    beside: NDArray[np.float64] = (scores - scores.mean()) / (scores.std() + 1e-9)
    return beside


def _diverse(total: NDArray[np.float64], vectors: NDArray[np.float32]) -> list[int]:
    """The best, and again and again the one that is best less half of its likeness to what was taken."""
    taken: list[int] = []
    near = np.zeros(len(total))
    while len(taken) < PICKS:
        best = int(np.argmax(total - near / 2))
        taken.append(best)
        near = np.maximum(near, vectors @ vectors[best])
        near[best] = np.inf
    return taken


if __name__ == "__main__":
    main()
