"""The TL;DR without a model against known summaries: python -m benchmarks.summaries --data FILE.jsonl [--json FILE].

A line of the file is `{"source": [sentences of the abstract], "target": [one summary or more]}`, the form of SciTLDR
(Cachola et al. 2020), whose summaries were written by the papers' authors and by readers.
"""

from __future__ import annotations

import json
import random
import re
import statistics
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import Row, options, report
from newsletter.compose.detex import detex
from newsletter.compose.text import clean, shorten
from newsletter.compose.tldr import LIMIT, extract

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_TEX = re.compile(r"\\[a-zA-Z]|[{}$~^]|_\{")


def main() -> None:
    parser = options("TL;DRs without a model against summaries that people wrote.")
    parser.add_argument("--data", type=Path, required=True, help="a file of JSON lines with `source` and `target`")
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.data.read_text("utf-8").splitlines()][: 200 if given.quick else None]
    pairs = [([" ".join(one.split()) for one in row["source"]], row["target"]) for row in rows if row["target"]]
    ways: dict[str, Callable[[Sequence[str]], str]] = {
        "ours": lambda told: extract(detex(clean(" ".join(told)))),
        "first sentences": lambda told: shorten(" ".join(_fitting(told)), LIMIT),
        "last sentences": lambda told: shorten(" ".join(_fitting(told[::-1])[::-1]), LIMIT),
        "random sentence": lambda told: shorten(random.Random(len(told[0])).choice(told), LIMIT),
    }
    out = []
    scores = {name: [_score(way(told), known) for told, known in pairs] for name, way in ways.items()}
    scores["the best two sentences there are"] = [_best(told, known) for told, known in pairs]
    for place, kind in enumerate(("ROUGE-1", "ROUGE-2", "ROUGE-L")):
        mean = {name: statistics.fmean(one[place] for one in got) for name, got in scores.items()}
        out += [
            Row(f"{kind} F1", mean["ours"], "", name, value, mean["ours"] / value)
            for name, value in mean.items()
            if name != "ours"
        ]
    told = [ways["ours"](one) for one, _ in pairs]
    said = [{*_NUMBER.findall(" ".join(one))} for one, _ in pairs]
    kept = [all(n in known for n in _NUMBER.findall(text)) for text, known in zip(told, said, strict=True)]
    out += [
        Row("summaries whose numbers all stand in the abstract", statistics.fmean(kept), ""),
        Row("summaries with TeX left in them", statistics.fmean(bool(_TEX.search(text)) for text in told), ""),
        Row("summaries cut inside a sentence", statistics.fmean(text.endswith("…") for text in told), ""),
    ]
    report(out, given.json)


def _fitting(told: Sequence[str]) -> list[str]:
    """As many sentences from the start as fit, one at least."""
    taken = [told[0]]
    for one in told[1:]:
        if len(" ".join([*taken, one])) > LIMIT:
            break
        taken.append(one)
    return taken


def _best(told: Sequence[str], known: Sequence[str]) -> tuple[float, float, float]:
    choices = [*told, *(" ".join(pair) for pair in combinations(told, 2))]
    return max(_score(shorten(one, LIMIT), known) for one in choices)


def _score(text: str, known: Sequence[str]) -> tuple[float, float, float]:
    """ROUGE-1, -2 and -L F1 (Lin 2004) of the summary that suits best, as SciTLDR's own evaluation takes it."""
    ours = _WORD.findall(text.lower())
    return max((_grams(ours, other, 1), _grams(ours, other, 2), _lcs(ours, other)) for other in map(_words, known))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _grams(ours: Sequence[str], other: Sequence[str], size: int) -> float:
    one, two = (Counter(zip(*(words[k:] for k in range(size)), strict=False)) for words in (ours, other))
    return _f1((one & two).total(), one.total(), two.total())


def _lcs(ours: Sequence[str], other: Sequence[str]) -> float:
    row = [0] * (len(other) + 1)
    for word in ours:
        before = 0
        for place, known in enumerate(other, 1):
            before, row[place] = row[place], before + 1 if word == known else max(row[place], row[place - 1])
    return _f1(row[-1], len(ours), len(other))


def _f1(common: int, ours: int, other: int) -> float:
    return 2 * common / (ours + other) if common else 0.0


if __name__ == "__main__":
    main()
