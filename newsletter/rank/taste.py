"""What a reader likes, learned from her votes, saves and mutes, and how her issue is ordered by it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.corpus import read
from newsletter.rank.numbers import standard
from newsletter.rank.seeds import Seeds, seed_scores
from newsletter.rank.words import name_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.edition import Edition
    from newsletter.model.paper import Paper
    from newsletter.model.subscriber import Feedback
    from newsletter.rank.corpus import Corpus
    from newsletter.rank.cut import Shelf
    from newsletter.rank.text_model import Models

HALF = 5.0  # so many likes weigh as much as the stated topic
MOST = 0.7  # the stated topic always keeps the rest
AUTHOR = 2.0  # an author of every paper she liked, in standard deviations


@dataclass(frozen=True, slots=True)
class Taste:
    """The papers that she liked and those she did not want more of: what was learned, to be seen and edited."""

    likes: tuple[Paper, ...] = ()
    dislikes: tuple[Paper, ...] = ()

    @property
    def weight(self) -> float:
        """Share of her taste beside the stated topic: min(0.7, k / (k + 5)) for k likes."""
        return min(MOST, len(self.likes) / (len(self.likes) + HALF))

    @property
    def authors(self) -> dict[str, float]:
        """Authors of her likes and the share of likes that they wrote: of several likes, those of at least two."""
        counts = Counter(key for paper in self.likes for key in {_key(name) for name in paper.authors})
        least = 2 if len(self.likes) > 1 else 1
        return {key: count / len(self.likes) for key, count in sorted(counts.items()) if count >= least and key}

    def likeness(self, corpus: Corpus, models: Models) -> NDArray[np.float64]:
        """How much each paper is like what she likes (Rocchio on words and on meaning)."""
        if not self.likes and not self.dislikes:
            return np.zeros(len(corpus))
        return seed_scores(corpus, Seeds(self.likes, self.dislikes), models.text)[0]

    def blend(self, stated: NDArray[np.float64] | None, corpus: Corpus, models: Models) -> NDArray[np.float64]:
        """(1 - a) x stated + a x likeness + AUTHOR x followed author; without a stated topic a is 1."""
        share = self.weight if stated is not None else 1.0
        followed = self.authors
        author = [max((followed.get(_key(name), 0.0) for name in p.authors), default=0.0) for p in corpus.papers]
        known = (1 - share) * stated if stated is not None else np.zeros(len(corpus))
        return np.round(known + share * self.likeness(corpus, models) + AUTHOR * np.array(author), 6)

    def reorder(self, shelf: Shelf, editions: Sequence[Edition], models: Models) -> Shelf:
        """The shelf by the blend of the picks' scores with her taste."""
        cards = {card.paper.id: card.paper for edition in editions for card in edition.cards}
        corpus = read([cards[pick.paper_id] for pick in shelf.picks], models.text)
        blend = self.blend(standard(np.array([pick.score.total for pick in shelf.picks])), corpus, models)
        order = sorted(range(len(shelf.picks)), key=lambda row: (-blend[row], row))
        return replace(shelf, picks=tuple(shelf.picks[row] for row in order))


def _key(name: str) -> str:
    return " ".join(name_key(name)).strip()


def taste_of(feedback: Sequence[Feedback], papers: Mapping[str, Paper]) -> Taste:
    """Her taste from everything she said, oldest first; a later word on the same paper replaces the earlier one."""
    marks: dict[str, int] = {}
    for said in sorted(feedback, key=lambda f: f.at):
        if said.paper_id in papers:
            marks[said.paper_id] = {"more": 1, "save": 1, "less": -1, "mute": -1}.get(said.verb, 0)
    return Taste(
        likes=tuple(papers[paper_id] for paper_id in sorted(marks) if marks[paper_id] > 0),
        dislikes=tuple(papers[paper_id] for paper_id in sorted(marks) if marks[paper_id] < 0),
    )
