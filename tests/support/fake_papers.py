"""Papers in memory."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from newsletter.model.paper import Candidate, Listing, Paper, Poll, Reading, identity_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from newsletter.model.search import Within
    from tests.support.fakes import FakeEditions


class FakePapers:
    def __init__(self, editions: FakeEditions | None = None) -> None:
        self.editions = editions
        self.papers: dict[str, Paper] = {}
        self.first_seen: dict[str, datetime] = {}
        self.keys: dict[str, str] = {}
        self.became: dict[str, str] = {}
        self.appearances: dict[tuple[str, str, date], Listing] = {}
        self.measured: dict[tuple[str, str, datetime], Reading] = {}
        self.originals: dict[tuple[str, str], str] = {}
        self.answers: set[tuple[str, date]] = set()
        self.memories: dict[str, dict[str, str]] = {}
        self.looks: dict[tuple[str, date, datetime], Poll] = {}
        self.numbers: dict[str, int] = {}

    def find(self, keys: Iterable[str]) -> Mapping[str, Paper]:
        return {key: self.papers[self.keys[key]] for key in keys if key in self.keys}

    def get(self, paper_ids: Iterable[str]) -> Mapping[str, Paper]:
        return {one: self.papers[self._now(one)] for one in paper_ids if self._now(one) in self.papers}

    def _now(self, one: str) -> str:
        return self._now(self.became[one]) if one in self.became else one

    def keep(
        self,
        papers: Iterable[Paper],
        listings: Iterable[Listing],
        readings: Iterable[Reading],
        originals: Iterable[tuple[str, str, str]],
        *,
        at: datetime,
    ) -> int:
        before = set(self.papers)
        for paper in papers:
            self._keep(paper, at)
        for listing in listings:
            one = dataclasses.replace(listing, paper_id=self._now(listing.paper_id))
            key = (one.paper_id, one.source, one.day)
            known = self.appearances.setdefault(key, one)
            self.appearances[key] = dataclasses.replace(known, at=min(known.at, one.at))
        for reading in readings:
            two = dataclasses.replace(reading, paper_id=self._now(reading.paper_id))
            self.measured.setdefault((two.paper_id, two.signal, two.at), two)
        self.originals |= {(self._now(one), source): text for one, source, text in originals}
        return len(set(self.papers) - before)

    def _keep(self, paper: Paper, at: datetime) -> None:
        keys = identity_keys(paper)
        known = {self.keys[key] for key in keys if key in self.keys} | {self._now(paper.id)}
        same = [
            one
            for one in self.papers
            if one in known
            and (
                one == paper.id
                or not self.papers[one].arxiv_id
                or not paper.arxiv_id
                or self.papers[one].arxiv_id == paper.arxiv_id
            )
        ]
        if not same:
            self.papers[paper.id] = paper
            self.first_seen[paper.id] = at
            self.numbers[paper.id] = len(self.numbers) + 1
            self.keys |= {key: paper.id for key in keys if key not in self.keys}
            return
        oldest, *others = same
        merged = paper
        for one in reversed(same):
            if one != paper.id:
                old = self.papers[one]
                lacks = [f.name for f in dataclasses.fields(paper) if getattr(merged, f.name) == f.default]
                merged = dataclasses.replace(merged, **{name: getattr(old, name) for name in lacks})
        self.papers[oldest] = dataclasses.replace(merged, id=oldest)
        self.first_seen[oldest] = min(self.first_seen[oldest], at)
        for one in {*others, paper.id} - {oldest}:
            self._absorb(one, oldest)
        self.keys |= {key: oldest for key in keys if self.keys.get(key, oldest) == oldest}

    def _absorb(self, one: str, into: str) -> None:
        self.papers.pop(one, None)
        self.became[one] = into
        self.keys = {key: into if owner == one else owner for key, owner in self.keys.items()}
        for key, listing in list(self.appearances.items()):
            if key[0] == one:
                del self.appearances[key]
                moved = dataclasses.replace(listing, paper_id=into)
                self.appearances.setdefault((into, *key[1:]), moved)
        for measure, reading in list(self.measured.items()):
            if measure[0] == one:
                del self.measured[measure]
                self.measured.setdefault((into, *measure[1:]), dataclasses.replace(reading, paper_id=into))

    def candidates(self, *, since: datetime, until: datetime) -> tuple[Candidate, ...]:
        listed = {one.paper_id for one in self.appearances.values() if since < one.at <= until}
        seen = {one for one in self.papers if since < self.first_seen[one] <= until}
        return self._candidates(listed | seen, until)

    def remeasured(self, *, since: datetime, until: datetime) -> tuple[Candidate, ...]:
        return self._candidates({one.paper_id for one in self.measured.values() if since < one.at <= until}, until)

    def _candidates(self, ids: set[str], until: datetime) -> tuple[Candidate, ...]:
        return tuple(
            Candidate(
                self.papers[one],
                self.first_seen[one],
                tuple(listing for listing in self.listings(one) if listing.at <= until),
                tuple(reading for reading in self.readings(one) if reading.at <= until),
            )
            for one in sorted(ids)
            if one in self.papers
        )

    def readings(self, paper_id: str) -> tuple[Reading, ...]:
        found = [one for one in self.measured.values() if one.paper_id == paper_id]
        return tuple(sorted(found, key=lambda one: (one.at, one.signal)))

    def readings_of(self, paper_ids: Iterable[str]) -> Mapping[str, tuple[Reading, ...]]:
        return {one: found for one in paper_ids if (found := self.readings(one))}

    def listings(self, paper_id: str) -> tuple[Listing, ...]:
        found = [one for one in self.appearances.values() if one.paper_id == paper_id]
        return tuple(sorted(found, key=lambda one: (one.day, one.at, one.source)))

    def answered(self, source: str, *, since: date) -> frozenset[date]:
        return frozenset(day for one, day in self.answers if one == source and day >= since)

    def note_answer(self, source: str, days: Iterable[date], memory: Mapping[str, str], polls: Iterable[Poll]) -> None:
        self.answers |= {(source, day) for day in days}
        if memory:
            self.memories[source] = dict(memory)
        for poll in polls:
            self.looks.setdefault((poll.source, poll.day, poll.at), poll)

    def memory(self, source: str) -> dict[str, str]:
        return dict(self.memories.get(source, {}))

    def polls(self, source: str, day: date) -> tuple[Poll, ...]:
        found = [one for one in self.looks.values() if (one.source, one.day) == (source, day)]
        return tuple(sorted(found, key=lambda one: one.at))

    def search(
        self, words: Sequence[str], *, limit: int, every: bool | None = None, within: Within | None = None
    ) -> tuple[str, ...]:
        """Parts of words too, in titles, abstracts and authors; no stems."""
        found = []
        for paper in self.papers.values():
            text = " ".join((paper.title, paper.abstract, *paper.authors)).casefold()
            hits = sum(word.casefold() in text for word in words)
            if hits and (not every or hits == len(words)) and self.is_within(paper.id, within):
                found.append((-hits, -sum(w.casefold() in paper.title.casefold() for w in words), paper.id))
        return tuple(one for _, _, one in sorted(found))[:limit]

    def is_within(self, paper_id: str, within: Within | None) -> bool:
        if within is None:
            return True
        day = self.papers[paper_id].published or self.first_seen[paper_id].date()
        return (
            (not within.topic or paper_id in self.ranked(within.topic))
            and (not within.source or any(one.source == within.source for one in self.listings(paper_id)))
            and (within.since is None or within.since <= day)
            and (within.until is None or day <= within.until)
            and (within.upto is None or self.numbers[paper_id] <= within.upto)
        )

    def ranked(self, topic: str) -> frozenset[str]:
        editions = self.editions.printed.values() if self.editions else ()
        pools = [pool for edition in editions for pool in edition.pools if pool.slug == topic]
        return frozenset(pick.paper_id for pool in pools for pick in pool.picks)

    def last(self) -> int:
        return max((self.numbers[one] for one in self.papers), default=0)

    def count(self) -> int:
        return len(self.papers)

    def forget_readings(self, *, before: datetime) -> int:
        old = [key for key, one in self.measured.items() if one.at < before]
        for key in old:
            del self.measured[key]
        return len(old)
