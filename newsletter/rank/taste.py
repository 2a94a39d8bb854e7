"""What a reader likes, learned from her votes, saves and mutes, and how her issue is ordered by it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.corpus import read
from newsletter.rank.likings import Likings, lexicon
from newsletter.rank.matched import spoken
from newsletter.rank.numbers import standard
from newsletter.rank.words import name_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from newsletter.model.edition import Edition
    from newsletter.model.paper import Paper
    from newsletter.model.subscriber import Feedback
    from newsletter.rank.cut import Shelf
    from newsletter.rank.likings import Query, Sheet
    from newsletter.rank.text_model import Models

HALF = 3.0  # so many likes weigh as much as the stated topic
MOST = 0.7  # the stated topic always keeps the rest
AUTHOR = 2.0  # an author of every paper she liked, in standard deviations
FORGOTTEN = 0.02  # of a like: what is left of it after almost six half-lives counts no more


@dataclass(frozen=True, slots=True)
class _Made:
    """A taste made ready to order shelves."""

    query: Query
    authors: Mapping[str, float]
    weight: float


@dataclass(frozen=True, slots=True)
class Taste:
    """The papers that she liked and those she did not want more of: what was learned, to be seen and edited.

    `left` holds what is left of a paper's weight, by its id: 1 for one that is not named. `likings` are what was read
    of papers already, for whoever orders many issues.
    """

    likes: tuple[Paper, ...] = ()
    dislikes: tuple[Paper, ...] = ()
    left: Mapping[str, float] = field(default_factory=dict)
    likings: Likings | None = field(default=None, compare=False, repr=False)
    _made: list[_Made] = field(default_factory=list, compare=False, repr=False)

    @property
    def weight(self) -> float:
        """Share of her taste beside the stated topic: min(0.7, k / (k + 3)) for k likes, forgotten ones less."""
        count = sum(weight for _, weight in self._left(self.likes))
        return min(MOST, count / (count + HALF))

    @property
    def authors(self) -> dict[str, float]:
        """Authors of her likes and the share of likes that they wrote: of several likes, those of at least two."""
        shares: dict[str, float] = defaultdict(float)
        counts: Counter[str] = Counter()
        whole = sum(weight for _, weight in self._left(self.likes))
        for paper, weight in self._left(self.likes):
            for key in {_key(name) for name in paper.authors}:
                shares[key] += weight / whole
                counts[key] += 1
        least = 2 if len(self.likes) > 1 else 1
        return {key: shares[key] for key in sorted(shares) if counts[key] >= least and key}

    def words(self, likings: Likings) -> tuple[str, ...]:
        """The words that were learned of her, the surest first, as papers that she likes spell them."""
        learned = likings.words(likings.ask(self._left(self.likes), self._left(self.dislikes)))
        return spoken(learned, self.likes)

    def blend(self, stated: NDArray[np.float64] | None, papers: Sequence[Paper], models: Models) -> NDArray[np.float64]:
        """(1 - a) x stated + a x likeness + AUTHOR x followed author; without a stated topic a is 1."""
        likings = self.likings or Likings(models.text or lexicon(read(papers, None)))
        return self._blend(stated, likings, likings.sheet(papers), slice(None))

    def reorder(
        self, shelf: Shelf, editions: Sequence[Edition], models: Models, gone: frozenset[str] = frozenset()
    ) -> Shelf:
        """The shelf without what is `gone`, by the blend of the picks' scores with her taste."""
        picks = shelf.picks
        if self.likings is None:
            picks = tuple(pick for pick in picks if pick.paper_id not in gone)
            stated = standard(np.array([pick.score.total for pick in picks]))
            cards = _papers(editions)
            blend = self.blend(stated, [cards[pick.paper_id] for pick in picks], models)
        else:
            sheet, scores = self.likings.shelf(picks, lambda: _papers(editions))
            rows: NDArray[np.intp] | slice = slice(None)
            if any(pick.paper_id in gone for pick in picks):
                rows = np.array([row for row, pick in enumerate(picks) if pick.paper_id not in gone], np.intp)
                picks = tuple(picks[row] for row in rows.tolist())
            blend = self._blend(standard(scores[rows]), self.likings, sheet, rows)
        order = np.argsort(-blend, kind="stable")
        return replace(shelf, picks=tuple(picks[row] for row in order.tolist()))

    def _blend(
        self, stated: NDArray[np.float64] | None, likings: Likings, sheet: Sheet, rows: NDArray[np.intp] | slice
    ) -> NDArray[np.float64]:
        made = self._make(likings)
        author = np.zeros(len(sheet.vectors))
        for key, part in made.authors.items():
            for row in sheet.authors.get(key, ()):
                author[row] = max(author[row], part)
        share = made.weight if stated is not None else 1.0
        blend = np.zeros(len(author[rows])) if stated is None else (1 - share) * stated
        if self.likes or self.dislikes:
            blend = blend + share * likings.likeness(made.query, sheet, rows)
        return np.round(blend + AUTHOR * author[rows], 6)

    def _make(self, likings: Likings) -> _Made:
        """For shared likings once for all shelves."""
        if likings is self.likings and self._made:
            return self._made[0]
        query = likings.ask(self._left(self.likes), self._left(self.dislikes))
        made = _Made(query, self.authors, self.weight)
        if likings is self.likings:
            self._made.append(made)
        return made

    def _left(self, papers: Sequence[Paper]) -> list[tuple[Paper, float]]:
        return [(paper, self.left.get(paper.id, 1.0)) for paper in papers]


def _papers(editions: Sequence[Edition]) -> dict[str, Paper]:
    return {card.paper.id: card.paper for edition in editions for card in edition.cards}


@lru_cache(maxsize=65_536)  # authors come again with every reader who liked them
def _key(name: str) -> str:
    return " ".join(name_key(name)).strip()


def opinions(feedback: Sequence[Feedback]) -> dict[str, Feedback]:
    """What she holds of each paper now: a `more`, `less`, `save` or `mute` that she did not take back since.

    `undo` takes back an opinion, `unsave` a save, `unmute` a mute. A save says `more` where she said nothing else; of
    an opinion and a mute the later one counts.
    """
    said: dict[str, Feedback] = {}
    saved: dict[str, Feedback] = {}
    for one in sorted((one for one in feedback if one.paper_id), key=lambda f: f.at):
        held = said.get(one.paper_id)
        if one.verb in {"more", "less", "mute"}:
            said[one.paper_id] = one
        elif one.verb == "save":
            saved[one.paper_id] = one
        elif one.verb == "unsave":
            saved.pop(one.paper_id, None)
        elif held and (held.verb == "mute") == (one.verb == "unmute"):
            del said[one.paper_id]
    return {**saved, **said}


def taste_of(
    feedback: Sequence[Feedback],
    papers: Mapping[str, Paper],
    *,
    now: datetime | None = None,
    half_life: timedelta = timedelta(),
) -> Taste:
    """Her taste from everything she said, as on the day of `now`: a word loses half its weight every `half_life`.

    Without `now`, or with a half-life of nothing, nothing is forgotten.
    """
    held = {paper_id: one for paper_id, one in sorted(opinions(feedback).items()) if paper_id in papers}
    left: dict[str, float] = {}
    if now is not None and half_life > timedelta():
        ages = {i: max(timedelta(), timedelta(days=(now.date() - one.at.date()).days)) for i, one in held.items()}
        left = {paper_id: round(0.5 ** (age / half_life), 6) for paper_id, age in ages.items()}
    kept = {
        paper_id: one.verb in {"more", "save"} for paper_id, one in held.items() if left.get(paper_id, 1) > FORGOTTEN
    }
    return Taste(
        likes=tuple(papers[paper_id] for paper_id, liked in kept.items() if liked),
        dislikes=tuple(papers[paper_id] for paper_id, liked in kept.items() if not liked),
        left={paper_id: left[paper_id] for paper_id in kept} if left else {},
    )
