"""The five stores in memory, as simple as they can be: they pass the contract suite that the real ones pass."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from newsletter.errors import AddressError
from newsletter.model.mail import Run
from newsletter.model.subscriber import Addressee, Hours, Subscriber
from tests.support.fake_ledger import FakeLedger
from tests.support.fake_papers import FakePapers

__all__ = ["FakeClock", "FakeEditions", "FakeLedger", "FakePapers", "FakeRuns", "FakeSubscribers"]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime, timedelta

    from newsletter.model.edition import Card, Edition
    from newsletter.model.mail import Note
    from newsletter.model.paper import Paper
    from newsletter.model.subscriber import Feedback


class FakeClock:
    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def pass_(self, span: timedelta) -> datetime:
        self.moment += span
        return self.moment


class FakeEditions:
    def __init__(self) -> None:
        self.printed: dict[date, Edition] = {}

    def print(self, edition: Edition) -> Edition:
        return self.printed.setdefault(edition.day, edition)

    def get(self, day: date) -> Edition | None:
        return self.printed.get(day)

    def between(self, after: date | None, until: date) -> tuple[Edition, ...]:
        return tuple(self.printed[day] for day in self.days() if (after is None or day > after) and day <= until)

    def days(self) -> tuple[date, ...]:
        return tuple(sorted(self.printed))

    def featured(self, *, since: date, before: date) -> frozenset[str]:
        editions = [self.printed[day] for day in self.days() if since <= day < before]
        return frozenset(paper_id for one in editions for paper_id in self._told(one))

    def last_cards(self, paper_ids: Iterable[str], *, before: date) -> Mapping[str, Card]:
        editions = [self.printed[day] for day in self.days() if day < before]
        cards = {card.paper.id: card for one in editions for card in one.cards if card.paper.id in self._told(one)}
        return {one: cards[one] for one in paper_ids if one in cards}

    def _told(self, edition: Edition) -> set[str]:
        shown = {pick.paper_id for pool in edition.pools for pick in pool.shown}
        return shown | {one.paper_id for one in edition.follow_ups}


class FakeSubscribers:
    def __init__(self) -> None:
        self.rows: dict[int, Subscriber] = {}
        self.barred: dict[str, tuple[str, datetime]] = {}
        self.feedback: list[Feedback] = []
        self.told: dict[int, dict[str, Paper]] = {}
        self.numbers = itertools.count(1)

    def add(self, subscriber: Subscriber) -> Subscriber | None:
        if self.suppressed([subscriber.email]):
            raise AddressError("This address may not be written to.")
        if self.by_email(subscriber.email) is not None:
            return None
        stored = dataclasses.replace(subscriber, id=next(self.numbers))
        self.rows[stored.id] = stored
        return stored

    def add_many(self, subscribers: Iterable[Subscriber]) -> Iterator[tuple[Subscriber, str]]:
        for one in subscribers:
            try:
                stored = self.add(one)
            except AddressError:
                yield one, "suppressed"
            else:
                yield (stored, "added") if stored else (one, "known")

    def by_email(self, email: str) -> Subscriber | None:
        return next((one for one in self.rows.values() if one.email.lower() == email.strip().lower()), None)

    def get(self, subscriber_ids: Iterable[int]) -> Mapping[int, Subscriber]:
        return {one: self.rows[one] for one in subscriber_ids if one in self.rows}

    def active(self, *, after_id: int = 0, limit: int = 1000) -> tuple[Subscriber, ...]:
        found = [one for one in self.rows.values() if one.status == "active" and one.id > after_id]
        return tuple(sorted(found, key=lambda one: one.id))[:limit]

    def hours(self) -> Mapping[Hours, int]:
        active = [one for one in self.rows.values() if one.status == "active"]
        return Counter(Hours(one.timezone, one.send_hour, one.cadence) for one in active)

    def locales(self) -> Mapping[str | None, int]:
        return Counter(one.locale for one in self.rows.values() if one.status == "active")

    def every(self) -> Iterator[Subscriber]:
        yield from [self.rows[one] for one in sorted(self.rows)]

    def stale(self, *, before: datetime) -> tuple[str, ...]:
        found = [one for one in self.every() if one.status == "pending"]
        return tuple(one.email for one in found if one.created_at is not None and one.created_at < before)

    def update(self, subscriber: Subscriber, was: Subscriber | None = None) -> bool:
        other = self.by_email(subscriber.email)
        if other is not None and other.id != subscriber.id:
            raise AddressError("Another subscriber has this address already.")
        now = self.rows.get(subscriber.id)
        if now is None:
            return False
        if was is not None:
            fields = [field.name for field in dataclasses.fields(Subscriber)]
            changes: dict[str, Any] = {
                name: getattr(subscriber, name) for name in fields if getattr(subscriber, name) != getattr(was, name)
            }
            if {"status", "generation"} & set(changes) and (now.status, now.generation) != (was.status, was.generation):
                return False
            subscriber = dataclasses.replace(now, **changes)
        self.rows[subscriber.id] = subscriber
        return True

    def remove(self, email: str, *, at: datetime) -> bool:
        found = self.by_email(email)
        if found is None:
            return False
        if found.status != "complained":
            self.rows[found.id] = dataclasses.replace(found, status="left")
        return True

    def forget(self, email: str, *, at: datetime) -> bool:
        known = self.erase(email)
        if known:
            self.suppress(email, "forgotten", at=at)
        return known

    def erase(self, email: str) -> bool:
        found = self.by_email(email)
        if found is None:
            return False
        del self.rows[found.id]
        self.feedback = [one for one in self.feedback if one.subscriber_id != found.id]
        self.told.pop(found.id, None)
        return True

    def suppress(self, email: str, reason: str, *, at: datetime) -> None:
        self.barred.setdefault(self._hash(email), (reason, at))

    def _hash(self, email: str) -> str:
        return hashlib.sha256(email.strip().lower().encode()).hexdigest()

    def unsuppress(self, email: str) -> bool:
        return self.barred.pop(self._hash(email), None) is not None

    def addressees(self, subscriber_ids: Iterable[int]) -> Mapping[int, Addressee]:
        return {
            number: Addressee(
                number,
                one.email,
                one.status,
                one.topics,
                one.cadence,
                one.locale,
                one.text_only,
                one.generation,
                bool(self.suppressed([one.email])),
            )
            for number, one in self.get(subscriber_ids).items()
        }

    def suppressed(self, emails: Iterable[str]) -> frozenset[str]:
        return frozenset(email for email in emails if self._hash(email) in self.barred)

    def suppressions(self) -> Iterator[tuple[str, str, datetime]]:
        yield from [(one, *self.barred[one]) for one in sorted(self.barred)]

    def counts(self) -> Mapping[str, int]:
        return Counter(one.status for one in self.rows.values())

    def say(self, feedback: Feedback) -> None:
        self.say_all([feedback])

    def say_all(self, feedback: Iterable[Feedback]) -> None:
        self.feedback += [one for one in feedback if one.subscriber_id in self.rows]

    def said(self, subscriber_ids: Iterable[int]) -> Mapping[int, tuple[Feedback, ...]]:
        found: dict[int, list[Feedback]] = defaultdict(list)
        for one in sorted(self.feedback, key=lambda one: one.at):
            found[one.subscriber_id].append(one)
        return {one: tuple(found[one]) for one in subscriber_ids if one in found}

    def bring(self, subscriber_id: int, papers: Iterable[Paper]) -> None:
        if subscriber_id in self.rows and (told := {one.id: dataclasses.replace(one, brought=True) for one in papers}):
            self.told[subscriber_id] = self.told.get(subscriber_id, {}) | told

    def brought(self, subscriber_ids: Iterable[int]) -> Mapping[int, Mapping[str, Paper]]:
        return {one: self.told[one] for one in subscriber_ids if self.told.get(one)}

    def drop_brought(self, subscriber_id: int, paper_ids: Iterable[str] | None) -> None:
        told = self.told.get(subscriber_id, {})
        for one in [*told] if paper_ids is None else paper_ids:
            told.pop(one, None)


class FakeRuns:
    def __init__(self) -> None:
        self.runs: list[Run] = []

    def begin(self, command: str, day: date, *, at: datetime) -> int:
        self.runs.append(Run(len(self.runs) + 1, command, day, at, None, "running"))
        return len(self.runs)

    def note(self, run_id: int, notes: Sequence[Note]) -> None:
        run = self.runs[run_id - 1]
        self.runs[run_id - 1] = dataclasses.replace(run, notes=(*run.notes, *notes))

    def finish(self, run_id: int, outcome: str, *, at: datetime) -> None:
        run = self.runs[run_id - 1]
        self.runs[run_id - 1] = dataclasses.replace(run, finished_at=at, outcome=outcome)  # type: ignore[arg-type]

    def sweep(self, *, before: datetime, limit: int) -> int:
        old = [one for one in self.runs if one.started_at < before][:limit]
        self.runs = [one for one in self.runs if one not in old]
        return len(old)

    def last(
        self, *, limit: int = 10, command: str | None = None, day: date | None = None, before: int | None = None
    ) -> tuple[Run, ...]:
        found = [one for one in self.runs if command in {None, one.command} and day in {None, one.day}]
        found = [one for one in found if before is None or one.id < before]
        return tuple(reversed(found))[:limit]
