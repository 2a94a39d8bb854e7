"""The gate before the wire: who may leave now, who waits a little, and who is put off, by provider and by plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from newsletter.model.mail import Deferred, Delivered, Uncertain
from newsletter.send.manners import STOP, Lane, heard, provider_of, signal_of
from newsletter.send.verdict import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from newsletter.model.mail import Delivery, Outcome
    from newsletter.ports import Clock

SOON = 5.0  # seconds that a composed mail may wait for its turn: who leaves meanwhile is looked up before composing
LEAST, MOST = 2.0, 1800.0  # seconds that a mail is put off whose provider takes fewer at once
SMOOTH, ANSWERS = 0.1, 8  # the share of each new time in the mean of them; how many make a mean
LOOK = 10.0  # between two looks at what other processes have learned
PLAN = "waits for another day: [delivery] warm_up"
RELAY = ""  # the lane that all mails share


class Board(Protocol):
    """What all processes of one database know: providers that are left alone, and until when (seconds since 1970)."""

    def read(self) -> dict[str, tuple[float, str]]: ...
    def write(self, provider: str, until: float, said: str) -> None: ...


class Quota(Protocol):
    """A day's cap, shared by all processes."""

    def take(self, now: datetime) -> datetime | None:
        """One of today's mails, or, when there are no more, the moment at which the next day's begin."""

    def give_back(self, now: datetime) -> None:
        """One that was taken did not go out."""


@dataclass(slots=True)
class _Pace:
    """How long one provider has a mail, and how far into the future those reach that wait for it."""

    since: float
    slot: float = 0.0  # when the last of those that were put off is due
    takes: float = 1.0  # mean seconds from handing a mail over to its answer
    answers: int = 0

    def took(self, seconds: float) -> None:
        self.answers += 1
        share = max(SMOOTH, 1 / self.answers)
        self.takes = (1 - share) * self.takes + share * seconds


@dataclass(slots=True)
class Gate:
    """`calm` while no provider has complained and no cap is set: then nobody is asked, and nothing costs time."""

    clock: Clock
    most: Callable[[], int]  # mails under way at most
    board: Board | None = None
    quota: Quota | None = None
    out: Callable[[], Iterable[tuple[Delivery, str]]] = tuple  # rows under way, with their recipients' domains
    notes: list[str] = field(default_factory=list)
    _lanes: dict[str, Lane] = field(default_factory=dict)
    _flying: Counter[str] = field(default_factory=Counter)
    _paces: dict[str, _Pace] = field(default_factory=dict)
    _begun: dict[int, float] = field(default_factory=dict)  # when a mail under way was let through
    _looked: float = 0.0
    _back: float = 0.0  # when the last of those that we put off ourselves may be tried again
    capped: int = 0

    @property
    def calm(self) -> bool:
        return not self._lanes and self.quota is None

    def look(self) -> None:
        """Learn what others have learned; called with each claim."""
        now = self.clock.now().timestamp()
        if self.board is None or now - self._looked < LOOK:
            return
        self._looked = now
        for provider, (until, _) in self.board.read().items():
            known = self._lane(provider)
            if until > now and until > known.not_before:
                self._keep(provider, heard(known, "rate", now=until - STOP, flying=0))

    def wait(self, delivery: Delivery, domain: str) -> tuple[datetime | None, str] | None:
        """None: it may leave now, and counts as under way. (moment, why): put it off until then; (None, why): ask again
        soon.
        """
        if not self._lanes:
            return self._by_plan(delivery)
        now, provider = self.clock.now(), provider_of(domain)
        at = now.timestamp()
        for name in (RELAY, provider):
            lane = self._lanes.get(name)
            if lane is None or lane.may_go(self._flying[name], at):
                continue
            who = name or "the mail server"
            if lane.not_before - at > SOON:
                return self._slot(name, lane, lane.not_before), f"{who} is left alone: it found us too fast"
            return None, f"{who} is sent {int(lane.limit)} at a time"
        if (held := self._by_plan(delivery)) is not None:
            return held
        self._flying[provider] += 1
        self._flying[RELAY] += 1
        self._begun[delivery.id] = at
        return None

    def too_long(self, domain: str) -> datetime:
        """It was held for as long as a composed mail may be: when to come again, by how fast its provider takes those
        that wait before it.
        """
        now = self.clock.now().timestamp()
        name = self._narrow(domain, now)
        moment = self._slot(name, self._lane(name), now + LEAST)
        self._back = max(self._back, moment.timestamp())
        return moment

    def knows(self, domain: str) -> bool:
        """Whether there were answers enough, or time enough for them, to tell how long a mail has to wait."""
        now = self.clock.now().timestamp()
        pace = self._pace(self._narrow(domain, now), now)
        return pace.answers >= ANSWERS or now - pace.since > SOON

    @property
    def waits(self) -> bool:
        """Whether mails that we put off ourselves, at a provider that takes some, are still to come."""
        return self._back > self.clock.now().timestamp()

    def comes_back(self, due: datetime, *, within: float) -> bool:
        """Whether what is due then may be one of those, and soon."""
        now = self.clock.now().timestamp()
        return due.timestamp() <= min(self._back, now + within)

    def _narrow(self, domain: str, now: float) -> str:
        """The lane that keeps its mail back."""
        relay = self._lanes.get(RELAY)
        return provider_of(domain) if relay is None or relay.may_go(self._flying[RELAY], now) else RELAY

    def _pace(self, name: str, now: float) -> _Pace:
        return self._paces.get(name) or self._paces.setdefault(name, _Pace(now))

    def _slot(self, name: str, lane: Lane, begin: float) -> datetime:
        pace = self._pace(name, begin)
        pace.slot = min(max(pace.slot, begin) + pace.takes / lane.limit, begin + MOST)
        return datetime.fromtimestamp(pace.slot, UTC)

    def heard(self, outcome: Outcome, delivery: Delivery, domain: str) -> None:
        """One answer. Called after the row has left `out`."""
        signal = signal_of(outcome)
        went = isinstance(outcome, Delivered | Uncertain)
        if self.quota is not None and not went and delivery.kind == "digest":
            self.quota.give_back(self.clock.now())
        if not self._lanes and signal in {"taken", "other"}:
            return
        now, provider = self.clock.now().timestamp(), provider_of(domain)
        begun = self._begun.pop(delivery.id, None)
        if not self._lanes:
            self._begin()
        else:
            self._flying[provider] -= 1
            self._flying[RELAY] -= 1
        name = RELAY if signal == "relay" else provider
        names = {RELAY, provider} if signal == "taken" else {name}
        for one in names:
            if signal == "taken" and begun is not None:
                self._pace(one, now).took(now - begun)
            before = self._lane(one)
            self._keep(one, after := heard(before, signal, now=now, flying=max(0, self._flying[one])))
            if after.limit < before.limit and isinstance(outcome, Deferred):
                self._say(one, outcome, after, now)

    def _say(self, provider: str, outcome: Deferred, lane: Lane, now: float) -> None:
        said = words(outcome.reply)
        if lane.slow and self.board is not None:
            self.board.write(provider, lane.not_before, said)
        who = provider or "the mail server"
        how = "is left alone for a while" if lane.not_before > now + SOON else f"gets {int(lane.limit)} at a time"
        if not any(note.startswith(f"{who} ") for note in self.notes):
            self.notes.append(f"{who} finds us too fast and {how}: {said}")

    def _by_plan(self, delivery: Delivery) -> tuple[datetime, str] | None:
        if self.quota is None or delivery.kind != "digest":
            return None
        when = self.quota.take(self.clock.now())
        if when is None:
            return None
        self.capped += 1
        return when, PLAN

    def close(self) -> None:
        if self.capped:
            wait = "issue waits" if self.capped == 1 else "issues wait"
            self.notes.append(f"{self.capped} {wait} for another day, by [delivery] warm_up")

    def _lane(self, provider: str) -> Lane:
        most = float(max(1, self.most()))
        return self._lanes.get(provider) or Lane(most, most)

    def _keep(self, provider: str, lane: Lane) -> None:
        if lane.is_free(self.clock.now().timestamp()):
            self._lanes.pop(provider, None)
            self._paces.pop(provider, None)
        else:
            self._lanes[provider] = lane

    def _begin(self) -> None:
        """From now on it is counted who is under way."""
        self._flying.clear()
        for _, domain in self.out():
            self._flying[provider_of(domain)] += 1
            self._flying[RELAY] += 1
