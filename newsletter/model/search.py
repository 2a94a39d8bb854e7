"""Searching: which papers are looked at, what was asked, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.paper import Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """The papers that a search looks at; as it stands, all of them."""

    source: str = ""  # listed by this source
    since: date | None = None  # published on this day or later; without a day of its own, first seen
    until: date | None = None
    topic: str = ""  # ranked in this topic (its slug) by a printed edition
    upto: int | None = None  # stored when the store's last number was this: `Papers.last`

    @property
    def narrow(self) -> bool:
        """Whether a topic or a day limits it, which an index answers."""
        return bool(self.topic) or self.since is not None or self.until is not None


@dataclass(frozen=True, slots=True)
class Unread:
    """A paper whose vector is not made yet, or was made of an older text."""

    number: int  # the store's number of the paper
    mark: int  # goes up with each new text
    paper: Paper


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that was found. `words` (0 to 1) and `meaning` (cosine) are what `score` is made of."""

    paper: Paper
    score: float
    words: float
    meaning: float


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search. `cursor` continues it, empty at the end; `total` is how many are within reach."""

    hits: tuple[Hit, ...]
    cursor: str
    total: int
