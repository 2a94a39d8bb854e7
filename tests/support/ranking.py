"""Papers, candidates and editions for the ranker's tests: small, named, dated in one week of November."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from newsletter.model.edition import Edition, Part, Pick, Pool, Score, Topic
from newsletter.model.paper import Candidate, Listing, Paper, Reading
from newsletter.rank.edition import rank_day
from newsletter.rank.settings import RankSettings
from newsletter.rank.text_model import Models, load_models
from newsletter.rank.trend import risers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY = date(2026, 11, 20)
ASOF = datetime(2026, 11, 20, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)

SUBJECTS = (
    ("robot arms grasp cups", "A robot arm learns manipulation of cups and bottles from demonstration with a camera."),
    ("proofs by language models", "Large language models write proofs; chain of thought helps them with reasoning."),
    ("protein folding at scale", "We predict the structure of proteins from their sequence with a deep network."),
    ("speech in noisy rooms", "Automatic speech recognition for noisy rooms with several microphones and speakers."),
    ("graphs that forget", "Graph neural networks forget distant nodes; we measure oversmoothing and repair it."),
    ("video from one still", "A diffusion model turns one still image into a short video with steady motion."),
)


@cache
def models() -> Models:
    return load_models()


def paper(number: int, title: str = "", abstract: str = "", **rest: object) -> Paper:
    subject, text = SUBJECTS[number % len(SUBJECTS)]
    return Paper(
        id=f"2611.{number:05d}",
        title=title or f"Paper {number}: {subject}",
        abstract=abstract or f"{text} This is study {number} of its series, with a method that we call M{number}.",
        **{"authors": (f"First {number}", f"Last Number{number}"), **rest},  # type: ignore[arg-type]
    )


def candidate(
    one: Paper, *, upvotes: float | None = None, hours: float = 8.0, day: date = DAY, source: str = "huggingface"
) -> Candidate:
    """On the source's list of `day`; its votes were read `hours` after that day's midnight."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    seen = midnight + timedelta(hours=1)
    readings = (Reading(one.id, f"{source}.upvotes", upvotes, midnight + timedelta(hours=hours)),)
    return Candidate(
        one, seen, (Listing(one.id, source, day, "listed", seen),), readings if upvotes is not None else ()
    )


def print_day(
    candidates: Sequence[Candidate],
    *topics: Topic,
    featured: frozenset[str] = frozenset(),
    settings: RankSettings | None = None,
    measured: Sequence[Candidate] = (),
    library: Mapping[str, Paper] | None = None,
) -> Edition:
    return rank_day(
        [*candidates, *risers(measured, ASOF)],
        topics,
        day=DAY,
        asof=ASOF,
        featured=featured,
        settings=settings or RankSettings(),
        notes=(),
        models=models(),
        measured=measured,
        library=library,
    )


def pick(paper_id: str, topic: str, total: float, *, day: date = DAY, rank: int = 1, trend: float = 0.0) -> Pick:
    parts = (Part("words", round(total - trend, 6)), Part("trend", trend))
    return Pick(paper_id, topic, day, rank, Score(parts), "It matches.")


def edition(day: date, **pools: Sequence[Pick]) -> Edition:
    """An edition whose pools are given as `slug=[picks]`, best first; `top` is 2."""
    made = tuple(Pool(slug.replace("_", "-"), slug.title(), 2, tuple(picks)) for slug, picks in pools.items())
    return Edition(day, datetime(day.year, day.month, day.day, 8, tzinfo=UTC), made, ())
