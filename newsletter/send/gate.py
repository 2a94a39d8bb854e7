"""The gate before the wire: who may leave now, who waits a little, and who is put off, by provider and by plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from newsletter.model.mail import Deferred, Delivered, Uncertain
from newsletter.send.manners import STOP, Lane, heard, provider_of, signal_of
from newsletter.send.verdict import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from newsletter.model.mail import Delivery, Outcome
    from newsletter.ports import Clock

SOON = 5.0  # seconds that a composed mail may wait for its turn: who leaves meanwhile is looked up before composing
LEAST, MOST = 30.0, 1800.0  # seconds that a mail is put off whose provider takes fewer at once
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
    _put_off: Counter[str] = field(default_factory=Counter)
    _looked: float = 0.0
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
            if lane.not_before - at > SOON:
                self._put_off[provider] += 1
                seconds = lane.not_before - at + min(MOST, self._put_off[provider] / lane.limit)
                return now + timedelta(seconds=seconds), f"{provider} is left alone: it found us too fast"
            return None, f"{provider} is sent {int(lane.limit)} at a time"
        if (held := self._by_plan(delivery)) is not None:
            return held
        self._flying[provider] += 1
        self._flying[RELAY] += 1
        return None

    def too_long(self, domain: str) -> datetime:
        """It was held for as long as a composed mail may be: when to come again, the later the more are waiting."""
        provider = provider_of(domain)
        self._put_off[provider] += 1
        pace = max(1.0, self._lane(provider).limit)
        return self.clock.now() + timedelta(seconds=min(MOST, LEAST + self._put_off[provider] / pace))

    def heard(self, outcome: Outcome, delivery: Delivery, domain: str) -> None:
        """One answer. Called after the row has left `out`."""
        signal = signal_of(outcome)
        went = isinstance(outcome, Delivered | Uncertain)
        if self.quota is not None and not went and delivery.kind == "digest":
            self.quota.give_back(self.clock.now())
        if not self._lanes and signal in {"taken", "other"}:
            return
        now, provider = self.clock.now().timestamp(), provider_of(domain)
        if not self._lanes:
            self._begin()
        else:
            self._flying[provider] -= 1
            self._flying[RELAY] -= 1
        name = RELAY if signal == "relay" else provider
        names = {RELAY, provider} if signal == "taken" else {name}
        for one in names:
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
            self.notes.append(f"{self.capped} issues wait for another day, by [delivery] warm_up")

    def _lane(self, provider: str) -> Lane:
        most = float(max(1, self.most()))
        return self._lanes.get(provider) or Lane(most, most)

    def _keep(self, provider: str, lane: Lane) -> None:
        if lane.is_free(self.clock.now().timestamp()):
            self._lanes.pop(provider, None)
        else:
            self._lanes[provider] = lane

    def _begin(self) -> None:
        """From now on it is counted who is under way."""
        self._flying.clear()
        for _, domain in self.out():
            self._flying[provider_of(domain)] += 1
            self._flying[RELAY] += 1
