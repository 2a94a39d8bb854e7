"""The ledger in memory: one record a delivery, the rules of the port and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from newsletter.model.mail import Claim, Deferred, Delivered, Delivery, Dropped, Refused, Reply, Standing, Uncertain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from newsletter.model.edition import Silence
    from newsletter.model.mail import DeliveryState, NewDelivery, Outcome


@dataclass
class Record:
    delivery: Delivery
    lease: int = 0
    until: datetime | None = None
    started: datetime | None = None
    end: DeliveryState | None = None
    not_before: datetime | None = None  # a retry waits for it
    charged: int = 0
    reply: Reply | None = None
    at: datetime | None = None
    resent: bool = False

    def state(self, now: datetime) -> DeliveryState:
        held = self.until is not None and self.until > now
        if self.end is not None:
            return self.end
        if self.not_before is not None:
            return "deferred"
        if held:
            return "sending" if self.started else "claimed"
        return "uncertain" if self.started else "queued"

    def doubtful(self, now: datetime, *, every: bool = False) -> bool:
        """To be sent again: a worker died on it, or it was not answered and nothing was decided about it yet."""
        return self.state(now) == "uncertain" and (self.end is None or every or not self.resent)

    def held(self, now: datetime) -> bool:
        return self.until is not None and self.until > now

    def seen(self) -> Delivery:
        d = self.delivery
        return Delivery(d.id, d.kind, d.day, d.subscriber_id, d.payload, d.created_at, d.expires_at, 1 + self.charged)


class FakeLedger:
    def __init__(self) -> None:
        self.records: dict[int, Record] = {}
        self.unique: set[tuple[str, date, int]] = set()
        self.quiet: dict[tuple[date, int], Silence] = {}
        self.owners: dict[int, str] = {}
        self.pruned: Counter[tuple[date, str, str]] = Counter()

    def queue(self, deliveries: Iterable[NewDelivery], *, at: datetime) -> int:
        new = 0
        for one in deliveries:
            key = (one.kind, one.day, one.subscriber_id)
            if key in self.unique:
                new += self._revive(one, at)
                continue
            self.unique.add(key)
            number = len(self.records) + 1
            self.records[number] = Record(Delivery(number, *key, one.payload, at, one.expires_at))
            new += 1
        return new

    def _revive(self, new: NewDelivery, at: datetime) -> bool:
        for number, one in self.records.items():
            old = one.delivery
            if one.end == "expired" and (old.kind, old.day, old.subscriber_id) == (
                new.kind,
                new.day,
                new.subscriber_id,
            ):
                fresh = Delivery(number, new.kind, new.day, new.subscriber_id, new.payload, at, new.expires_at)
                reply = Reply(0, "", "Expired; made anew.")
                again = Record(fresh, one.lease, one.until, not_before=at, reply=reply, at=at)
                self.records[number] = again if one.lease else Record(fresh)
                return True
        return False

    def record_silences(self, silences: Iterable[Silence], *, at: datetime) -> None:
        self.quiet |= {(one.day, one.subscriber_id): one for one in silences}

    def silences(self, *, day: date, subscriber_id: int | None = None) -> tuple[Silence, ...]:
        had = {
            one.delivery.subscriber_id
            for one in self.records.values()
            if (one.delivery.kind, one.delivery.day) == ("digest", day) and one.end != "expired"
        }
        found = [one for one in self.quiet.values() if one.day == day and one.subscriber_id not in had]
        found = [one for one in found if subscriber_id in {None, one.subscriber_id}]
        return tuple(sorted(found, key=lambda one: one.subscriber_id))

    def claim(self, owner: str, *, limit: int, now: datetime, lease: timedelta) -> Claim | None:
        free = [one for one in self.records.values() if not one.held(now) and one.state(now) in {"queued", "deferred"}]
        back = [one for one in free if one.lease and one.not_before is None]
        due = [one for one in free if one.not_before is not None and one.not_before <= now]
        fresh = [one for one in free if not one.lease and one.not_before is None]
        due.sort(key=lambda one: (one.not_before, one.delivery.id))
        notices = [one for one in fresh if one.delivery.kind != "digest"]
        digests = [one for one in fresh if one.delivery.kind == "digest"]
        notices += [one for one in due if one.delivery.kind != "digest"]
        due = [one for one in due if one.delivery.kind == "digest"]
        taken = [*notices, *back, *due, *digests][:limit]
        for one in self.records.values():
            if one.lease and not one.held(now):
                self.owners[one.lease] = ""  # it ran out, and this claim has looked through it
        if not taken:
            return None
        number = len(self.owners) + 1
        self.owners[number] = owner
        for one in taken:
            one.lease, one.until, one.not_before = number, now + lease, None
        return Claim(number, owner, now + lease, tuple(one.seen() for one in taken))

    def holders(self, *, now: datetime) -> tuple[str, ...]:
        living = {self.owners[one.lease] for one in self.records.values() if one.lease and one.held(now)}
        return tuple(sorted(living - {""}))

    def disown(self, owner: str, *, now: datetime) -> None:
        for one in self.records.values():
            if one.lease and self.owners[one.lease] == owner and one.held(now):
                one.until = now

    def renew(self, claim: Claim, *, until: datetime) -> bool:
        if self.owners[claim.lease_id] != claim.owner:
            return False
        for one in self._of(claim):
            one.until = until
        return True

    def _of(self, claim: Claim) -> list[Record]:
        return [one for one in self.records.values() if one.lease == claim.lease_id]

    def start(self, delivery_ids: Iterable[int], *, now: datetime) -> None:
        for one in delivery_ids:
            self.records[one].started = self.records[one].started or now

    def settle(self, outcomes: Iterable[tuple[Outcome, datetime | None]], *, now: datetime) -> None:
        for outcome, not_before in outcomes:
            one = self.records[outcome.delivery_id]
            left = isinstance(outcome, Delivered) and one.end in {"cancelled", "expired", "suppressed"}
            if not left and (one.end not in {None, "uncertain"} or (one.end and isinstance(outcome, Deferred))):
                continue
            one.started = None
            one.resent |= isinstance(outcome, Uncertain) and outcome.final
            if isinstance(outcome, Deferred):
                if one.not_before is None:
                    one.not_before = not_before or now
                    one.charged += outcome.charged
                    one.reply, one.at = outcome.reply, now
                continue
            ends: dict[type, DeliveryState] = {Delivered: "sent", Refused: "refused"}
            one.end = outcome.state if isinstance(outcome, Dropped) else ends.get(type(outcome), "uncertain")
            one.not_before, one.at = None, now
            if isinstance(outcome, Dropped):
                one.reply = Reply(0, "", outcome.text) if outcome.text else None
            else:
                one.reply = outcome.reply

    def release(self, claim: Claim) -> None:
        if self.owners[claim.lease_id] == claim.owner:
            self.owners[claim.lease_id] = ""
            for one in self._of(claim):
                one.until = one.started = None

    def resend(self, delivery_ids: Iterable[int], *, now: datetime, not_before: datetime, every: bool = False) -> int:
        found = [self.records[one] for one in set(delivery_ids) if one in self.records]
        found = [one for one in found if one.doubtful(now, every=every)]
        for one in found:
            if one.end is None:
                one.reply, one.at = Reply(0, "", "The worker ended before it knew the answer."), now
            one.end, one.started, one.not_before, one.resent = None, None, not_before, True
            one.charged += 1
        return len(found)

    def cancel(self, *, day: date, now: datetime) -> int:
        found = [one for one in self.records.values() if one.delivery.day == day and not one.held(now)]
        found = [one for one in found if one.state(now) in {"queued", "deferred"}]
        for one in found:
            one.end, one.not_before, one.at = "cancelled", None, now
            one.reply = Reply(0, "", "Stopped by the operator.")
        return self._ended(found, now)

    def prune(self, *, before: datetime, limit: int) -> int:
        old = [n for n, one in self.records.items() if one.end and one.delivery.created_at < before][:limit]
        for number in old:
            gone = self.records.pop(number)
            self.pruned[gone.delivery.day, gone.delivery.kind, str(gone.end)] += 1
        return len(old)

    def closed(self) -> date | None:
        return max((day for day, kind, _ in self.pruned if kind == "digest"), default=None)

    def expire(self, *, now: datetime) -> int:
        found = [one for one in self.records.values() if one.delivery.expires_at <= now and not one.held(now)]
        found = [one for one in found if one.state(now) in {"queued", "deferred"}]
        for one in found:
            one.end, one.not_before, one.at, one.reply = "expired", None, now, Reply(0, "", "not sent in time")
        return self._ended(found, now)

    def _ended(self, found: list[Record], now: datetime) -> int:
        """What ran out is not renewed after this."""
        if found:
            self.owners.update({one.lease: "" for one in self.records.values() if one.lease and not one.held(now)})
        return len(found)

    def counts(self, *, day: date | None = None, kind: str | None = None, now: datetime) -> Mapping[DeliveryState, int]:
        wanted = (one for one in self.records.values() if day in {None, one.delivery.day})
        found = Counter(one.state(now) for one in wanted if kind in {None, one.delivery.kind})
        for (on, of, state), many in self.pruned.items():
            if day in {None, on} and kind in {None, of}:
                found[state] += many  # type: ignore[index]
        return found

    def unclaimed(self) -> int:
        return sum(one.end is None for one in self.records.values())

    def next_due(self, *, now: datetime) -> datetime | None:
        found = [one for one in self.records.values() if one.end is None]
        found = [one for one in found if one.not_before is not None or not one.started]
        return min((max(now, one.not_before or now, one.until or now) for one in found), default=None)

    def _latest(
        self, subscriber_ids: Iterable[int], kind: str, without: set[str], until: date | None
    ) -> dict[int, Delivery]:
        readers = set(subscriber_ids)
        found: dict[int, Delivery] = {}
        for one in sorted(self.records.values(), key=lambda one: one.delivery.day):
            if until is not None and one.delivery.day > until:
                continue
            if one.delivery.kind == kind and one.delivery.subscriber_id in readers and one.end not in without:
                found[one.delivery.subscriber_id] = one.delivery
        return found

    def last_day(self, kind: str, subscriber_ids: Iterable[int], *, until: date | None = None) -> Mapping[int, date]:
        found = self._latest(subscriber_ids, kind, {"expired"}, until)
        return {reader: one.day for reader, one in found.items()}

    def last_edition(self, subscriber_ids: Iterable[int], *, until: date | None = None) -> Mapping[int, date]:
        found = self._latest(subscriber_ids, "digest", _NOT_SEEN, until)
        editions = {reader: _parsed(one.payload).get("editions") for reader, one in found.items()}
        return {reader: date.fromisoformat(max(days)) for reader, days in editions.items() if days}

    def missed(self, subscriber_ids: Iterable[int], *, since: date) -> Mapping[int, date]:
        expired: dict[int, set[str]] = {reader: set() for reader in subscriber_ids}
        others: dict[int, set[str]] = {reader: set() for reader in expired}
        for record in self.records.values():
            one = record.delivery
            if one.subscriber_id in expired and one.kind == "digest" and one.day >= since:
                which = expired if record.end == "expired" else others if record.end not in _NOT_SEEN else {}
                which.setdefault(one.subscriber_id, set()).update(_parsed(one.payload).get("editions", []))
        lost = {reader: days - others[reader] for reader, days in expired.items()}
        return {reader: date.fromisoformat(min(days)) for reader, days in lost.items() if days}

    def seen(self, subscriber_ids: Iterable[int], *, since: date | None = None) -> Mapping[int, frozenset[str]]:
        readers = set(subscriber_ids)
        found: dict[int, frozenset[str]] = {}
        for record in self.records.values():
            one = record.delivery
            if one.kind != "digest" or one.subscriber_id not in readers or record.end in _NOT_SEEN:
                continue
            if since is None or one.day >= since:
                picks = {pick[0] for section in _parsed(one.payload).get("sections", []) for pick in section[3]}
                found[one.subscriber_id] = found.get(one.subscriber_id, frozenset()) | picks
        return found

    def issues(self, subscriber_ids: Iterable[int]) -> Mapping[int, int]:
        readers = set(subscriber_ids)
        digests = (one.delivery for one in self.records.values() if one.delivery.kind == "digest")
        return Counter(one.subscriber_id for one in digests if one.subscriber_id in readers)

    def latest(self, subscriber_id: int, *, limit: int) -> tuple[tuple[date, bool], ...]:
        found = [
            (one.delivery.day, one.end == "sent")
            for one in self.records.values()
            if one.delivery.subscriber_id == subscriber_id
            and one.delivery.kind == "digest"
            and one.end in {"sent", "refused"}
        ]
        return tuple(sorted(found, reverse=True)[:limit])

    def standing(self, *, kind: str, day: date, subscriber_id: int, now: datetime) -> Standing | None:
        for one in self.records.values():
            d = one.delivery
            if (d.kind, d.day, d.subscriber_id) == (kind, day, subscriber_id):
                return self._standing(one, now)
        return None

    def _standing(self, one: Record, now: datetime) -> Standing:
        state = one.state(now)
        tried = state in {"sent", "refused", "uncertain", "sending"}
        return Standing(one.seen(), state, one.charged + tried, one.reply, one.at or one.started, one.not_before)

    def standings(
        self, *, day: date, states: Sequence[DeliveryState], limit: int, now: datetime
    ) -> tuple[Standing, ...]:
        found = [one for one in self.records.values() if one.delivery.day == day and one.state(now) in states]
        return tuple(self._standing(one, now) for one in found[:limit])

    def uncertain_since(self, *, now: datetime, every: bool = False) -> tuple[Delivery, ...]:
        found = self.records.values()
        return tuple(one.seen() for one in found if one.doubtful(now, every=every))


_NOT_SEEN = {"cancelled", "expired", "refused", "suppressed"}


def _parsed(payload: str) -> dict[str, Any]:
    plain = json.loads(payload) if payload else {}
    return plain if isinstance(plain, dict) else {}
