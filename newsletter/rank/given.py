"""Vectors that another model made of the day's texts, handed to the ranker as values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.text_model import cosines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Paper

TITLE_READ = 500  # characters; with the abstract's about 2,000 tokens, which every embedding endpoint takes
ABSTRACT_READ = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """One model's vectors of everything that a day compares. Those of another model are never among them."""

    name: str  # the model's, as readers of an explanation know it
    vectors: Mapping[str, NDArray[np.float32]]  # by `text_key`, all of one size, at unit length

    def near(
        self, papers: Sequence[Paper], question: str, close: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(cosine of every paper with the question, which of them are close).

        Cosines of two models are not on one scale. So `close`, the packaged model's word, says how many papers are
        close to the topic, and this model says which.
        """
        asked = self.vectors[text_key(question)]
        rows = np.array([self.vectors[text_key(paper_text(paper))] for paper in papers], np.float32)
        found = cosines(rows.reshape(len(papers), len(asked)), asked)
        count = int(close.sum())
        bar = np.sort(found)[::-1][count - 1] if count else np.inf
        return found, found >= bar


def paper_text(paper: Paper) -> str:
    """What of a paper a model reads."""
    return f"{paper.title[:TITLE_READ]}. {paper.abstract[:ABSTRACT_READ]}"


def text_key(text: str) -> str:
    """What names a text beside its model: the same text has the same vector, in whatever paper or topic it stands."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
