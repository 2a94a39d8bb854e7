"""What asking a paid model has cost on a day, kept in the store so that another run does not begin anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.ports import Clock, Records


REMEMBERED = timedelta(days=40)  # a day's spending is looked at on that day, and by who wonders at the month's bill


@dataclass(slots=True)
class Purse:
    """`kind` is what it is spent on; `budget` in money and `most` in questions are the day's bounds."""

    records: Records
    clock: Clock
    kind: str
    day: str
    budget: float
    most: float
    spent: float = 0.0
    asked: int = 0

    @classmethod
    def open(cls, records: Records, clock: Clock, kind: str, day: str, *, budget: float, most: float) -> Purse:
        kept = records.get(kind, day, now=clock.now())
        spent, asked = json.loads(kept) if kept else (0.0, 0)
        return cls(records, clock, kind, day, budget, most, spent, asked)

    def allows(self, cost: float, count: int = 1) -> bool:
        return self.asked + count <= self.most and self.spent + cost <= self.budget

    def pay(self, cost: float, count: int = 1) -> None:
        self.spent, self.asked = self.spent + cost, self.asked + count
        until = self.clock.now() + REMEMBERED
        self.records.put(self.kind, self.day, json.dumps([self.spent, self.asked]), until=until)
