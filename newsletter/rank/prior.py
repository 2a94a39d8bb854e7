"""What attention to expect of a paper that nobody has voted on yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.numbers import standard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Paper
    from newsletter.rank.corpus import Corpus
    from newsletter.rank.text_model import Models


def has_code(paper: Paper) -> bool:
    return bool(paper.code_url or paper.project_url) or "github.com" in paper.abstract[:20_000]


def priors(corpus: Corpus, models: Models, *, author_history: bool) -> NDArray[np.float64]:
    """One number a paper, -1 to 1 over the pool, from facts that stand on the paper itself."""
    del models, author_history
    authors = standard(np.log1p(np.array([min(40, len(p.authors)) for p in corpus.papers], dtype=np.float64)))
    code = np.array([has_code(p) for p in corpus.papers], dtype=np.float64)
    return np.tanh(0.3 * authors + 0.3 * code)


def describe(paper: Paper) -> str:
    """The prior's detail, in words."""
    count = len(paper.authors)
    people = f"{count} author{'s'[: count != 1]}" if count else "no authors named"
    return f"no votes yet; {people}, {'code' if has_code(paper) else 'no code'}"


def people(papers: Sequence[Paper]) -> list[int]:
    return [len(paper.authors) for paper in papers]
