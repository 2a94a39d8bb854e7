"""What readers' likes have in common, and how near papers come to it: each paper is read once for all readers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.corpus import BACKGROUND, TITLE_WEIGHT, UNKNOWN
from newsletter.rank.numbers import standard
from newsletter.rank.seeds import LESS, MEANING, tfidf
from newsletter.rank.text_model import TextModel
from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, name_key, terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Paper
    from newsletter.rank.corpus import Corpus

MOST = 20_000  # papers that are remembered, about 3 kB each
RARE = log(BACKGROUND / UNKNOWN)  # rarity of a word that the text model does not know
LEARNED = 10  # words that are learned of one reader, at most
TWICE = 2  # likes that must say a word before it is learned, when there are so many
BELIEF = 200.0  # how many papers the usual share of a word is worth beside her dislikes
SURE = 3.0  # with so many likes the learned words weigh as much as all words
WEIGHT = 1.1  # of learned words, when they are all that counts


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A paper as taste sees it: its weighted terms that the model knows, its vector, its authors' keys."""

    places: NDArray[np.int64]
    weights: NDArray[np.float64]
    vector: NDArray[np.float64]
    authors: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A taste made ready: `words` and `learned` belong to the terms at `places`, which rise; `meaning` is a vector."""

    places: NDArray[np.int64]
    words: NDArray[np.float64]  # Rocchio: likes less half of dislikes
    learned: NDArray[np.float64]
    meaning: NDArray[np.float64]
    sure: float  # 0 to 1: how far learned words stand in for all words


class Likings:
    """What was read of papers so far, by one text model. Not shared between threads."""

    def __init__(self, model: TextModel) -> None:
        self.model = model
        self._terms = tuple(model.index)
        self._strange: dict[int, str] = {}  # words that the model does not know, by their place
        self._read: dict[str, Read] = {}

    def read(self, paper: Paper) -> Read:
        """The terms are weighted as in `seeds.overlaps`, by the model's rarities and over the whole text: no pool
        changes them. A single word that the model does not know is taken to be rare.
        """
        known = self._read.get(paper.id)
        if known is None:
            if len(self._read) >= MOST:
                self._read.clear()
            known = self._read[paper.id] = self._look(paper)
        return known

    def _look(self, paper: Paper) -> Read:
        title, body = terms(paper.title[:TITLE_LIMIT]), terms(paper.abstract[:BODY_LIMIT])
        counts = title + body
        index = self.model.index
        weighted = {
            term: count + (TITLE_WEIGHT - 1) * title[term]
            for term, count in counts.items()
            if term in index or "_" not in term
        }
        idf = {term: float(self.model.idf[index[term]]) if term in index else RARE for term in weighted}
        shares = tfidf(weighted, idf)
        return Read(
            places=np.array([self._place(term) for term in shares], np.int64),
            weights=np.array([*shares.values()], np.float64),
            vector=self.model.encode([counts])[0].astype(np.float64),
            authors=tuple(" ".join(name_key(name)).strip() for name in paper.authors),
        )

    def _place(self, term: str) -> int:
        """A term's number: the model's, or beyond all of these 48 bits of its hash."""
        known = self.model.index.get(term)
        if known is not None:
            return known
        place = len(self._terms) + int.from_bytes(hashlib.blake2b(term.encode(), digest_size=6).digest(), "big")
        self._strange[place] = term
        return place

    def ask(self, likes: Mapping[Paper, float], dislikes: Mapping[Paper, float]) -> Query:
        """A taste's query; papers come with what is left of their weight, 0 to 1."""
        both = [(papers, self.read(paper), weight) for papers in (likes, dislikes) for paper, weight in papers.items()]
        meaning = np.zeros(self.model.weights.shape[1])
        if not both:
            return Query(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), meaning, 0.0)
        places, at = np.unique(np.concatenate([one.places for _, one, _ in both]), return_inverse=True)
        ends = np.cumsum([len(one.places) for _, one, _ in both])
        rows = np.split(at, ends[:-1])
        words, said, times, avoided = (np.zeros(len(places)) for _ in range(4))
        for (papers, one, weight), row in zip(both, rows, strict=True):
            share = (1.0 if papers is likes else -LESS) * weight / sum(papers.values())
            words[row] += share * one.weights
            meaning += share * one.vector
            (said if papers is likes else avoided)[row] += weight
            times[row] += papers is likes
        usual = (BELIEF * self._shares(places) + avoided) / (BELIEF + sum(dislikes.values()))
        count = sum(likes.values())
        learned = learn(said, usual * count, times >= min(TWICE, len(likes)))
        return Query(places, words, learned, meaning, count / (count + SURE))

    def _shares(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """What share of papers in general say each term."""
        known = places < len(self._terms)
        shares = np.full(len(places), np.exp(-RARE))
        shares[known] = np.exp(-self.model.idf[places[known]].astype(np.float64))
        return shares

    def words(self, query: Query) -> tuple[str, ...]:
        """What was learned, in words, the surest first: pairs as two words."""
        best = np.lexsort((query.places, -query.learned))[: int((query.learned > 0).sum())]
        size = len(self._terms)
        terms_ = (self._terms[at] if at < size else self._strange[at] for at in query.places[best].tolist())
        return tuple(term.replace("_", " ") for term in terms_)

    def likeness(self, query: Query, papers: Sequence[Paper]) -> NDArray[np.float64]:
        """How much each paper is like what she likes: by the words learned of her, by all words, and by meaning."""
        said, learned, near = np.zeros(len(papers)), np.zeros(len(papers)), np.zeros(len(papers))
        for row, paper in enumerate(papers):
            one = self.read(paper)
            at = np.searchsorted(query.places, one.places)
            same = np.append(query.places, -1)[at] == one.places
            said[row] = query.words[at[same]] @ one.weights[same]
            learned[row] = query.learned[at[same]].sum()
            near[row] = query.meaning @ one.vector
        sure = query.sure if query.learned.any() else 0.0
        by_words = (1 - sure) * standard(np.round(said, 9)) + WEIGHT * sure * standard(np.round(learned, 6))
        likeness: NDArray[np.float64] = by_words + MEANING * standard(np.round(near, 6))
        return likeness


def learn(said: NDArray[np.float64], expected: NDArray[np.float64], often: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each term how surprising it is that so many likes say it: the log-likelihood ratio m ln(m / e) - (m - e) of
    m likes where e were expected (Dunning 1993). The LEARNED largest among those that are said `often`, elsewhere 0.
    """
    learned = np.zeros(len(said))
    near = np.flatnonzero(often & (said > expected))
    surprise = np.round(said[near] * np.log(said[near] / expected[near]) - (said[near] - expected[near]), 6)
    best = np.lexsort((near, -surprise))[:LEARNED]
    learned[near[best]] = surprise[best]
    return learned


def lexicon(corpus: Corpus) -> TextModel:
    """The corpus's own terms and rarities as a text model without meaning, for a ranker that goes by words alone."""
    vocabulary = sorted(corpus.postings)
    return TextModel(
        index={term: place for place, term in enumerate(vocabulary)},
        weights=np.zeros((len(vocabulary), 0), np.float32),
        idf=np.array([corpus.idf(term) for term in vocabulary], np.float32),
    )
