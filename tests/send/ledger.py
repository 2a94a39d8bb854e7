"""A ledger in memory, for this room's tests: the states of the design, no clock of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.mail import Claim, Deferred, Delivered, Delivery, Dropped, Message, Refused, Standing, Uncertain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter.model.mail import Outcome

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DAY = date(2026, 11, 20)


class HandClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def delivery(number: int, *, attempt: int = 1, hours: float = 20) -> Delivery:
    return Delivery(number, "digest", DAY, number, "{}", NOW, NOW + timedelta(hours=hours), attempt)


def message(number: int, *, to: str = "", data: bytes = b"Subject: x\r\n\r\nHello.\r\n") -> Message:
    return Message(number, f"b+{number}@news.example", to or f"r{number}@example.org", data)


class MemoryLedger:
    """`outcomes` holds the last outcome of each row, `calls` what was asked in order."""

    def __init__(self, rows: Iterable[Delivery]) -> None:
        self.rows = {row.id: row for row in rows}
        self.outcomes: dict[int, Outcome] = {}
        self.not_before: dict[int, datetime] = {}
        self.started: set[int] = set()
        self.leased: dict[int, Claim] = {}
        self.calls: list[str] = []
        self.replies: dict[int, Outcome] = {}
        self._leases = 0

    def claim(self, owner: str, *, limit: int, now: datetime, lease: timedelta) -> Claim | None:
        self.calls.append("claim")
        due = [row for row in self.rows.values() if self._due(row, now)][:limit]
        if not due:
            return None
        self._leases += 1
        claim = Claim(self._leases, owner, now + lease, tuple(due))
        self.leased.update(dict.fromkeys((row.id for row in due), claim))
        return claim

    def _due(self, row: Delivery, now: datetime) -> bool:
        held = self.leased.get(row.id)
        if row.id in self.outcomes or (held is not None and (held.until > now or row.id in self.started)):
            return False
        return self.not_before.get(row.id, now) <= now

    def renew(self, claim: Claim, *, until: datetime) -> bool:
        self.calls.append("renew")
        return True

    def start(self, delivery_ids: Iterable[int], *, now: datetime) -> None:
        self.calls.append("start")
        self.started.update(delivery_ids)

    def settle(self, outcomes: Iterable[tuple[Outcome, datetime | None]], *, now: datetime) -> None:
        self.calls.append("settle")
        for outcome, not_before in outcomes:
            row = outcome.delivery_id
            self.replies[row] = outcome
            self.leased.pop(row, None)
            if isinstance(outcome, Deferred):
                assert not_before is not None
                self.not_before[row] = not_before
                attempt = self.rows[row].attempt + outcome.charged
                self.rows[row] = replace(self.rows[row], attempt=attempt)
                self.started.discard(row)
            else:
                self.outcomes.setdefault(row, outcome)

    def release(self, claim: Claim) -> None:
        self.calls.append("release")
        for row in claim.deliveries:
            if self.leased.get(row.id) == claim:
                del self.leased[row.id]
                self.started.discard(row.id)

    def unclaimed(self) -> int:
        return len(self.rows)

    def next_due(self, *, now: datetime) -> datetime | None:
        waits = [self.not_before.get(row, now) for row in self.rows if row not in self.outcomes]
        return min(waits, default=None)

    def resend(self, delivery_ids: Iterable[int], *, now: datetime, not_before: datetime, every: bool = False) -> int:
        rows = list(delivery_ids)
        for row in rows:
            self.started.discard(row)
            self.leased.pop(row, None)
            self.not_before[row] = not_before
        return len(rows)

    def uncertain_since(self, *, now: datetime, every: bool = False) -> tuple[Delivery, ...]:
        doubtful = [
            row
            for row in self.rows.values()
            if (isinstance(end := self.outcomes.get(row.id), Uncertain) and not end.final)
            or (row.id in self.started and row.id in self.leased and self.leased[row.id].until <= now)
        ]
        return tuple(doubtful)

    def standing(self, *, kind: str, day: date, subscriber_id: int, now: datetime) -> Standing | None:
        last = self.replies.get(subscriber_id)
        if last is None or isinstance(last, Dropped):
            return None
        return Standing(self.rows[subscriber_id], "deferred", 1, last.reply, NOW)

    def states(self) -> dict[int, str]:
        """Row -> the name of its final outcome, "deferred" or "queued"."""
        names = {Delivered: "sent", Refused: "refused", Uncertain: "uncertain"}
        out: dict[int, str] = {}
        for row in self.rows:
            last = self.outcomes.get(row)
            if last is None:
                out[row] = "deferred" if row in self.not_before else "queued"
            elif isinstance(last, Dropped):
                out[row] = last.state
            else:
                out[row] = names[type(last)]
        return out
