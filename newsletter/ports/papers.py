"""Where papers and readings come from, and where papers and editions are kept, as protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from newsletter.ports.search import WordSearch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from newsletter.model.edition import Card, Edition
    from newsletter.model.paper import Ask, Candidate, Harvest, Listing, Paper, Poll, Problem, Reading


class Source(Protocol):
    """A list of papers somewhere in the world."""

    name: str  # unique in one configuration: "huggingface", "arxiv", "feed:blog.example.org"
    daily: bool  # True: publishes a list per day that may be asked for later; False: gives what it has now

    def fetch(self, ask: Ask) -> Harvest:
        """Never raises for the source's faults: a failed source is a Harvest that says so."""

    def probe(self) -> Problem | None:
        """One cheap request for `doctor`: None when the source answers."""


class Signal(Protocol):
    """Attention to papers that we already know: stars, points, citations."""

    name: str

    def read(self, papers: Sequence[Paper], asof: datetime) -> tuple[tuple[Reading, ...], tuple[Problem, ...]]: ...

    def probe(self) -> Problem | None: ...


class Papers(WordSearch, Protocol):
    """Papers, their appearances and their readings. Everything written is idempotent."""

    def find(self, keys: Iterable[str]) -> Mapping[str, Paper]:
        """Known papers by identity key (`newsletter.model.paper.identity_keys`)."""

    def get(self, paper_ids: Iterable[str]) -> Mapping[str, Paper]: ...

    def keep(
        self,
        papers: Iterable[Paper],
        listings: Iterable[Listing],
        readings: Iterable[Reading],
        originals: Iterable[tuple[str, str, str]],  # (paper id, source, text as received)
        *,
        at: datetime,
    ) -> int:
        """In one transaction; how many papers were new. A known one keeps its first_seen unless `at` is earlier."""

    def candidates(self, *, since: datetime, until: datetime) -> tuple[Candidate, ...]:
        """Papers listed or first seen in (since, until], by id, with their readings and listings up to `until`."""

    def remeasured(self, *, since: datetime, until: datetime) -> tuple[Candidate, ...]:
        """Papers with a reading in (since, until], however old they are, as `candidates` gives them."""

    def readings(self, paper_id: str) -> tuple[Reading, ...]: ...
    def readings_of(self, paper_ids: Iterable[str]) -> Mapping[str, tuple[Reading, ...]]:
        """As `readings`, of several papers; those without any are left out."""

    def listings(self, paper_id: str) -> tuple[Listing, ...]: ...

    def answered(self, source: str, *, since: date) -> frozenset[date]:
        """Days of this source that were answered whole."""

    def note_answer(
        self, source: str, days: Iterable[date], memory: Mapping[str, str], polls: Iterable[Poll]
    ) -> None: ...

    def memory(self, source: str) -> dict[str, str]: ...

    def polls(self, source: str, day: date) -> tuple[Poll, ...]: ...

    def count(self) -> int: ...

    def forget_readings(self, *, before: datetime) -> int:
        """Erase measurements from before then; returns how many. Papers and their listings stay."""


class Editions(Protocol):
    """Printed editions: immutable, one a day."""

    def print(self, edition: Edition) -> Edition:
        """Keep it unless the day has one already; return the day's edition, whoever printed it."""

    def get(self, day: date) -> Edition | None: ...

    def between(self, after: date | None, until: date) -> tuple[Edition, ...]:
        """Editions with after < day <= until, oldest first."""

    def days(self) -> tuple[date, ...]: ...

    def featured(self, *, since: date, before: date) -> frozenset[str]:
        """Ids shown (rank <= top), or told of again, in editions with since <= day < before: never featured again."""

    def last_cards(self, paper_ids: Iterable[str], *, before: date) -> Mapping[str, Card]:
        """The cards of these papers in the last edition before that day that showed or told of them."""
