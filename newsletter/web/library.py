"""Printed editions, kept in memory once read: they are immutable, so a page never reads one twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from newsletter.model.edition import Card, Edition, Pick
    from newsletter.ports import Editions


class Library:
    """A small cache over the Editions port; safe for threads. `capacity` editions are a few MB."""

    def __init__(self, editions: Editions, *, capacity: int = 64) -> None:
        self._editions = editions
        self._capacity = capacity
        self._kept: OrderedDict[date, Edition] = OrderedDict()
        self._lock = threading.Lock()

    def days(self) -> tuple[date, ...]:
        """Printed days, oldest first."""
        return self._editions.days()

    def get(self, day: date) -> Edition | None:
        with self._lock:
            if (kept := self._kept.get(day)) is not None:
                self._kept.move_to_end(day)
                return kept
        found = self._editions.get(day)
        if found is not None:
            self._keep((found,))
        return found

    def between(self, first: date, last: date) -> tuple[Edition, ...]:
        """Editions with first <= day <= last, oldest first."""
        wanted = [day for day in self.days() if first <= day <= last]
        return tuple(edition for day in wanted if (edition := self.get(day)) is not None)

    def backwards(self, start: str) -> Iterator[Edition]:
        """Editions from the day `start` (ISO; empty: the newest) back, read as they are asked for."""
        for day in reversed(self.days()):
            if (not start or day.isoformat() <= start) and (edition := self.get(day)) is not None:
                yield edition

    def latest(self, count: int) -> tuple[Edition, ...]:
        """The last `count` editions that hold a paper, newest first; looks back over 60 printed days at most."""
        found: list[Edition] = []
        for day in reversed(self.days()[-60:]):
            edition = self.get(day)
            if edition is not None and holds(edition):
                found.append(edition)
            if len(found) == count:
                break
        return tuple(found)

    def picks_of(self, paper_id: str, around: Iterable[date]) -> tuple[tuple[Edition, Pick], ...]:
        """Every pick of a paper in the editions of the two weeks after each day it was listed on."""
        days = sorted(set(around))
        if not days:
            return ()
        found = []
        for edition in self.between(days[0] - timedelta(days=1), days[-1] + timedelta(days=14)):
            found += [(edition, pick) for pool in edition.pools for pick in pool.picks if pick.paper_id == paper_id]
        return tuple(found)

    def card_of(self, paper_id: str) -> Card | None:
        """The paper as the newest kept edition shows it; reads nothing."""
        with self._lock:
            kept = sorted(self._kept.values(), key=lambda edition: edition.day, reverse=True)
        return next((card for edition in kept if (card := edition.card(paper_id)) is not None), None)

    def _keep(self, editions: tuple[Edition, ...]) -> None:
        with self._lock:
            for edition in editions:
                self._kept[edition.day] = edition
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)


def holds(edition: Edition) -> bool:
    """Whether a reader of the page would see a paper."""
    return any(pool.shown for pool in edition.pools)
