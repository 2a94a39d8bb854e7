"""How the ranker is set: one frozen record, every number with its reason in docs/ranking.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RankSettings:
    """Defaults are what docs/ranking.md measured; `[ranking]` of config.toml sets the first five."""

    lookback: timedelta = timedelta(hours=72)
    exploration: int = 1  # picks an issue from outside a reader's topics
    dense: bool = True  # the small text model beside the words
    taste_half_life: timedelta = timedelta(days=365)  # what a reader said counts half after this time; 0: for ever
    author_history: bool = False  # expect more of papers whose authors were popular before
    trend_weight: float = 0.5  # of votes beside relevance: 0 topic only, 1 hot
    depth: int = 3  # a pool holds depth x top papers
    per_author: int = 2  # papers of one last author among the first `top`
    per_organization: int = 2
    mmr: float = 0.8  # 1: best first, whatever repeats; 0: as different as can be
    duplicate: float = 0.5  # share of words two abstracts have in common to be one paper
    voted: frozenset[str] = frozenset({"huggingface"})  # names of the sources whose readers vote
    exploring_issues: int = 30  # a reader's first issues, in which exploration is worth its place
