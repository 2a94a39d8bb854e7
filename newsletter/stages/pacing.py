"""What all processes know of our pace: providers that found us too fast, and the day's cap of a warm-up."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.mail import WarmUp
    from newsletter.ports import Records
    from newsletter.press import Allow, Press

_KIND, _KEY = "pace", "providers"
BLOCK = 20  # mails that a process takes of the day's cap at once, and the most that its death wastes


@dataclass(frozen=True, slots=True)
class Board:
    """The `Board` of `newsletter.send.gate`, kept with the records."""

    press: Press
    records: Records

    def read(self) -> dict[str, tuple[float, str]]:
        text = self.records.get(_KIND, _KEY, now=self.press.clock.now())
        return {name: (until, said) for name, (until, said) in json.loads(text).items()} if text else {}

    def write(self, provider: str, until: float, said: str) -> None:
        """Two writers at once: one of the words is lost, and its provider says it again."""
        now = self.press.clock.now().timestamp()
        kept = {name: one for name, one in self.read().items() if one[0] > now}
        kept[provider] = (until, said)
        last = datetime.fromtimestamp(max(one[0] for one in kept.values()), UTC)
        self.records.put(_KIND, _KEY, json.dumps(kept), until=last)


def board(press: Press) -> Board | None:
    return None if press.records is None else Board(press, press.records)


@dataclass(slots=True)
class Cap:
    """The `Quota` of `newsletter.send.gate`: the cap of a day of the newsletter's zone."""

    press: Press
    plan: WarmUp
    allow: Allow
    _day: date | None = None
    _left: int = field(default=0)

    def take(self, now: datetime) -> datetime | None:
        day = self.press.edition_day(now)
        if day != self._day:
            self._day, self._left = day, 0
        most = self.plan.cap(day)
        if most is None:
            return None
        if self._left <= 0:
            self._left = self.allow(_name(day), BLOCK, most, until=now + timedelta(days=2))
        if self._left <= 0:
            return _begin(self.press, day + timedelta(days=1))
        self._left -= 1
        return None

    def give_back(self, now: datetime) -> None:
        if self.press.edition_day(now) == self._day:
            self._left += 1

    def close(self) -> None:
        """What is left of the last block is for others."""
        if self._day is not None and self._left > 0:
            self.allow(_name(self._day), -self._left, 0, until=_begin(self.press, self._day + timedelta(days=2)))
            self._left = 0


def cap(press: Press) -> Cap | None:
    plan = press.config.delivery.warm_up
    return None if plan is None or press.allow is None else Cap(press, plan, press.allow)


def used(press: Press, now: datetime) -> tuple[int, int] | None:
    """(issues of today, the most of today) while there is a cap."""
    plan, day = press.config.delivery.warm_up, press.edition_day(now)
    most = None if plan is None else plan.cap(day)
    if most is None or press.records is None:
        return None
    return int(press.records.get("cap", _name(day), now=now) or 0), most


def _begin(press: Press, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(press.config.newsletter.timezone)).astimezone(UTC)


def _name(day: date) -> str:
    return f"warm-up:{day.isoformat()}"
