"""The day's papers as numbers: term counts, an inverted index with BM25, and vectors."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, joined, line, terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Paper
    from newsletter.rank.text_model import TextModel

K1 = 1.0
B = 0.75
BACKGROUND = 26_298  # abstracts that the text model's rarities were counted in
UNKNOWN = 3.0  # how many of them are taken to hold a term that is not in its vocabulary
SHORTEST = 0.5  # of the mean length: what is shorter counts as so long, or a few words would be all about anything
TELLING = 40  # different words from which a text says enough to be compared: 99.7 % of real ones do (docs/ranking.md)
REPEATING = 0.3  # share of different words below which a text repeats itself: none of 12,542 real ones does
TITLE_WEIGHT = 2  # a word of the title counts as two of the abstract where papers are compared


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Papers in a fixed order with everything that relevance reads. Rows of all arrays follow `papers`."""

    papers: tuple[Paper, ...]
    counts: tuple[Counter[str], ...]  # title and abstract, each word once as it stands
    weighted: tuple[Counter[str], ...]  # the same, the title counted TITLE_WEIGHT times
    lines: tuple[str, ...]  # for phrases
    texts: tuple[str, ...]  # title and abstract as written, in lower case and with single blanks
    postings: Mapping[str, tuple[tuple[int, int], ...]]  # term -> (row, count)
    lengths: NDArray[np.float64]  # terms, the title's twice
    vectors: NDArray[np.float32]  # (papers, dimensions), zero columns without a text model
    substance: NDArray[np.float64]  # 0 to 1: how far a text says enough, and without repeating itself
    model: TextModel | None
    familiar: float = 0.0  # share of a text's words that the model knows, the mean over the papers

    def __len__(self) -> int:
        return len(self.papers)

    def idf(self, term: str) -> float:
        """Rarity among these papers and, where there is a text model, those that it was made from."""
        holders, papers = len(self.postings.get(term, ())), len(self.papers)
        if self.model is None:
            return rarity(holders, papers)
        place = self.model.index.get(term)
        before = UNKNOWN if place is None else BACKGROUND * float(np.exp(-self.model.idf[place]))
        return rarity(holders + before, papers + BACKGROUND)

    def bm25(self, query: Mapping[str, float]) -> NDArray[np.float64]:
        """BM25 (Robertson and Zaragoza 2009, eq. 3.15) of every paper for weighted query terms."""
        scores = np.zeros(len(self.papers))
        norms = self._norms()
        for term in sorted(query):
            rarity_ = self.idf(term) * query[term]
            for row, count in self.postings.get(term, ()):
                scores[row] += rarity_ * count * (K1 + 1) / (count + norms[row])
        return scores

    def saturated(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """BM25's growth with how often a paper says something: 0 to K1 + 1."""
        return counts * (K1 + 1) / (counts + self._norms())

    def _norms(self) -> NDArray[np.float64]:
        mean = float(self.lengths.mean()) if len(self.papers) else 1.0
        return K1 * (1 - B + B * np.maximum(self.lengths, SHORTEST * mean) / (mean or 1.0))

    def wording_counts(self, wording: str) -> NDArray[np.float64]:
        """How often each paper says these very letters (in lower case, single blanks), as whole words."""
        found = np.zeros(len(self.papers))
        whole = re.compile(rf"(?<![^\W_]){re.escape(wording)}(?![^\W_])")
        for row, text in enumerate(self.texts):
            if wording in text:  # a tenth of the cost where it is not
                found[row] = len(whole.findall(text))
        return found

    def phrase_counts(self, phrase: str) -> NDArray[np.float64]:
        """How often each paper says the phrase (`words.line`, outer blanks and all)."""
        return np.array([text.count(phrase) if phrase.strip() else 0 for text in self.lines], dtype=np.float64)


def rarity(holders: float, papers: float) -> float:
    """BM25's idf, the variant that is never negative (Lucene's)."""
    return math.log(1 + (papers - holders + 0.5) / (holders + 0.5))


def read(papers: Sequence[Paper], model: TextModel | None) -> Corpus:
    """Build the corpus of these papers, in their order. Overlong texts are read up to a limit."""
    titles = [terms(paper.title[:TITLE_LIMIT]) for paper in papers]
    bodies = [terms(paper.abstract[:BODY_LIMIT]) for paper in papers]
    counts = tuple(joined(title, body) for title, body in zip(titles, bodies, strict=True))
    weighted = tuple(
        joined(Counter({term: (TITLE_WEIGHT - 1) * count for term, count in title.items()}), both)
        for title, both in zip(titles, counts, strict=True)
    )
    postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, one in enumerate(counts):
        for term, count in one.items():
            postings[term].append((row, count))
    return Corpus(
        papers=tuple(papers),
        counts=counts,
        weighted=weighted,
        texts=tuple(
            " ".join(f"{p.title[:TITLE_LIMIT]} . {p.abstract[:BODY_LIMIT]}".casefold().split()) for p in papers
        ),
        lines=tuple(f"{line(p.title[:TITLE_LIMIT])}|{line(p.abstract[:BODY_LIMIT])}" for p in papers),
        postings={term: tuple(rows) for term, rows in postings.items()},
        lengths=np.array([one.total() for one in weighted], dtype=np.float64),
        substance=_substance(counts),
        vectors=model.encode(counts) if model else np.zeros((len(papers), 0), np.float32),
        model=model,
        familiar=_familiar(counts, model) if model else 0.0,
    )


def _substance(counts: Sequence[Mapping[str, int]]) -> NDArray[np.float64]:
    """1 for every usual text. Less for one of a few words beside texts of many (never among its like), and less the
    more it says the same words over and over.
    """
    singles = [[count for term, count in one.items() if "_" not in term] for one in counts]
    different = np.array([len(one) for one in singles], dtype=np.float64)
    if not len(different):
        return different
    totals = np.maximum(1, np.array([sum(one) for one in singles], dtype=np.float64))
    enough = max(1.0, min(TELLING, float(np.median(different)) / 2))
    told: NDArray[np.float64] = np.minimum(1, different / enough)
    fresh: NDArray[np.float64] = np.minimum(1, different / totals / REPEATING)
    return np.round(told * fresh, 6)


def _familiar(counts: Sequence[Mapping[str, int]], model: TextModel) -> float:
    shares = []
    for one in counts:
        words = [term for term in one if "_" not in term]
        shares.append(sum(term in model.index for term in words) / max(1, len(words)))
    return math.fsum(shares) / max(1, len(shares))
