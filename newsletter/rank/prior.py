"""What attention to expect of a paper that nobody has voted on yet: from its text, and by a switch from its authors."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from math import log1p
from typing import TYPE_CHECKING, Literal

import numpy as np

from newsletter.rank.numbers import standard
from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, name_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Paper
    from newsletter.rank.corpus import Corpus
    from newsletter.tongue.reasons import Reason

Question = Literal["picked", "votes"]  # will the community pick it from a day's list; how many votes once picked

FACTS = 13  # how many of the features say nothing of the authors' history
SHRINK = 3.0  # an author's mean is drawn to zero as if by so many more papers
MOST_AUTHORS = 60
MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one author: papers on the hub's lists, how many of them have votes, and their summed surplus.

    A surplus is log votes above the mean of the paper's day.
    """

    papers: int = 0
    voted: int = 0
    surplus: float = 0.0


@dataclass(frozen=True, slots=True)
class Entrance:
    """How a paper came onto a list that people vote on."""

    waited: int = 0  # days from its first submission to its first list
    media: bool = False  # the list shows a picture or film of it


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """One linear model over [vector, features]: `weights` fit features brought to mean 0 and deviation 1."""

    vector: NDArray[np.float64]
    weights: NDArray[np.float64]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PriorModel:
    """Heads by (question, with author history), and the authors' records by `author_key`."""

    heads: Mapping[tuple[Question, bool], Head]
    authors: Mapping[int, Record]


def author_key(name: str) -> int:
    """32 bits of a folded name: the table holds no names."""
    folded = " ".join(name_key(name))
    return int.from_bytes(hashlib.blake2b(folded.encode(), digest_size=4).digest(), "big")


def has_code(paper: Paper) -> bool:
    return bool(paper.code_url) or "github.com" in paper.abstract[:BODY_LIMIT]


def features(paper: Paper, authors: Mapping[int, Record], entrance: Entrance = Entrance()) -> list[float]:
    """FACTS numbers from the paper itself and its entrance, then those from its authors' records."""
    text, title = paper.abstract[:BODY_LIMIT], paper.title[:TITLE_LIMIT]
    known = [authors.get(author_key(name), Record()) for name in paper.authors] or [Record()]
    counts = sorted((one.papers for one in known), reverse=True)
    means = [one.surplus / (one.voted + SHRINK) for one in known]
    held = sum(count > 0 for count in counts)
    return [
        log1p(min(MOST_AUTHORS, len(paper.authors))),
        float(has_code(paper)),
        float("http" in text),
        float(bool(paper.project_url)),
        float(bool(paper.organization)),
        len(text) / 1000,
        len(title) / 100,
        float(":" in title),
        float("?" in title),
        len(title.split(":")[0]) / 100,
        float(not paper.authors),
        log1p(min(MOST_DAYS, max(0, entrance.waited))),
        float(entrance.media),
        log1p(sum(counts)),
        log1p(counts[0]),
        log1p(counts[1] if len(counts) > 1 else 0),
        log1p(known[-1].papers),
        log1p(known[0].papers),
        held / len(known),
        log1p(held),
        sum(means) / len(means),
        max(means),
        means[-1],
        means[0],
        sum(means),
    ]


def priors(
    corpus: Corpus,
    model: PriorModel | None,
    *,
    question: Question,
    author_history: bool,
    entrances: Sequence[Entrance] = (),
) -> NDArray[np.float64]:
    """One number a paper, as a standard score over the pool. Without a model: authors and code, as facts.

    `entrances` follow the papers and count for `votes` alone: before it is picked, a paper has none.
    """
    if not len(corpus):
        return np.zeros(0)
    came = entrances if question == "votes" and entrances else [Entrance()] * len(corpus)
    known = model.authors if model else {}
    rows = np.array([features(paper, known, one) for paper, one in zip(corpus.papers, came, strict=True)])
    if model is None or not corpus.vectors.shape[1]:
        return standard(0.3 * standard(rows[:, 0]) + 0.3 * rows[:, 1])
    head = model.heads[question, author_history]
    used = rows if author_history else rows[:, :FACTS]
    scores = ((used - head.mean) / head.spread) @ head.weights + corpus.vectors.astype(np.float64) @ head.vector
    return standard(np.round(scores, 6))


def describe(paper: Paper) -> Reason:
    """The prior as a reason: how many authors, and whether there is code."""
    return ("prior", str(len(paper.authors)), str(int(has_code(paper))))


def read_prior_model(data: bytes) -> PriorModel:
    """An .npz as `write_prior_model` makes it."""
    with np.load(io.BytesIO(data)) as arrays:
        questions: Sequence[Question] = ("picked", "votes")
        heads = {
            (question, history): Head(
                *(
                    arrays[f"{question}_{int(history)}_{name}"].astype(np.float64)
                    for name in ("vector", "weights", "mean", "spread")
                )
            )
            for question in questions
            for history in (False, True)
        }
        columns = (arrays[name].tolist() for name in ("author", "papers", "voted", "surplus"))
        authors = {key: Record(papers, voted, surplus) for key, papers, voted, surplus in zip(*columns, strict=True)}
    return PriorModel(heads, authors)


def write_prior_model(model: PriorModel) -> bytes:
    keys = sorted(model.authors)
    records = [model.authors[key] for key in keys]
    arrays = {
        f"{question}_{int(history)}_{name}": getattr(head, name).astype(np.float32)
        for (question, history), head in sorted(model.heads.items())
        for name in ("vector", "weights", "mean", "spread")
    }
    arrays["author"] = np.array(keys, np.uint32)
    arrays["papers"] = np.array([one.papers for one in records], np.uint16)
    arrays["voted"] = np.array([one.voted for one in records], np.uint16)
    arrays["surplus"] = np.array([one.surplus for one in records], np.float16)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()
