"""What a reader likes, learned from her votes, saves and mutes, and how her issue is ordered by it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.corpus import read
from newsletter.rank.numbers import standard
from newsletter.rank.seeds import Seeds, seed_scores

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


@dataclass(frozen=True, slots=True)
class Taste:
    """The papers that she liked and those she did not want more of."""

    likes: tuple[Paper, ...] = ()
    dislikes: tuple[Paper, ...] = ()

    @property
    def weight(self) -> float:
        """Share of her taste beside the stated topic: min(0.7, k / (k + 5)) for k likes."""
        return min(MOST, len(self.likes) / (len(self.likes) + HALF))

    def scores(self, corpus: Corpus, models: Models) -> NDArray[np.float64]:
        """Likeness of each paper to what she likes, as standard scores."""
        if not self.likes and not self.dislikes:
            return np.zeros(len(corpus))
        likeness, _ = seed_scores(corpus, Seeds(self.likes, self.dislikes), models.text)
        return standard(likeness)

    def reorder(self, shelf: Shelf, editions: Sequence[Edition], models: Models) -> Shelf:
        """The shelf by (1 - a) x score + a x taste, a as `weight`."""
        cards = {card.paper.id: card.paper for edition in editions for card in edition.cards}
        corpus = read([cards[pick.paper_id] for pick in shelf.picks], models.text)
        tastes, share = self.scores(corpus, models), self.weight
        stated = standard(np.array([pick.score.total for pick in shelf.picks]))
        blend = np.round((1 - share) * stated + share * tastes, 6)
        order = sorted(range(len(shelf.picks)), key=lambda row: (-blend[row], row))
        return replace(shelf, picks=tuple(shelf.picks[row] for row in order))


def taste_of(feedback: Sequence[Feedback], papers: Mapping[str, Paper]) -> Taste:
    """Her taste from everything she said, oldest first; a later word on the same paper replaces the earlier one."""
    marks: Counter[str] = Counter()
    for said in sorted(feedback, key=lambda f: f.at):
        if said.paper_id in papers:
            marks[said.paper_id] = {"more": 1, "save": 1, "less": -1, "mute": -1}.get(said.verb, 0)
    return Taste(
        likes=tuple(papers[pid] for pid in sorted(marks) if marks[pid] > 0),
        dislikes=tuple(papers[pid] for pid in sorted(marks) if marks[pid] < 0),
    )
