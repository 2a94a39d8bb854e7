"""Likeness to papers that somebody named or liked: Rocchio's centroid on words, and on meaning."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.corpus import read
from newsletter.rank.numbers import standard
from newsletter.rank.text_model import cosines
from newsletter.rank.why import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Paper
    from newsletter.rank.corpus import Corpus
    from newsletter.rank.text_model import TextModel

MEANING = 0.3  # of vectors beside words
LESS = 0.5  # a paper to stay away from counts half of one to come near to


@dataclass(frozen=True, slots=True)
class Seeds:
    """More like these, less like those."""

    more: tuple[Paper, ...] = ()
    less: tuple[Paper, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.more or self.less)


def tfidf(counts: Mapping[str, int], idf: Mapping[str, float]) -> dict[str, float]:
    """Sublinear tf times idf at unit length."""
    weights = {term: (1 + math.log(count)) * idf.get(term, 0.0) for term, count in sorted(counts.items())}
    norm = math.sqrt(sum(value * value for value in weights.values()))
    return {term: value / norm for term, value in weights.items() if value} if norm else {}


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Of every paper: how like the seeds it is, and the title of the nearest one on either side (empty: none)."""

    scores: NDArray[np.float64]
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()

    def detail(self, row: int, value: float) -> str:
        """What the part of this value rests on."""
        if value > 0:
            return f"nearest “{shorten(self.more[row])}”" if self.more else "unlike the papers to stay away from"
        return f"like “{shorten(self.less[row])}”, to stay away from" if self.less else "unlike the seed papers"


def seed_scores(corpus: Corpus, seeds: Seeds, model: TextModel | None) -> Likeness:
    """Rocchio 1971 with weights 1 and -LESS."""
    examples = read([*seeds.more, *seeds.less], model)
    more, less = len(seeds.more), len(seeds.less)
    signs = np.repeat([1.0 / max(1, more), -LESS / max(1, less)], [more, less])
    words = overlaps(corpus, examples, model)
    likeness = standard(words @ signs)
    near = words
    if model:
        meaning = cosines(corpus.vectors, examples.vectors.T)
        likeness = likeness + MEANING * standard(meaning @ signs)
        near = near + meaning
    return Likeness(likeness, _nearest(seeds.more, near[:, :more]), _nearest(seeds.less, near[:, more : more + less]))


def _nearest(seeds: Sequence[Paper], near: NDArray[np.float64]) -> tuple[str, ...]:
    return tuple(seeds[int(best)].title for best in near.argmax(axis=1)) if seeds else ()


def overlaps(corpus: Corpus, examples: Corpus, model: TextModel | None) -> NDArray[np.float64]:
    """TF-IDF cosine of each paper (rows) with each example (columns).

    With a text model its rarities count, and its terms alone: a pool of one day is too small to tell what is rare.
    """
    if model:
        idf = {
            term: float(model.idf[place]) for term in corpus.postings if (place := model.index.get(term)) is not None
        }
    else:
        idf = {term: corpus.idf(term) for term in corpus.postings}
    wanted = [tfidf(one, idf) for one in examples.weighted]
    products = np.zeros((len(corpus), len(wanted)))
    for row, counts in enumerate(corpus.weighted):
        weights = tfidf(counts, idf)
        for column, example in enumerate(wanted):
            few, many = sorted((weights, example), key=len)
            products[row, column] = sum(value * many[term] for term, value in few.items() if term in many)
    return products
