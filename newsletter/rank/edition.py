"""Candidates to the day's edition: every topic's pool, every pick with its reasons, every other paper with its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from newsletter.model.edition import Edition, LeftOut, Topic
from newsletter.rank.cards import card, follow_ups
from newsletter.rank.corpus import Corpus, read
from newsletter.rank.diversity import duplicates
from newsletter.rank.numbers import standard
from newsletter.rank.pool import Day, Ranked, rank_topic
from newsletter.rank.prior import priors
from newsletter.rank.trend import RISING_AT_LEAST, age, attention, entrance, grown, rising, trends

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray

    from newsletter.model.edition import Card
    from newsletter.model.paper import Candidate, Paper
    from newsletter.rank.growth import Curves
    from newsletter.rank.settings import RankSettings
    from newsletter.rank.text_model import Models

TRENDING = Topic(slug="trending", name="Trending", top=10)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Candidates that may be ranked today, and why the others may not."""

    fresh: tuple[Candidate, ...]
    late: frozenset[str]  # late bloomers among the fresh
    turned_away: tuple[LeftOut, ...]


def rank_day(
    candidates: Sequence[Candidate],
    topics: Sequence[Topic],
    *,
    day: date,
    asof: datetime,
    featured: frozenset[str],
    settings: RankSettings,
    notes: tuple[str, ...],
    models: Models,
    library: Mapping[str, Paper] | None = None,
    news_since: datetime | None = None,
    measured: Sequence[Candidate] = (),
    told: Mapping[str, Card] | None = None,
) -> Edition:
    """The edition of `day` from what was known at `asof`. Same input in any order: same edition, byte for byte.

    `featured` are ids of earlier editions, never picked again. `library` holds the texts of seed papers that are not
    among the candidates. Follow-ups tell what came after `news_since`, the printing of the edition before (without it,
    in the last 24 hours), and did not stand on the paper's card in `told`. `measured` are papers whose votes were read
    lately: how votes grow is learned from their series, too. Without topics there is one pool, `trending`, ordered by
    attention alone.
    """
    known = _by_id(candidates)
    sieve = _sift(known, asof, featured, settings)
    today = _prepare(sieve, asof, settings, models, grown(_by_id([*candidates, *measured]), asof))
    shelf = {**(library or {}), **{c.paper.id: c.paper for c in known}}
    ranked = [rank_topic(today, topic, shelf, day, settings, models) for topic in (topics or [TRENDING])]
    news = follow_ups(known, featured, news_since or asof - timedelta(hours=24), told or {})
    shown = {pick.paper_id for one in ranked for pick in one.pool.picks} | {one.paper_id for one in news}
    return Edition(
        day=day,
        printed_at=asof,
        pools=tuple(one.pool for one in ranked),
        cards=tuple(card(c, asof) for c in known if c.paper.id in shown),
        left_out=tuple(_left_out(sieve, today, ranked)),
        notes=notes,
        follow_ups=news,
    )


def _by_id(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each paper once, by id, whatever the order of the input: of two with one id the one with more readings."""
    best: dict[str, Candidate] = {}
    for one in candidates:
        other = best.get(one.paper.id)
        if other is None or (len(one.readings), repr(one)) > (len(other.readings), repr(other)):
            best[one.paper.id] = one
    return [best[paper_id] for paper_id in sorted(best)]


def _sift(known: Sequence[Candidate], asof: datetime, featured: frozenset[str], settings: RankSettings) -> Sorted:
    fresh: list[Candidate] = []
    late: set[str] = set()
    away: list[LeftOut] = []
    bar = max(RISING_AT_LEAST, _usual_votes(known, asof))
    for candidate in known:
        paper = candidate.paper
        old = age(candidate, asof) > settings.lookback
        if candidate.first_seen > asof:
            away.append(LeftOut(paper.id, "", "not seen yet at this time"))
        elif paper.id in featured:
            away.append(LeftOut(paper.id, "", "featured in an earlier edition already"))
        elif paper.withdrawn:
            away.append(LeftOut(paper.id, "", "withdrawn by its authors"))
        elif not paper.title.strip():
            away.append(LeftOut(paper.id, "", "it has no title"))
        elif old and rising(candidate, asof) < bar:
            hours = round(settings.lookback.total_seconds() / 3600)
            away.append(LeftOut(paper.id, "", f"too old: listed more than {hours} hours ago and not rising"))
        else:
            fresh.append(candidate)
            if old:
                late.add(paper.id)
    return Sorted(tuple(fresh), frozenset(late), tuple(away))


def _usual_votes(known: Sequence[Candidate], asof: datetime) -> float:
    """What the upper fifth of all papers has in votes: a late bloomer must gain as much in two days."""
    votes = [max((a.votes for a in attention(c, asof)), default=0.0) for c in known]
    return float(np.quantile(np.array(votes), 0.8)) if votes else 0.0


def _prepare(sieve: Sorted, asof: datetime, settings: RankSettings, models: Models, curves: Curves) -> Day:
    candidates = sieve.fresh
    corpus: Corpus = read([c.paper for c in candidates], models.text if settings.dense else None)
    votes = [attention(c, asof, curves) for c in candidates]
    prior = _priors(candidates, corpus, asof, settings, models)
    raw = trends(votes, prior, [len({x.source for x in c.listings}) for c in candidates])
    trend = np.round(standard(raw), 6)
    hours = np.array([age(c, asof).total_seconds() / 3600 for c in candidates])
    preference = sorted(range(len(candidates)), key=lambda row: (-trend[row], candidates[row].paper.id))
    return Day(
        candidates=candidates,
        corpus=corpus,
        votes=tuple(votes),
        trend=trend,
        prior=prior,
        read=models.prior is not None and bool(corpus.vectors.shape[1]),
        hours=hours,
        gained=tuple(rising(c, asof) if c.paper.id in sieve.late else 0.0 for c in candidates),
        repeats=duplicates(corpus, preference, settings.duplicate),
    )


def _priors(
    candidates: Sequence[Candidate], corpus: Corpus, asof: datetime, settings: RankSettings, models: Models
) -> NDArray[np.float64]:
    """-1 to 1: for papers on a list that people vote on, how many votes; for the others, whether they get there."""
    came = [entrance(c, asof, settings.voted) for c in candidates]
    votes, picked = (
        priors(corpus, models.prior, question=question, author_history=settings.author_history, entrances=came)
        for question in ("votes", "picked")
    )
    listed = np.array([any(x.source in settings.voted for x in c.listings) for c in candidates], dtype=bool)
    return np.tanh(np.where(listed, votes, picked) / 2)


def _left_out(sieve: Sorted, today: Day, ranked: Sequence[Ranked]) -> list[LeftOut]:
    """Who was turned away from a topic, and one line for each paper that came near none."""
    picked = {pick.paper_id for one in ranked for pick in one.pool.picks}
    rows = list(sieve.turned_away)
    rows += [LeftOut(pid, one.pool.slug, reason) for one in ranked for pid, reason in sorted(one.turned_away.items())]
    told = {row.paper_id for row in rows} | picked
    for row, candidate in enumerate(today.candidates):
        if candidate.paper.id in told:
            continue
        repeated = today.repeats.get(row)
        if repeated is not None:
            twin = today.candidates[repeated].paper.id
            rows.append(LeftOut(candidate.paper.id, "", f"duplicate of {twin}"))
            continue
        best = max(ranked, key=lambda one: (one.totals[row], one.pool.slug))
        rows.append(LeftOut(candidate.paper.id, best.pool.slug, "below the gate: too far from every topic"))
    return sorted(rows, key=lambda row: (row.paper_id, row.topic))
