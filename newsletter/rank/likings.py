"""The tastes of many readers over the same editions: a paper is read once, a reader costs a sum of known vectors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.corpus import TITLE_WEIGHT
from newsletter.rank.numbers import standard
from newsletter.rank.seeds import LESS, MEANING, tfidf
from newsletter.rank.taste import AUTHOR, Taste
from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, name_key, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from newsletter.model.edition import Edition
    from newsletter.model.paper import Paper
    from newsletter.rank.cut import Shelf
    from newsletter.rank.text_model import Models, TextModel

MOST = 20_000  # papers that are remembered, about 3 kB each


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A paper as taste sees it: its weighted terms that the model knows, its vector, its authors' keys."""

    places: NDArray[np.int64]
    weights: NDArray[np.float64]
    vector: NDArray[np.float64]
    authors: tuple[str, ...]


class Likings:
    """What was read of papers so far; `of` gives a reader's taste that uses it. Not shared between threads."""

    def __init__(self, model: TextModel) -> None:
        self.model = model
        self._read: dict[str, Read] = {}

    def of(self, taste: Taste) -> SharedTaste:
        return SharedTaste(taste.likes, taste.dislikes, likings=self)

    def read(self, paper: Paper) -> Read:
        """The terms are weighted as in `seeds.overlaps`, by the model's rarities and over the whole text: no pool
        changes them.
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
        weighted = {term: count + (TITLE_WEIGHT - 1) * title[term] for term, count in counts.items() if term in index}
        idf = {term: float(self.model.idf[index[term]]) for term in weighted}
        shares = tfidf(weighted, idf)
        return Read(
            places=np.array([index[term] for term in shares], np.int64),
            weights=np.array([*shares.values()], np.float64),
            vector=self.model.encode([counts])[0].astype(np.float64),
            authors=tuple(" ".join(name_key(name)).strip() for name in paper.authors),
        )

    def sum(self, taste: Taste) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rocchio's query of a taste: (terms, dimensions), likes at 1 / k each, dislikes at -LESS / n."""
        words = np.zeros(len(self.model.index))
        meaning = np.zeros(self.model.weights.shape[1])
        for papers, sign in ((taste.likes, 1.0), (taste.dislikes, -LESS)):
            for paper in papers:
                one = self.read(paper)
                words[one.places] += sign / len(papers) * one.weights
                meaning += sign / len(papers) * one.vector
        return words, meaning


@dataclass(frozen=True, slots=True)
class SharedTaste(Taste):
    """A taste that orders as `Taste` does, from what `likings` knows."""

    likings: Likings | None = field(default=None, compare=False, repr=False)
    _query: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = field(
        default_factory=list, compare=False, repr=False
    )

    def reorder(self, shelf: Shelf, editions: Sequence[Edition], models: Models) -> Shelf:
        """The shelf by the blend of the picks' scores with her taste; see `Taste.blend`."""
        del models
        cards = {card.paper.id: card.paper for edition in editions for card in edition.cards}
        stated = standard(np.array([pick.score.total for pick in shelf.picks]))
        blend = self.blended(stated, [cards[pick.paper_id] for pick in shelf.picks])
        order = sorted(range(len(shelf.picks)), key=lambda row: (-blend[row], row))
        return replace(shelf, picks=tuple(shelf.picks[row] for row in order))

    def blended(self, stated: NDArray[np.float64], papers: Sequence[Paper]) -> NDArray[np.float64]:
        likings = self.likings
        assert likings is not None  # `Likings.of` made it
        if not self._query:
            self._query.append(likings.sum(self))
        words, meaning = self._query[0]
        read = [likings.read(paper) for paper in papers]
        followed, share = self.authors, self.weight
        said = np.array([float((words[one.places] * one.weights).sum()) for one in read])
        near = np.array([float((meaning * one.vector).sum()) for one in read])
        likeness = standard(np.round(said, 9)) + MEANING * standard(np.round(near, 6))
        author = np.array([max((followed.get(key, 0.0) for key in one.authors), default=0.0) for one in read])
        return np.round((1 - share) * stated + share * likeness + AUTHOR * author, 6)
