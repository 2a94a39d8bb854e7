"""A search's question made ready, and candidates in order by words and meaning: scores that no other paper moves."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from newsletter.model.search import Hit
from newsletter.rank.text_model import cosines
from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, joined, line, terms, words

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Paper
    from newsletter.rank.text_model import TextModel

K1 = 1.2
B = 0.75
USUAL_LENGTH = 340.0  # terms of a title (twice) and an abstract, words and pairs: the median of 12,542 papers
TITLE_WEIGHT = 2
RARE = 8.0  # idf of a term that the model does not know, above every one that it knows
MEANING = 0.2  # of the cosine beside the words' 0 to 1: docs/ranking.md, "Search"
EXACT = 10.0  # what was asked for by its number stands before all else
MOST_AUTHORS = 50  # whose names count
LONGEST = 64  # words of a question that count

_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”')
_WORD = re.compile(r"\w+")
_ARXIV = re.compile(r"(?<![\d.])(\d{4}\.\d{4,5})(?:v\d+)?(?![\d.])|\b([a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?\b")
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s\"<>]+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. `every` are the words and phrases as the full text wants them, without stop words."""

    text: str
    every: tuple[str, ...]
    phrases: tuple[str, ...]  # quoted by the reader: a paper must say them
    pairs: tuple[str, ...]  # adjacent words: papers that say one of them are candidates too
    names: tuple[str, ...]  # arXiv numbers and DOIs in it


def ask(text: str) -> Asked:
    """Read what a reader typed. Whatever it is, it is words: there is no syntax but double quotes."""
    flat = " ".join(text.split())
    phrases = tuple(p for a, b in _QUOTED.findall(flat) if (p := " ".join(_WORD.findall(a or b))))
    loose = _WORD.findall(_QUOTED.sub(" ", flat))[:LONGEST]
    telling = [word for word in loose if words(word)] or ([] if phrases else loose)
    return Asked(
        text=flat.replace('"', " ").replace("“", " ").replace("”", " "),
        every=tuple(dict.fromkeys((*phrases, *telling))),
        phrases=phrases,
        pairs=tuple(dict.fromkeys(f"{a} {b}" for a, b in pairwise(telling))),
        names=tuple(
            dict.fromkeys(
                [a or b for a, b in _ARXIV.findall(flat)] + [d.rstrip(".,;)").lower() for d in _DOI.findall(flat)]
            )
        ),
    )


@lru_cache(maxsize=4)
def fingerprint(model: TextModel) -> str:
    """What names a model's vectors in the store: another model has another one. Hashes 8 MB, once for each model."""
    digest = hashlib.blake2b(model.weights.tobytes(), digest_size=8)
    digest.update(model.idf.tobytes())
    return digest.hexdigest()


def text_terms(paper: Paper) -> Counter[str]:
    """The terms that a paper's vector is made of."""
    return joined(terms(paper.title[:TITLE_LIMIT]), terms(paper.abstract[:BODY_LIMIT]))


def packed(vectors: NDArray[np.float32]) -> list[bytes]:
    """Each vector as signed bytes, its largest number at 127: the direction is kept to about 0.005."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    scaled = np.divide(vectors * 127, largest, out=np.zeros_like(vectors), where=largest > 0)
    return [row.tobytes() for row in np.round(scaled).astype(np.int8)]


def read_papers(papers: Sequence[Paper], model: TextModel) -> list[bytes]:
    """The packed vectors of papers, in their order."""
    return packed(model.encode([text_terms(paper) for paper in papers]))


def read_question(asked: Asked, model: TextModel) -> bytes:
    return packed(model.encode([terms(asked.text)]))[0]


def order(asked: Asked, papers: Iterable[Paper], model: TextModel | None, *, by_meaning: bool = True) -> list[Hit]:
    """Candidates that say every quoted phrase, best first; ties by id, the newer number first.

    A score is words (BM25 over fixed statistics, as a share of what a paper could reach) + MEANING x cosine. It reads
    nothing but the question, the paper and the model, so a page of results can continue behind a score whatever
    arrived meanwhile.
    """
    wanted = terms(asked.text)
    rarity = {term: _idf(term, model) * count for term, count in wanted.items()}
    most = sum(rarity.values()) * (K1 + 1)
    needles = [line(phrase) for phrase in asked.phrases]
    kept = [paper for paper in papers if not needles or _says_all(paper, needles)]
    titles = [terms(paper.title[:TITLE_LIMIT]) for paper in kept]
    read = [joined(title, terms(paper.abstract[:BODY_LIMIT])) for title, paper in zip(titles, kept, strict=True)]
    nearness = np.zeros(len(kept))
    if model is not None and by_meaning:
        vectors = model.encode([*read, wanted])
        nearness = cosines(vectors[:-1], vectors[-1])
    hits = []
    for paper, title, counts, cosine in zip(kept, titles, read, nearness.tolist(), strict=True):
        said = round(_bm25(paper, title, counts, rarity) / most, 6) if most else 0.0
        near = round(cosine, 6)
        bonus = EXACT * (paper.id in asked.names or (bool(paper.doi) and paper.doi.lower() in asked.names))
        hits.append(Hit(paper, round(bonus + said + MEANING * near, 6), said, near))
    hits.sort(key=lambda hit: hit.paper.id, reverse=True)
    return sorted(hits, key=lambda hit: -hit.score)


def _says_all(paper: Paper, needles: Sequence[str]) -> bool:
    text = f"{line(paper.title[:TITLE_LIMIT])}|{line(paper.abstract[:BODY_LIMIT])}|{line(' . '.join(paper.authors))}"
    return all(needle in text for needle in needles)


def _idf(term: str, model: TextModel | None) -> float:
    place = model.index.get(term) if model is not None else None
    return RARE if place is None or model is None else float(model.idf[place])


def _bm25(paper: Paper, title: Mapping[str, int], counts: Mapping[str, int], rarity: Mapping[str, float]) -> float:
    """BM25 (Robertson and Zaragoza 2009, eq. 3.15), the usual length and the model's rarities in place of a corpus'."""
    people = terms("; ".join(paper.authors[:MOST_AUTHORS]))
    length = sum(counts.values()) + (TITLE_WEIGHT - 1) * sum(title.values())
    norm = K1 * (1 - B + B * length / USUAL_LENGTH)
    score = 0.0
    for term, weight in rarity.items():
        count = counts.get(term, 0) + (TITLE_WEIGHT - 1) * title.get(term, 0) + people[term]
        score += weight * count * (K1 + 1) / (count + norm) if count else 0.0
    return score
