"""What readers' likes have in common, and how near papers come to it: each paper is read once for all readers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.corpus import BACKGROUND, TITLE_WEIGHT, UNKNOWN
from newsletter.rank.matched import tells
from newsletter.rank.numbers import standard
from newsletter.rank.seeds import LESS, MEANING, tfidf
from newsletter.rank.text_model import TextModel
from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, name_key, terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.edition import Pick
    from newsletter.model.paper import Paper
    from newsletter.rank.corpus import Corpus

MOST = 20_000  # papers that are remembered, about 3 kB each
RARE = log(BACKGROUND / UNKNOWN)  # rarity of a word that the text model does not know
LEARNED = 10  # words that are learned of one reader, at most
TWICE = 2  # likes that must say a word before it is learned, when there are so many
BELIEF = 200.0  # how many papers the usual share of a word is worth beside her dislikes
SURE = 3.0  # with so many likes the learned words weigh as much as all words
WEIGHT = 1.1  # of learned words, when they are all that counts
SHEETS = 64_000_000  # bytes of sheets that are remembered: a day of 50 topics takes some 8 million


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
    numbers: NDArray[np.intp]
    words: NDArray[np.float64]  # Rocchio: likes less half of dislikes
    learned: NDArray[np.float64]
    meaning: NDArray[np.float64]
    sure: float  # 0 to 1: how far learned words stand in for all words


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Papers side by side: their terms as one sparse matrix, their vectors, their authors; the same for all readers."""

    columns: NDArray[np.intp]  # of each entry of the matrix: its term's number
    rows: NDArray[np.intp]  # and its paper
    weights: NDArray[np.float64]
    vectors: NDArray[np.float64]  # (papers, dimensions)
    authors: Mapping[str, tuple[int, ...]]  # the papers of each

    @property
    def size(self) -> int:
        """In bytes, about."""
        return sum(x.nbytes for x in (self.columns, self.rows, self.weights, self.vectors))


class Likings:
    """What was read of papers so far, by one text model. Not shared between threads."""

    def __init__(self, model: TextModel) -> None:
        self.model = model
        self._terms = tuple(model.index)
        self._strange: dict[int, str] = {}  # words that the model does not know, by their place
        self._order: dict[int, int] = {}  # which of these was met when, by place
        self._scratch = np.zeros((2, len(model.index)))
        self._read: dict[str | Paper, Read] = {}  # what readers brought, by what they say it is: one id, many texts
        # By the identity of a shelf's picks, which are kept beside so that it stays theirs.
        self._shelves: dict[int, tuple[tuple[Pick, ...], Sheet, NDArray[np.float64]]] = {}
        self._size = 0

    def read(self, paper: Paper) -> Read:
        """The terms are weighted as in `seeds.overlaps`, by the model's rarities and over the whole text: no pool
        changes them. A single word that the model does not know is taken to be rare.
        """
        key = paper if paper.brought else paper.id
        known = self._read.get(key)
        if known is None:
            if len(self._read) >= MOST:
                self._read.clear()
            known = self._read[key] = self._look(paper)
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

    def _numbers(self, places: NDArray[np.int64]) -> NDArray[np.intp]:
        """The terms' places in the scratch: the model's own, and after these the strange words as they were met."""
        numbers = places.astype(np.intp)
        size, order = len(self._terms), self._order
        strange = np.flatnonzero(places >= size)
        numbers[strange] = [size + order.setdefault(place, len(order)) for place in places[strange].tolist()]
        return numbers

    def sheet(self, papers: Sequence[Paper]) -> Sheet:
        """Papers laid side by side, in this order."""
        read = [self.read(paper) for paper in papers]
        authors: dict[str, list[int]] = {}
        for row, one in enumerate(read):
            for key in one.authors:
                authors.setdefault(key, []).append(row)
        return Sheet(
            columns=self._numbers(np.concatenate([np.zeros(0, np.int64), *(one.places for one in read)])),
            rows=np.repeat(np.arange(len(read)), [len(one.places) for one in read]),
            weights=np.concatenate([np.zeros(0), *(one.weights for one in read)]),
            vectors=np.array([one.vector for one in read]).reshape(len(read), self.model.weights.shape[1]),
            authors={key: tuple(rows) for key, rows in authors.items()},
        )

    def shelf(
        self, picks: tuple[Pick, ...], papers: Callable[[], Mapping[str, Paper]]
    ) -> tuple[Sheet, NDArray[np.float64]]:
        """A shelf's sheet and scores, made once for all readers who come with the very same `picks`."""
        known = self._shelves.get(id(picks))
        if known is None:
            by_id = papers()
            sheet = self.sheet([by_id[pick.paper_id] for pick in picks])
            if self._size + sheet.size > SHEETS:
                self._shelves.clear()
                self._size = 0
            self._size += sheet.size
            known = self._shelves[id(picks)] = (picks, sheet, np.array([pick.score.total for pick in picks]))
        return known[1:]

    def ask(self, likes: Sequence[tuple[Paper, float]], dislikes: Sequence[tuple[Paper, float]]) -> Query:
        """A taste's query; papers come with what is left of their weight, 0 to 1."""
        read = [self.read(paper) for paper, _ in (*likes, *dislikes)]
        meaning = np.zeros(self.model.weights.shape[1])
        if not read:
            return Query(np.zeros(0, np.int64), np.zeros(0, np.intp), np.zeros(0), np.zeros(0), meaning, 0.0)
        count, against = sum(weight for _, weight in likes), sum(weight for _, weight in dislikes)
        shares = [weight / count for _, weight in likes] + [-LESS * weight / against for _, weight in dislikes]
        for share, one in zip(shares, read, strict=True):
            meaning += share * one.vector
        places, at = np.unique(np.concatenate([one.places for one in read]), return_inverse=True)
        lengths = [len(one.places) for one in read]
        border = sum(lengths[: len(likes)])  # entries before it are of likes

        def summed(
            of_papers: Sequence[float], among: slice, entries: NDArray[np.float64] | float = 1.0
        ) -> NDArray[np.float64]:
            weighted = (np.repeat(of_papers, lengths) * entries)[among]
            return np.bincount(at[among], weighted, len(places)).astype(np.float64, copy=False)

        weights = [weight for _, weight in (*likes, *dislikes)]
        liked, disliked = slice(border), slice(border, None)
        words = summed(shares, slice(None), np.concatenate([one.weights for one in read]))
        usual = (BELIEF * self._shares(places) + summed(weights, disliked)) / (BELIEF + against)
        times = np.bincount(at[liked], minlength=len(places))
        learned = learn(summed(weights, liked), usual * count, times >= min(TWICE, len(likes)))
        return Query(
            places,
            self._numbers(places),
            words,
            learned,
            meaning,
            count / (count + SURE),
        )

    def _shares(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """What share of papers in general say each term."""
        known = places < len(self._terms)
        shares = np.full(len(places), np.exp(-RARE))
        shares[known] = np.exp(-self.model.idf[places[known]].astype(np.float64))
        return shares

    def words(self, query: Query) -> tuple[str, ...]:
        """What was learned, in words, the surest first: pairs as two words. What most papers say is left out: it moves
        next to nothing in an order, and tells a reader nothing of herself.
        """
        best = np.lexsort((query.places, -query.learned))[: int((query.learned > 0).sum())]
        size = len(self._terms)
        found = []
        for at in query.places[best].tolist():
            term = self._terms[at] if at < size else self._strange[at]
            if tells(term, float(self.model.idf[at]) if at < size else RARE):
                found.append(term.replace("_", " "))
        return tuple(found)

    def likeness(self, query: Query, sheet: Sheet, rows: NDArray[np.intp] | slice) -> NDArray[np.float64]:
        """How much each paper among `rows` is like what she likes: by the words learned of her, by all words, and by
        meaning.
        """
        missing = len(self._terms) + len(self._order) - self._scratch.shape[1]
        if missing > 0:
            self._scratch = np.zeros((2, self._scratch.shape[1] + missing + len(self._terms)))
        words, learned = self._scratch  # all zeros between two questions
        words[query.numbers], learned[query.numbers] = query.words, query.learned
        said = np.bincount(sheet.rows, sheet.weights * words[sheet.columns], len(sheet.vectors))[rows]
        surely = np.bincount(sheet.rows, learned[sheet.columns], len(sheet.vectors))[rows]
        self._scratch[:, query.numbers] = 0
        near = (sheet.vectors @ query.meaning)[rows]
        sure = query.sure if query.learned.any() else 0.0
        by_words = (1 - sure) * standard(np.round(said, 9)) + WEIGHT * sure * standard(np.round(surely, 6))
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
