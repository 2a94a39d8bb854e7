"""A search's question made ready, and candidates in order by words and meaning: scores that no other paper moves."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from newsletter.model.paper import pasted_id
from newsletter.model.search import Hit
from newsletter.rank.relevance import narrowness
from newsletter.rank.saying import LONGEST, wording
from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, joined, line, terms, words

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Paper
    from newsletter.rank.text_model import TextModel

RARE = 8.0  # idf of a term that the model does not know, above every one that it knows
MEANING = 0.15  # of the cosine beside the words' 0 to 1: docs/ranking.md, "Search"
LETTERS = 0.4  # of the question itself, letter for letter, where it is of one or two words
EXACT = 10.0  # what was asked for by its number stands before all else

_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”')
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7}", re.IGNORECASE)
_INSIDE = re.compile(r"(?<!\d)(\d{4}\.\d{4,5})(?:v\d+)?(?!\d)")  # of an address of any site
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_AROUND = "()[]<>{},;:.!?'\"“”"
_LABELS = frozenset({"arxiv", "doi"})  # beside a number they say nothing more


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
    names: dict[str, None] = {}
    rest = []
    for word in text.split():
        if called := _named(word):
            names |= dict.fromkeys(called)
        else:
            rest.append(word)
    flat = " ".join(word for word in rest if not names or word.strip(_AROUND).casefold() not in _LABELS)
    phrases = tuple(p for a, b in _QUOTED.findall(flat) if (p := " ".join(_WORD.findall(a or b))))
    loose = _WORD.findall(_QUOTED.sub(" ", flat))[:LONGEST]
    telling = [word for word in loose if words(word)] or ([] if phrases else loose)
    return Asked(
        text=flat.replace('"', " ").replace("“", " ").replace("”", " "),
        every=tuple(dict.fromkeys((*phrases, *telling))),
        phrases=phrases,
        pairs=tuple(dict.fromkeys(f"{a} {b}" for a, b in pairwise(telling))),
        names=tuple(names),
    )


def _named(word: str) -> tuple[str, ...]:
    """The numbers that a word is, as the store may know them: an arXiv number, a DOI, or the address of either."""
    bare = pasted_id(word.strip(_AROUND).partition("?")[0].partition("#")[0])
    if _NUMBER.fullmatch(bare):
        archive, slash, number = bare.partition("/")  # `math.GT/0309136` is `math/0309136`
        return tuple(dict.fromkeys((bare, f"{archive.partition('.')[0].lower()}/{number}"))) if slash else (bare,)
    if _DOI.fullmatch(bare):
        return (bare.lower(),)
    inside = _INSIDE.search(bare) if "/" in bare or "arxiv" in bare.lower() else None
    return (inside[1],) if inside else ()


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


def nearness(asked: Asked, papers: Sequence[Paper], model: TextModel) -> dict[str, float]:
    """The cosines of papers that have no vector in the store yet, as they would be if they had."""
    rows = np.array([np.frombuffer(row, np.int8) for row in [read_question(asked, model), *read_papers(papers, model)]])
    products = rows[1:].astype(np.float64) @ rows[0].astype(np.float64)
    lengths = np.linalg.norm(rows[1:], axis=1) * np.linalg.norm(rows[0])
    cosines = np.divide(products, lengths, out=np.zeros(len(papers)), where=lengths > 0)
    return {paper.id: round(cosine, 6) for paper, cosine in zip(papers, cosines.tolist(), strict=True)}


def order(
    asked: Asked,
    papers: Iterable[Paper],
    model: TextModel | None,
    near: Mapping[str, float] | None = None,
    named: Collection[str] = (),
) -> list[Hit]:
    """Candidates that say every quoted phrase, best first; ties by id, the newer number first.

    `near`: the cosine of each paper's vector with the question's, by id; whoever is missing counts as 0. `named`: ids
    that were asked for. A score is what a paper says of the question, to the power of 2 for one or two words and of 1
    for six or more, + LETTERS for saying it letter for letter + MEANING x cosine. It reads nothing but the question,
    the paper and the model, so a page of results can continue behind a score whatever arrived meanwhile.
    """
    narrow = narrowness(asked.text)
    wanted = wording(asked.text, partial(_idf, model))
    needles = [line(phrase) for phrase in asked.phrases]
    hits = []
    for paper in papers:
        if needles and not _says_all(paper, needles):
            continue
        said, cosine = wanted.said(paper), (near or {}).get(paper.id, 0.0)
        score = said.words ** (1 + narrow) + LETTERS * narrow * said.letters + MEANING * cosine
        hits.append(Hit(paper, round(EXACT * (paper.id in named) + score, 6), said.words, cosine))
    hits.sort(key=lambda hit: hit.paper.id, reverse=True)
    return sorted(hits, key=lambda hit: -hit.score)


def _says_all(paper: Paper, needles: Sequence[str]) -> bool:
    text = f"{line(paper.title[:TITLE_LIMIT])}|{line(paper.abstract[:BODY_LIMIT])}|{line(' . '.join(paper.authors))}"
    return all(needle in text for needle in needles)


def _idf(model: TextModel | None, term: str) -> float:
    place = model.index.get(term) if model is not None else None
    return RARE if place is None or model is None else float(model.idf[place])
