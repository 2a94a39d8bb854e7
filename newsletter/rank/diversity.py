"""From a ranked list to a pool worth reading: duplicates folded, no author or lab too often, no two alike in a row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from newsletter.model.paper import normalise_title
from newsletter.rank.text_model import cosines
from newsletter.rank.words import name_key
from newsletter.tongue.reasons import clause

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.model.paper import Paper
    from newsletter.rank.corpus import Corpus
    from newsletter.rank.settings import RankSettings
    from newsletter.tongue.reasons import Reason


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of the corpus in the order of the pool, who had to stay out, and who is in beyond a cap, each with why."""

    rows: tuple[int, ...]
    capped: Mapping[int, str]
    beyond: Mapping[int, Reason]  # of the kind "full"


def duplicates(corpus: Corpus, preference: Sequence[int], threshold: float) -> dict[int, int]:
    """Row -> the better row that it repeats: equal titles, or abstracts that share `threshold` of their words.

    Jaccard of word sets (docs/ranking.md: different papers of a day never came above 0.315). Rows are compared only
    where they share a rare word, since two abstracts that are half the same always do.
    """
    sets = [frozenset(term for term in counts if "_" not in term) for counts in corpus.counts]
    bits = _bits(sets)
    titles: dict[str, int] = {}
    buckets: dict[str, list[int]] = {}
    repeats: dict[int, int] = {}
    for row in preference:
        title = normalise_title(corpus.papers[row].title)
        keys = _rare(corpus, sets[row], threshold)
        others = dict.fromkeys(other for key in keys for other in buckets.get(key, ()))
        twin = titles.get(title) if len(title) >= 20 else None
        if twin is None:
            twin = next(
                (
                    other
                    for other in others
                    if _alike(bits[row], bits[other], len(sets[row]), len(sets[other]), threshold)
                ),
                None,
            )
        if twin is not None:
            repeats[row] = twin
            continue
        titles.setdefault(title, row)
        for key in keys:
            buckets.setdefault(key, []).append(row)
    return repeats


def _rare(corpus: Corpus, words: frozenset[str], threshold: float) -> list[str]:
    """The rarest words that a set must share one of to be `threshold` alike (prefix filtering, Chaudhuri 2006)."""
    ordered = sorted(words, key=lambda term: (len(corpus.postings.get(term, ())), term))
    return ordered[: len(ordered) - int(np.ceil(threshold * len(ordered))) + 1]


def _bits(sets: Sequence[frozenset[str]]) -> list[int]:
    """Each set as a whole number with a bit for each word: two are compared in one operation."""
    place: dict[str, int] = {}
    return [sum(1 << place.setdefault(word, len(place)) for word in words) for words in sets]


def _alike(one: int, other: int, size: int, other_size: int, threshold: float) -> bool:
    if size < 20 or other_size < 20:
        return False
    shared = (one & other).bit_count()
    return shared >= threshold * (size + other_size - shared)


def choose(corpus: Corpus, order: Sequence[int], scores: Sequence[float], top: int, settings: RankSettings) -> Chosen:
    """Pick up to depth x top rows by maximal marginal relevance (Carbonell and Goldstein 1998) under the caps.

    Each full page of `top` picks may hold `per_author` papers of one last author and `per_organization` of one lab.
    A cap chooses between papers; it never leaves the first page short: with nothing else left, capped ones fill it.
    Scores are first brought to 0..1, so that lambda weighs alike things.
    """
    wanted = top * settings.depth
    left = list(order[: wanted * 4])
    if not left:
        return Chosen((), {}, {})
    best, worst = max(scores[row] for row in left), min(scores[row] for row in left)
    worth = {row: settings.mmr * (scores[row] - worst) / ((best - worst) or 1.0) for row in left}
    near: dict[int, float] = dict.fromkeys(left, 0.0)
    groups: Counter[str] = Counter()
    rows: list[int] = []
    capped: dict[int, Reason] = {}
    beyond: dict[int, Reason] = {}
    while left and len(rows) < wanted:
        pages = len(rows) // top + 1
        full = {row: why for row in left if (why := _full(corpus.papers[row], groups, pages, settings))}
        value = {row: round(worth[row] - (1 - settings.mmr) * near[row], 6) for row in left}
        chosen = max((row for row in left if row not in full), key=value.__getitem__, default=None)
        if chosen is None and len(rows) < top:
            chosen = max(left, key=value.__getitem__)
            beyond[chosen] = full[chosen]
        # Only a paper that would have had this place was kept out by its cap; a later page may open to it again.
        ahead = {row: why for row, why in full.items() if chosen is None or value[row] > value[chosen]}
        capped = {row: why for row, why in (capped | ahead).items() if row in full}
        if chosen is None:
            break
        rows.append(chosen)
        left.remove(chosen)
        groups.update(_groups(corpus.papers[chosen]))
        for row, likeness in zip(left, _likeness(corpus, left, chosen), strict=True):
            near[row] = max(near[row], likeness)
    return Chosen(tuple(rows), {row: f"capped: {clause(why)}" for row, why in capped.items() if row in left}, beyond)


def _groups(paper: Paper) -> list[str]:
    keys = []
    if paper.authors and name_key(paper.authors[-1])[1]:
        keys.append(f"author {' '.join(name_key(paper.authors[-1]))}")
    if paper.organization.strip():
        keys.append(f"organisation {paper.organization.strip().casefold()}")
    return keys


def _full(paper: Paper, groups: Counter[str], pages: int, settings: RankSettings) -> Reason:
    """Which cap this paper would break; empty when none."""
    for key in _groups(paper):
        is_author = key.startswith("author ")
        if groups[key] >= pages * (settings.per_author if is_author else settings.per_organization):
            name = paper.authors[-1] if is_author else paper.organization.strip()
            return ("full", "author" if is_author else "organization", str(groups[key]), name)
    return ()


def _likeness(corpus: Corpus, rows: Sequence[int], chosen: int) -> list[float]:
    """How alike papers are to the chosen one: by their vectors, or without a text model by their words."""
    if corpus.vectors.shape[1]:
        alike: list[float] = cosines(corpus.vectors[rows], corpus.vectors[chosen]).tolist()
        return alike
    words = corpus.counts[chosen].keys()
    others = [corpus.counts[row].keys() for row in rows]
    return [len(words & other) / ((len(words) * len(other)) ** 0.5 or 1.0) for other in others]
