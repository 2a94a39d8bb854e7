"""Every mail that is due, held or done, on SQLite or PostgreSQL."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, cast

from sqlalchemy import and_, func, select, update

from newsletter.model.edition import Silence
from newsletter.model.mail import Claim
from newsletter.store import claiming, history, jobs, pruning, reviving, settling, standing
from newsletter.store.database import LEDGER_LOCK
from newsletter.store.ledger_tables import deliveries, leases, outcomes, silences, started
from newsletter.store.values import day as as_day
from newsletter.store.values import micros, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime, timedelta

    from newsletter.model.mail import Delivery, DeliveryState, NewDelivery, Outcome, Standing
    from newsletter.store.database import Database

_BATCH = 2000


class SqlLedger:
    """The port `Ledger`. docs/decisions/0001-ledger.md says why it has this shape."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def queue(self, deliveries: Iterable[NewDelivery], *, at: datetime) -> int:
        created = micros(at)
        rows = (
            {
                "kind": one.kind,
                "day": one.day.isoformat(),
                "subscriber_id": one.subscriber_id,
                "payload": one.payload,
                "created_at": created,
                "expires_at": micros(one.expires_at),
            }
            for one in deliveries
        )
        new = 0
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            before = 0 if self._db.is_sqlite else claiming.end_of_queue(connection)
            while batch := list(islice(rows, _BATCH)):
                fresh = self._db.insert_new(connection, _deliveries, batch)
                new += fresh
                if fresh < len(batch):
                    new += reviving.revive(self._db, connection, batch, created)
            if new and not self._db.is_sqlite:
                jobs.enqueue(connection, before + 1, claiming.end_of_queue(connection))
        return new

    def record_silences(self, silences: Iterable[Silence], *, at: datetime) -> None:
        """The latest word on a reader's day counts."""
        when = micros(at)
        latest = {
            (one.day.isoformat(), one.subscriber_id): {"code": one.code, "text": one.text, "at": when}
            for one in silences
        }
        rows = [{"day": day, "subscriber_id": who, **row} for (day, who), row in latest.items()]
        statement = self._db.insert(_silences)
        new = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=["day", "subscriber_id"], set_={"code": new.code, "text": new.text, "at": new.at}
        )
        with self._db.writing() as connection:
            for start in range(0, len(rows), _BATCH):
                connection.execute(statement, rows[start : start + _BATCH])

    def silences(self, *, day: date, subscriber_id: int | None = None) -> tuple[Silence, ...]:
        """Who got an issue after all is none of them: from a later run, or from one that was at work just then."""
        cut = and_(
            _deliveries.c.kind == "digest",
            _deliveries.c.day == _silences.c.day,
            _deliveries.c.subscriber_id == _silences.c.subscriber_id,
        )
        ended = select(outcomes.c.state).where(outcomes.c.delivery_id == _deliveries.c.id).scalar_subquery()
        had = select(1).where(cut, func.coalesce(ended, "") != "expired").exists()
        statement = (
            select(_silences).where(_silences.c.day == day.isoformat(), ~had).order_by(_silences.c.subscriber_id)
        )
        if subscriber_id is not None:
            statement = statement.where(_silences.c.subscriber_id == subscriber_id)
        with self._db.reading() as connection:
            rows = connection.execute(statement)
            return tuple(Silence(row.subscriber_id, as_day(row.day), row.code, row.text) for row in rows)

    def claim(self, owner: str, *, limit: int, now: datetime, lease: timedelta) -> Claim | None:
        until = now + lease
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            taken = claiming.take(self._db, connection, owner, limit, micros(now), micros(until))
        return None if taken is None else Claim(taken[0], owner, until, taken[1])

    def unclaimed(self) -> int:
        with self._db.reading() as connection:
            return claiming.past_frontier(connection)

    def renew(self, claim: Claim, *, until: datetime) -> bool:
        statement = (
            update(leases)
            .where(leases.c.id == claim.lease_id, leases.c.owner == claim.owner)
            .values(until=micros(until))
        )
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            return bool(connection.execute(statement).rowcount)

    def start(self, delivery_ids: Iterable[int], *, now: datetime) -> None:
        at = micros(now)
        rows = [{"delivery_id": one, "at": at} for one in sorted(delivery_ids)]
        with self._db.writing() as connection:
            self._db.insert_new(connection, started, rows)

    def settle(self, outcomes: Iterable[tuple[Outcome, datetime | None]], *, now: datetime) -> None:
        if given := tuple(outcomes):
            settling.settle(self._db, given, micros(now))

    def holders(self, *, now: datetime) -> tuple[str, ...]:
        statement = select(leases.c.owner).where(leases.c.until > micros(now), leases.c.owner != "").distinct()
        with self._db.reading() as connection:
            return tuple(sorted(connection.execute(statement).scalars()))

    def disown(self, owner: str, *, now: datetime) -> None:
        statement = (
            update(leases).where(leases.c.owner == owner, leases.c.until > micros(now)).values(until=micros(now))
        )
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            connection.execute(statement)

    def release(self, claim: Claim) -> None:
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            claiming.give_back(connection, claim.lease_id, claim.owner)

    def resend(self, delivery_ids: Iterable[int], *, now: datetime, not_before: datetime, every: bool = False) -> int:
        at, due = micros(now), micros(not_before)
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            return settling.send_again(self._db, connection, delivery_ids, at, due, every=every)

    def cancel(self, *, day: date, now: datetime) -> int:
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            return settling.cancel(self._db, connection, day.isoformat(), micros(now))

    def expire(self, *, now: datetime) -> int:
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            return settling.expire(self._db, connection, micros(now))

    def counts(self, *, day: date | None = None, kind: str | None = None, now: datetime) -> Mapping[DeliveryState, int]:
        """States that nothing is in are left out; what was erased as too old is counted as it ended."""
        with self._db.reading() as connection:
            on = day.isoformat() if day else None
            found = pruning.counted(connection, on, kind)
            for state, many in connection.execute(standing.by_state(on, kind), {"now": micros(now)}):
                found[state] = found.get(state, 0) + many
            return cast("Mapping[DeliveryState, int]", found)

    def prune(self, *, before: datetime, limit: int) -> int:
        with self._db.writing(lock=LEDGER_LOCK) as connection:
            gone = pruning.prune(self._db, connection, micros(before), limit)
            if not gone:
                pruning.prune_silences(connection, before.date().isoformat())
        return gone

    def closed(self) -> date | None:
        with self._db.reading() as connection:
            return pruning.closed(connection)

    def next_due(self, *, now: datetime) -> datetime | None:
        """`now` when something may be claimed now; else when the first lease runs out or the first retry is due."""
        at = micros(now)
        with self._db.reading() as connection:
            found = standing.next_due(connection, at)
        return None if found is None else moment(max(found, at))

    def last_day(self, kind: str, subscriber_ids: Iterable[int], *, until: date | None = None) -> Mapping[int, date]:
        with self._db.reading() as connection:
            return history.last_day(self._db, connection, kind, subscriber_ids, until)

    def last_edition(self, subscriber_ids: Iterable[int], *, until: date | None = None) -> Mapping[int, date]:
        with self._db.reading() as connection:
            return history.last_edition(self._db, connection, subscriber_ids, until)

    def missed(self, subscriber_ids: Iterable[int], *, since: date) -> Mapping[int, date]:
        with self._db.reading() as connection:
            return history.missed(self._db, connection, subscriber_ids, since)

    def seen(self, subscriber_ids: Iterable[int], *, since: date | None = None) -> Mapping[int, frozenset[str]]:
        with self._db.reading() as connection:
            return history.seen(self._db, connection, subscriber_ids, since)

    def issues(self, subscriber_ids: Iterable[int]) -> Mapping[int, int]:
        with self._db.reading() as connection:
            return history.issues(self._db, connection, subscriber_ids)

    def latest(self, subscriber_id: int, *, limit: int) -> tuple[tuple[date, bool], ...]:
        with self._db.reading() as connection:
            return history.latest(connection, subscriber_id, limit)

    def standing(self, *, kind: str, day: date, subscriber_id: int, now: datetime) -> Standing | None:
        statement = standing.states().where(
            _deliveries.c.kind == kind,
            _deliveries.c.day == day.isoformat(),
            _deliveries.c.subscriber_id == subscriber_id,
        )
        with self._db.reading() as connection:
            found = standing.standings(self._db, connection, statement, micros(now))
        return found[0] if found else None

    def standings(
        self, *, day: date, states: Sequence[DeliveryState], limit: int, now: datetime
    ) -> tuple[Standing, ...]:
        """In the order in which they were queued."""
        statement = (
            standing.states()
            .where(_deliveries.c.day == day.isoformat(), standing.STATE.in_(states))
            .order_by(_deliveries.c.id)
            .limit(limit)
        )
        with self._db.reading() as connection:
            return standing.standings(self._db, connection, statement, micros(now))

    def uncertain_since(self, *, now: datetime, every: bool = False) -> tuple[Delivery, ...]:
        with self._db.reading() as connection:
            return claiming.uncertain(self._db, connection, micros(now), every=every)


_deliveries, _silences = deliveries, silences  # arguments of the same names hide them
