"""How well papers fit a topic: words, phrases, meaning, categories, authors, organisations, seed papers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.corpus import rarity
from newsletter.rank.numbers import softened, standard
from newsletter.rank.seeds import Seeds, seed_scores
from newsletter.rank.text_model import cosines
from newsletter.rank.words import line, phrases_of, same_person, terms, unquote, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.edition import Topic
    from newsletter.model.paper import Paper
    from newsletter.rank.corpus import Corpus
    from newsletter.rank.given import Given
    from newsletter.rank.seeds import Likeness
    from newsletter.rank.text_model import TextModel

_CLAUSES = re.compile(r"[,;:()]|\b(?:and|or)\b")
_BRACKETS = re.compile(r"\([^()]*\)")
PHRASE_WEIGHT = 2.0  # a quoted keyword beside a single word of the same rarity
MATCH = 2.0  # a category, author or organisation that the topic names, in standard deviations
CROSS = 1.0  # a category that the paper is only cross-listed in
CLOSE = 0.40  # cosine from which a paper is near the topic in meaning (`python -m benchmarks.gate`)
NARROW = 0.5  # weight of meaning beside words for a query of up to two words ...
BROAD = 3.0  # ... and for one of six or more
WORDING = 1.5  # what a narrow query or keyword says, letter for letter, beside its words in any order and ending
FEEDBACK = 5  # the best papers of a large pool, whose mean is added to what a topic means (Rocchio 1971) ...
LARGE = 2_000  # ... from so many papers on: the best five of a few hundred are not yet all about the topic
FLOOR = 0.25  # and below which words alone are no evidence for a broad query: "distillation" of another kind
COVERED = 0.4
BESIDE = 0.5  # weight of likeness to seed papers beside words of the topic's own
CLAUSE = 0.8  # by rarity, of one clause of a query of several: "hallucination of language models" says enough alone ...
TELLING = 4.0  # ... where a word of it is as rare as this, one text in fifty, and it is two words or more
FOREIGN, HOME = 0.8, 0.9  # share of a pool's words that the text model knows: where its word counts least, and fully
DOUBT = 4.0  # power of the share of a topic's words (by rarity) that it knows, in a foreign pool
TRUSTED = 0.5  # from which a cosine is evidence
TOP_SHARE = 0.2  # of the pool passes by relevance ...
TOP_SCORE = 1.0  # ... or whoever is this far above the mean


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A topic made ready: what is looked for in every paper."""

    topic: Topic
    text: str  # its plain words, for meaning
    words: Mapping[str, float]  # query term -> weight
    phrases: tuple[tuple[str, str], ...]  # (as the operator wrote it, as `words.line` gives it)
    excluded: tuple[tuple[str, str], ...]
    seeds: Seeds
    breadth: float  # weight of meaning beside words
    runs: tuple[str, ...]  # what to look for in a text, to say what matched
    narrow: float  # 1 for a query of up to two words, 0 for one of six or more
    wordings: tuple[tuple[str, float], ...]  # (query or keyword as written, how narrow it is)


@dataclass(frozen=True, slots=True, eq=False)
class Relevance:
    """Every paper's parts for one topic. Arrays follow the corpus; `parts` hold standard scores that add up."""

    parts: Mapping[str, NDArray[np.float64]]
    cosine: NDArray[np.float64]
    close: NDArray[np.bool_]  # near the topic in meaning
    passes: NDArray[np.bool_]  # the gate
    phrase_hits: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    seeds: Likeness | None = None

    @property
    def total(self) -> NDArray[np.float64]:
        total: NDArray[np.float64] = np.sum(list(self.parts.values()), axis=0)
        return total


def ask(topic: Topic, library: Mapping[str, Paper]) -> Question:
    """Read a topic. `library` knows the texts of seed papers. A topic that says nothing else asks for its name."""
    keywords = [unquote(keyword) for keyword in topic.keywords]
    said = [topic.query, *(text for text, _ in keywords)]
    silent = not any((*said, topic.categories, topic.authors, topic.organizations, topic.papers))
    text = " . ".join(part for part in (said if not silent else [topic.name]) if part)
    wanted: Counter[str] = Counter()
    loose = [topic.query if not silent else topic.name, *(text for text, quoted in keywords if not quoted)]
    for part in loose:
        wanted.update(terms(part))
    narrow = narrowness(topic.query if not silent else topic.name)
    return Question(
        topic=topic,
        text=text,
        words={term: float(count) for term, count in wanted.items()},
        phrases=tuple((text, line(text)) for text, quoted in keywords if quoted and line(text).strip()),
        excluded=tuple((text, line(text)) for text in (unquote(x)[0] for x in topic.exclude) if line(text).strip()),
        seeds=Seeds(
            more=tuple(library[i] for i in topic.papers if i in library),
            less=tuple(library[i] for i in topic.papers_not if i in library),
        ),
        breadth=float(np.interp(1 - narrow, (0, 1), (NARROW, BROAD))),
        narrow=narrow,
        wordings=tuple(
            dict.fromkeys(
                (wording, share) for part in loose if (wording := bare(part)) and (share := narrowness(part)) > 0
            )
        ),
        runs=tuple(dict.fromkeys(run for part in loose for run in phrases_of(part))),
    )


def narrowness(query: str) -> float:
    """A query of one or two words means those words (1); one of six or more describes a field (0; docs/ranking.md)."""
    said = sum("_" not in term and "-" not in term for term in terms(bare(query)))
    return float(np.interp(said, (2, 6), (1, 0)))


def bare(query: str) -> str:
    """As texts would say it: no brackets, as in `supervised fine-tuning (SFT)`, one blank between words, lower case."""
    return " ".join(_BRACKETS.sub(" ", query).casefold().split())


def relevance(corpus: Corpus, question: Question, model: TextModel | None, given: Given | None = None) -> Relevance:
    """The parts of relevance over a pool: z(words) + z(meaning) + matches (facts in docs/ranking.md).

    `given`: another model's vectors of these papers and the question's text, in place of the packaged model's.
    """
    lexical, hits = _words(corpus, question)
    parts: dict[str, NDArray[np.float64]] = {}
    faith = 1.0 if given else trust(corpus, question)
    weight = faith * 2 * question.breadth / (1 + question.breadth) if model else 1.0  # the two weights sum to 2
    spoken = np.zeros(len(corpus), dtype=bool)
    if question.words or question.phrases:
        lexical **= (1 + question.narrow) / 2  # a field is many words: how many of them counts, not how often one
        parts["words"] = (2 - weight) * softened(standard(lexical))
        spoken = says(corpus, question)
    cosine, close = np.zeros(len(corpus)), np.zeros(len(corpus), dtype=bool)
    if model and question.text:
        asked = model.encode([terms(question.text)])[0]
        cosine = cosines(corpus.vectors, asked)
        close = (cosine >= CLOSE) & (faith >= TRUSTED)
        spoken &= cosine >= FLOOR * (1 - question.narrow) * faith
        if given is not None:
            cosine, close = given.near(corpus.papers, question.text, close)
        parts["meaning"] = weight * standard(cosine)
        if given is None and len(corpus) >= LARGE:
            best = np.argsort(-np.sum(list(parts.values()), axis=0), kind="stable")[:FEEDBACK]
            parts["meaning"] = weight * standard(cosines(corpus.vectors, _nearer(asked, corpus.vectors[best])))
    evidence = np.any([spoken, *hits.values()], axis=0)
    if topic_is_plain_words(question.topic):
        evidence |= close
    seeds: Likeness | None = None
    if question.seeds:
        seeds = seed_scores(corpus, question.seeds, model)
        parts["seeds"] = seed_weight(question.topic) * standard(seeds.scores)
        evidence |= seeds.scores > 0
    parts = {name: np.where(values > 0, values * corpus.substance, values) for name, values in parts.items()}
    text_total = np.sum(list(parts.values()), axis=0) if parts else np.zeros(len(corpus))
    named = _named(corpus.papers, question.topic)
    parts |= {name: values for name, values in named.items() if values.any()}
    good = (text_total > TOP_SCORE) | (text_total >= _threshold(text_total))
    matched = np.sum(list(named.values()), axis=0) > 0
    return Relevance(parts, cosine, close, matched | (good & evidence), hits, seeds)


def trust(corpus: Corpus, question: Question) -> float:
    """How far the text model's word counts, 0 to 1: everywhere at home, and elsewhere as far as it knows the topic's
    words. Of a day of physics or medicine it knows too few to compare by (docs/ranking.md, "Other fields").
    """
    if corpus.model is None:
        return 1.0
    rarities = {term: corpus.idf(term) for term in sorted(question.words) if "_" not in term and "-" not in term}
    known = sum(value for term, value in rarities.items() if term in corpus.model.index)
    share = known / (sum(rarities.values()) or 1.0) if rarities else 1.0
    return round(float(share ** np.interp(corpus.familiar, (FOREIGN, HOME), (DOUBT, 0.0))), 6)


def seed_weight(topic: Topic) -> float:
    """Beside words that say what is meant, seed papers count half."""
    return BESIDE if topic.query or topic.keywords else 1.0


def _nearer(asked: NDArray[np.float32], best: NDArray[np.float32]) -> NDArray[np.float32]:
    """The question's vector moved half the way to the mean of what it found best, at unit length."""
    mean = best.mean(axis=0)
    moved = asked + mean / (np.linalg.norm(mean) + 1e-9)
    unit: NDArray[np.float32] = np.round(moved / (np.linalg.norm(moved) + 1e-9), 6).astype(np.float32)
    return unit


def topic_is_plain_words(topic: Topic) -> bool:
    """A query, or nothing but a name, is meant by meaning; a topic of keywords alone wants those very words."""
    return bool(topic.query) or not topic.keywords


def _threshold(scores: NDArray[np.float64]) -> float:
    """The score that the best TOP_SHARE of the pool reach, and at least three papers."""
    if not len(scores):
        return 0.0
    keep = max(3, int(np.ceil(TOP_SHARE * len(scores))))
    return float(np.sort(scores)[::-1][min(keep, len(scores)) - 1])


def _words(corpus: Corpus, question: Question) -> tuple[NDArray[np.float64], dict[str, NDArray[np.bool_]]]:
    scores = corpus.bm25(question.words)
    for wording, share in question.wordings:
        weight = share * WORDING * sum(corpus.idf(term) for term in sorted(set(words(wording))))
        scores += weight * corpus.saturated(corpus.wording_counts(wording))
    hits: dict[str, NDArray[np.bool_]] = {}
    for written, phrase in question.phrases:
        counts = corpus.phrase_counts(phrase)
        hits[written] = counts > 0
        weight = PHRASE_WEIGHT * rarity(int((counts > 0).sum()), len(corpus))
        scores += weight * counts * 2.2 / (counts + 1.2)
    return scores, hits


def says(corpus: Corpus, question: Question) -> NDArray[np.bool_]:
    """Who says a whole keyword, COVERED (by rarity) of the topic's single words, or CLAUSE of one telling clause."""
    said = np.zeros(len(corpus), dtype=bool)
    for keyword, quoted in map(unquote, question.topic.keywords):
        if not quoted and (needle := line(keyword)).strip():
            said |= corpus.phrase_counts(needle) > 0
    said |= _covered(corpus, sorted(term for term in question.words if "_" not in term), COVERED)
    for clause in clauses(question.topic.query):
        if max(map(corpus.idf, clause)) >= TELLING:
            said |= _covered(corpus, clause, CLAUSE)
    return said


def clauses(query: str) -> list[list[str]]:
    """The single words, in order, of each clause of two words or more, of a query that has several clauses."""
    parts = [sorted(t for t in terms(part) if "_" not in t and "-" not in t) for part in _CLAUSES.split(query)]
    return [part for part in parts if len(part) > 1] if sum(map(bool, parts)) > 1 else []


def _covered(corpus: Corpus, single: Sequence[str], share: float) -> NDArray[np.bool_]:
    """Who says so much, by rarity, of these words."""
    rarities = np.array([corpus.idf(term) for term in single])
    covered = np.zeros(len(corpus))
    for term, weight in zip(single, rarities, strict=True):
        for row, _ in corpus.postings.get(term, ()):
            covered[row] += weight
    found: NDArray[np.bool_] = (covered >= share * rarities.sum()) & (covered > 0)
    return found


def _named(papers: Sequence[Paper], topic: Topic) -> dict[str, NDArray[np.float64]]:
    """What the topic names outright, as parts."""
    category = [
        0.0 if not (shared := matched_category(paper, topic)) else MATCH if shared == paper.categories[0] else CROSS
        for paper in papers
    ]
    return {
        "category": np.array(category),
        "author": np.array([MATCH * bool(matched_author(paper, topic)) for paper in papers]),
        "organization": np.array([MATCH * bool(matched_organization(paper, topic)) for paper in papers]),
    }


def matched_category(paper: Paper, topic: Topic) -> str:
    """The paper's first category that the topic names; `cs` names all of `cs.*`."""
    wanted = {category.strip().casefold() for category in topic.categories}
    return next((c for c in paper.categories if c.casefold() in wanted or c.split(".")[0].casefold() in wanted), "")


def matched_author(paper: Paper, topic: Topic) -> str:
    """The paper's first author whom the topic follows, as the paper spells the name."""
    if not topic.authors:
        return ""
    return next((name for name in paper.authors if any(same_person(name, wanted) for wanted in topic.authors)), "")


def matched_organization(paper: Paper, topic: Topic) -> str:
    wanted = {" ".join(name.casefold().split()) for name in topic.organizations}
    return paper.organization if " ".join(paper.organization.casefold().split()) in wanted else ""


def excluded_by(row: int, corpus: Corpus, question: Question) -> str:
    """The exclusion, as the operator wrote it, that this paper's text meets; empty when none."""
    return next((written for written, phrase in question.excluded if phrase in corpus.lines[row]), "")
