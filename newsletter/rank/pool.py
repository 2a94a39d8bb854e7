"""One topic's pool of one day: score, gate, fold, cap, diversify, explain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from newsletter.model.edition import Part, Pick, Pool, Score
from newsletter.rank.diversity import choose
from newsletter.rank.matched import matched_words
from newsletter.rank.numbers import tidy
from newsletter.rank.prior import describe
from newsletter.rank.relevance import (
    Question,
    Relevance,
    ask,
    excluded_by,
    matched_author,
    matched_category,
    matched_organization,
    relevance,
    seed_weight,
)
from newsletter.rank.trend import vote_order
from newsletter.rank.why import Reasons, listed, reasons_for, vote_reason
from newsletter.tongue.reasons import clause, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from newsletter.model.edition import Topic
    from newsletter.model.paper import Candidate, Paper
    from newsletter.rank.corpus import Corpus
    from newsletter.rank.given import Given
    from newsletter.rank.settings import RankSettings
    from newsletter.rank.text_model import Models
    from newsletter.rank.trend import Attention
    from newsletter.tongue.reasons import Reason

DECAY = 0.25  # what a paper loses by the end of the lookback


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What all topics of a day share. Arrays and tuples follow the corpus's rows."""

    candidates: tuple[Candidate, ...]
    corpus: Corpus
    votes: tuple[tuple[Attention, ...], ...]
    trend: NDArray[np.float64]
    prior: NDArray[np.float64]  # votes to be expected: -1 to 1, 0 is the day's mean
    hours: NDArray[np.float64]
    read: bool  # whether `prior` comes of the texts
    gained: tuple[float, ...]  # of late bloomers
    repeats: Mapping[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """A pool, every paper's total for its topic, and why near papers are not in it."""

    pool: Pool
    totals: tuple[float, ...]
    turned_away: Mapping[str, str]


def rank_topic(
    today: Day, topic: Topic, library: Mapping[str, Paper], day: date, settings: RankSettings, models: Models
) -> Ranked:
    """Total = relevance + trend_weight x trend - decay; by trend alone for the pool without a topic."""
    question = ask(topic, library)
    hot = topic.slug == "trending" and not (topic.query or topic.keywords)
    model = models.text if settings.dense else None
    rel = None if hot else relevance(today.corpus, question, model, models.given)
    parts = _parts(today, rel, settings)
    totals = tuple(tidy(sum(values)) for values in zip(*(p.tolist() for p in parts.values()), strict=True))
    order = sorted(range(len(totals)), key=lambda row: _place(today, totals, row))
    able, away = _admit(today, rel, question, order)
    chosen = choose(today.corpus, able, totals, max(1, topic.top), settings)
    inside = set(chosen.rows)
    for row in able:
        if row not in inside:
            wanted = max(1, topic.top) * settings.depth
            away[row] = chosen.capped.get(row, f"not among the best {wanted} of {len(able)} that fit")
    picks = tuple(
        _pick(today, row, rank, parts, rel, question, day, chosen.beyond.get(row, ()), given=models.given)
        for rank, row in enumerate(chosen.rows, start=1)
    )
    return Ranked(
        Pool(topic.slug, topic.name, topic.top, picks),
        totals,
        {today.candidates[row].paper.id: reason for row, reason in away.items()},
    )


def _parts(today: Day, rel: Relevance | None, settings: RankSettings) -> dict[str, NDArray[np.float64]]:
    weight = settings.trend_weight if rel else 1.0
    lookback = settings.lookback.total_seconds() / 3600 or 1.0
    parts = dict(rel.parts) if rel else {}
    parts["trend"] = weight * today.trend
    parts["age"] = -DECAY * np.minimum(1.0, today.hours / lookback)
    return {name: np.array([tidy(value) for value in values]) for name, values in parts.items()}


def _place(today: Day, totals: tuple[float, ...], row: int) -> tuple[float, float, str, str]:
    """Best total first; ties go to the newer paper, then by title, then by id."""
    paper = today.candidates[row].paper
    return (-totals[row], today.hours[row], paper.title, paper.id)


def _admit(today: Day, rel: Relevance | None, question: Question, order: list[int]) -> tuple[list[int], dict[int, str]]:
    """Rows that may enter the pool, best first, and why others that came near may not."""
    able, away = [], {}
    for row in order:
        if rel is not None and not rel.passes[row]:
            continue
        if excluded := excluded_by(row, today.corpus, question):
            away[row] = f'excluded by "{excluded}"'
        elif today.candidates[row].paper.id in question.topic.papers:
            away[row] = "it is a seed paper of the topic itself"
        elif row in today.repeats:
            away[row] = f"duplicate of {today.candidates[today.repeats[row]].paper.id}"
        else:
            able.append(row)
    return able, away


def _pick(
    today: Day,
    row: int,
    rank: int,
    parts: Mapping[str, NDArray[np.float64]],
    rel: Relevance | None,
    question: Question,
    day: date,
    beyond: Reason,
    *,
    given: Given | None,
) -> Pick:
    reasons = replace(_reasons(today, row, rel, question), beyond=beyond)
    details = {
        "words": f"says {listed([f'“{w}”' for w in reasons.words])}" if reasons.words else "no word of the topic",
        "meaning": f"cosine {rel.cosine[row] + 0.0:.3f}{f' by {given.name}' if given else ''}" if rel else "",
        "category": reasons.category,
        "author": reasons.author,
        "organization": reasons.organization,
        "seeds": rel.seeds.detail(row, parts["seeds"][row]) if rel and rel.seeds else "",
        "trend": listed([clause(vote_reason(vote)) for vote in reasons.votes])
        if reasons.votes
        else _foretold(today, row),
        "age": f"{round(today.hours[row])} hours since it was listed",
    }
    score = Score(tuple(Part(name, tidy(values[row]), details[name]) for name, values in parts.items()))
    marks = ("late-bloomer",) if today.gained[row] else ()
    told = reasons_for(reasons)
    return Pick(today.candidates[row].paper.id, question.topic.slug, day, rank, score, sentence(told), marks, told)


def _foretold(today: Day, row: int) -> str:
    """What the trend of a paper without votes rests on; -1 to 1, and 0 is the mean of its day."""
    return f"{clause(describe(today.candidates[row].paper))}; {today.prior[row] + 0.0:+.2f} expected"


def _reasons(today: Day, row: int, rel: Relevance | None, question: Question) -> Reasons:
    paper, topic = today.candidates[row].paper, question.topic
    votes, prior, gained = vote_order(today.votes[row]), describe(paper), today.gained[row]
    if rel is None:
        promising = bool(not votes and today.read and round(today.prior[row], 2) > 0)
        return Reasons(votes=votes, prior=prior, gained=gained, fresh=float(today.hours[row]), promising=promising)
    like = rel.parts["seeds"][row] if rel.seeds and rel.seeds.more else 0.0
    said = Reasons(
        words=matched_words(paper, question, today.corpus),
        near=bool(rel.close[row] and rel.parts["meaning"][row] > 0.5) if "meaning" in rel.parts else False,
        category=matched_category(paper, topic),
        author=matched_author(paper, topic),
        organization=matched_organization(paper, topic),
        nearest=True,  # else the gate would not have let it through
        votes=votes,
        gained=gained,
        prior=prior,
    )
    alone = not (said.words or said.near or said.category or said.author or said.organization)
    return (
        replace(said, seed=rel.seeds.more[row]) if rel.seeds and like > (0.0 if alone else seed_weight(topic)) else said
    )
