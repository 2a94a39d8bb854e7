"""Who has which deliveries: leases on ranges of the queue.

An open delivery that waits for no retry is in exactly one place: past its frontier, or in the ranges of one lease.
There are two frontiers, one of digests and one of all other mail, which goes first: a confirmation must not wait for
an issue to a whole list. Nor must its retry wait for theirs.
Every function here runs under the ledger's lock, so places change one transaction at a time. That is also what makes
the frontier safe on PostgreSQL, where row numbers are given before the commit: `queue` holds the same lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from newsletter.model.mail import Delivery
from newsletter.store.ledger_tables import (
    deferrals,
    deliveries,
    frontier,
    lease_ranges,
    leases,
    outcomes,
    resends,
    started,
)
from newsletter.store.values import Kept, fresh_moment
from newsletter.store.values import day as as_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Select

    from newsletter.store.database import Database

DIGESTS, NOTICES = 1, 2  # rows of `frontier`
ENDED = select(1).where(outcomes.c.delivery_id == deliveries.c.id).correlate(deliveries).exists()
WAITS = select(1).where(deferrals.c.delivery_id == deliveries.c.id, deferrals.c.open).correlate(deliveries).exists()
STARTED = select(1).where(started.c.delivery_id == deliveries.c.id).correlate(deliveries).exists()
HELD = (  # by a living lease
    select(1)
    .select_from(lease_ranges.join(leases, leases.c.id == lease_ranges.c.lease_id))
    .where(
        lease_ranges.c.first_id <= deliveries.c.id,
        lease_ranges.c.last_id >= deliveries.c.id,
        leases.c.until > bindparam("now"),
    )
    .correlate(deliveries)
    .exists()
)
OPEN_IN_RANGE = (
    select(deliveries)
    .where(deliveries.c.id.between(bindparam("first"), bindparam("last")), ~ENDED, ~WAITS, ~STARTED)
    .order_by(deliveries.c.id)
    .limit(bindparam("many"))
)
# A retry in it may have been given out again since, before the range was looked through.
_LEFT_IN_RANGE = OPEN_IN_RANGE.where(~HELD)
_RUN_OUT = (
    select(leases.c.id, lease_ranges.c.first_id, lease_ranges.c.last_id)
    .join_from(leases, lease_ranges, isouter=True)
    .where(leases.c.until <= bindparam("now"))
    .order_by(lease_ranges.c.first_id)
)
_DUE = (
    select(deliveries)
    .join(deferrals, deferrals.c.delivery_id == deliveries.c.id)
    .where(deferrals.c.open, deferrals.c.not_before <= bindparam("now"), ~ENDED, ~HELD)
    .order_by(deferrals.c.not_before, deliveries.c.id)
    .limit(bindparam("many"))
)
IS_DIGEST = deliveries.c.kind == literal_column("'digest'")  # so that the database sees that its index of notices helps
_LATEST_NOTICES = select(deliveries.c.id).where(~IS_DIGEST).order_by(deliveries.c.id.desc()).limit(1000)
_DUE_NOTICES = _DUE.where(deliveries.c.id.in_(_LATEST_NOTICES.scalar_subquery()))
_FRESH = {
    of_kind: select(deliveries)
    .where(deliveries.c.id > bindparam("after"), IS_DIGEST if of_kind == DIGESTS else ~IS_DIGEST, ~ENDED)
    .order_by(deliveries.c.id)
    .limit(bindparam("many"))
    for of_kind in (DIGESTS, NOTICES)
}
_NOTICES_BETWEEN = (
    select(deliveries.c.id)
    .where(deliveries.c.id.between(bindparam("first"), bindparam("last")), ~IS_DIGEST)
    .order_by(deliveries.c.id)
)
_FRONTIER = select(frontier.c.last_id).where(frontier.c.id == bindparam("which"))
_END_OF_QUEUE = select(func.coalesce(func.max(deliveries.c.id), 0))
_MOVE_FRONTIER = update(frontier).where(frontier.c.id == bindparam("which")).values(last_id=bindparam("new"))
_DROP_RANGE = delete(lease_ranges).where(
    lease_ranges.c.lease_id == bindparam("lease"), lease_ranges.c.first_id == bindparam("first")
)
_NARROW_RANGE = (
    update(lease_ranges)
    .where(lease_ranges.c.lease_id == bindparam("lease"), lease_ranges.c.first_id == bindparam("first"))
    .values(first_id=bindparam("new"))
)
_DROP_EMPTY = delete(leases).where(
    leases.c.until <= bindparam("now"), ~select(1).where(lease_ranges.c.lease_id == leases.c.id).exists()
)
_DISOWN = update(leases).where(leases.c.id == bindparam("lease")).values(owner="", until=0)
_NEW_LEASE = insert(leases).returning(leases.c.id)
_NEW_RANGES = insert(lease_ranges)


def take(database: Database, connection: Connection, owner: str, limit: int, now: int, until: int) -> Any:
    """(lease id, deliveries) or None: fresh notices, their retries, what ran out, other retries, fresh digests."""
    notices = [*_take_fresh(database, connection, limit, NOTICES)]
    notices += _due(database, connection, limit - len(notices), now, _DUE_NOTICES)
    room = limit - len(notices)
    back = _take_over(database, connection, room, now)
    first = {row[0] for row in notices}
    due = [row for row in _due(database, connection, room - len(back), now, _DUE) if row[0] not in first]
    if retries := [row[0] for row in (*notices, *due)]:  # closed now, since a retry that waits is not taken over
        close_retries(database, connection, retries)
    fresh = _take_fresh(database, connection, room - len(back) - len(due), DIGESTS)
    rows = [*notices, *back, *due, *fresh]
    if not rows:
        return None
    lease_id = connection.execute(_NEW_LEASE, {"owner": owner, "until": until}).scalar_one()
    ranges = runs_of([row[0] for row in (*notices, *back, *due)])
    if fresh:
        ranges += _between(connection, fresh[0][0], fresh[-1][0])
    connection.execute(
        _NEW_RANGES, [{"lease_id": lease_id, "first_id": first, "last_id": last} for first, last in ranges]
    )
    charged = _charged(database, connection, [row[0] for row in (*notices, *back, *due)])
    read = Rows()
    return lease_id, tuple([read.delivery(row, charged.get(row[0], 0)) for row in rows])


def _take_over(database: Database, connection: Connection, limit: int, now: int) -> list[tuple[Any, ...]]:
    taken: list[tuple[Any, ...]] = []
    run_out = connection.execute(_RUN_OUT, {"now": now}).all()
    for lease_id, first, last in run_out:
        if first is None:
            continue
        room = limit - len(taken)
        if room < 1:
            break
        asked = {"first": first, "last": last, "many": room, "now": now}
        rows = database.rows(connection, _LEFT_IN_RANGE, asked)
        known = {row[0] for row in taken}
        taken += [row for row in rows if row[0] not in known]
        place = {"lease": lease_id, "first": first}
        if len(rows) == room and rows[-1][0] < last:
            connection.execute(_NARROW_RANGE, {**place, "new": rows[-1][0] + 1})
        else:
            connection.execute(_DROP_RANGE, place)
        connection.execute(_DISOWN, {"lease": lease_id})
    if run_out:
        connection.execute(_DROP_EMPTY, {"now": now})
    return taken


def _due(
    database: Database, connection: Connection, limit: int, now: int, which: Select[Any]
) -> Sequence[tuple[Any, ...]]:
    return database.rows(connection, which, {"now": now, "many": limit}) if limit > 0 else ()


def _take_fresh(database: Database, connection: Connection, limit: int, which: int) -> Sequence[tuple[Any, ...]]:
    if limit < 1:
        return ()
    after = connection.execute(_FRONTIER, {"which": which}).scalar_one()
    rows = database.rows(connection, _FRESH[which], {"after": after, "many": limit})
    end = rows[-1][0] if len(rows) == limit else connection.execute(_END_OF_QUEUE).scalar_one()
    if end > after:
        connection.execute(_MOVE_FRONTIER, {"which": which, "new": end})
    return rows


def _between(connection: Connection, first: int, last: int) -> list[tuple[int, int]]:
    """first..last as ranges without the notices, which others may hold; what else lies between has ended."""
    ranges = []
    for notice in connection.execute(_NOTICES_BETWEEN, {"first": first, "last": last}).scalars():
        if notice > first:
            ranges.append((first, notice - 1))
        first = notice + 1
    return [*ranges, (first, last)]


def end_of_queue(connection: Connection) -> int:
    """The highest row number so far, 0 in an empty queue."""
    return int(connection.execute(_END_OF_QUEUE).scalar_one())


def past_frontier(connection: Connection) -> int:
    """How many rows lie beyond the frontier of digests."""
    return max(0, end_of_queue(connection) - int(connection.execute(_FRONTIER, {"which": DIGESTS}).scalar_one()))


def close_retries(database: Database, connection: Connection, delivery_ids: Sequence[int]) -> None:
    statement = (
        update(deferrals).where(deferrals.c.delivery_id.in_(database.numbers()), deferrals.c.open).values(open=False)
    )
    connection.execute(statement, {"numbers": database.listed(delivery_ids)})


def give_back(connection: Connection, lease_id: int, owner: str) -> None:
    """Whatever of the lease has neither outcome nor retry may be claimed again, started or not: its holder lives, and
    says that it sent nothing that it does not know the answer to.
    """
    mine = connection.execute(select(leases.c.id).where(leases.c.id == lease_id, leases.c.owner == owner)).scalar()
    if mine is None:
        return
    for first, last in connection.execute(
        select(lease_ranges.c.first_id, lease_ranges.c.last_id).where(lease_ranges.c.lease_id == lease_id)
    ).all():
        connection.execute(delete(started).where(started.c.delivery_id.between(first, last)))
    connection.execute(_DISOWN, {"lease": lease_id})


def runs_of(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers as (first, last) of runs without a gap, so that no range covers a row that was not taken."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _charged(database: Database, connection: Connection, delivery_ids: Sequence[int]) -> dict[int, int]:
    """How many attempts were counted against each of these."""
    if not delivery_ids:
        return {}
    statement = (
        select(deferrals.c.delivery_id, func.count())
        .where(deferrals.c.delivery_id.in_(database.numbers()), deferrals.c.charged)
        .group_by(deferrals.c.delivery_id)
    )
    rows = connection.execute(statement, {"numbers": database.listed(delivery_ids)})
    return dict(rows.all())


class Rows:
    """Rows of one look as deliveries: payloads, days and moments, which most of them share, are made and kept once."""

    def __init__(self) -> None:
        self._payloads: dict[str, str] = {}
        self._days, self._moments = Kept(as_day), Kept(fresh_moment)

    def delivery(self, row: Sequence[Any], charged: int) -> Delivery:
        number, kind, day, reader, payload, created, expires = row[:7]  # the columns of `deliveries` come first
        payload = self._payloads.setdefault(payload, payload)
        moments = self._moments
        return Delivery(number, kind, self._days[day], reader, payload, moments[created], moments[expires], 1 + charged)


UNANSWERED = deliveries.c.id.in_(select(outcomes.c.delivery_id).where(outcomes.c.state == "uncertain"))
DECIDED = deliveries.c.id.in_(select(resends.c.delivery_id))
# Two statements, each led by the few rows in question: as one with OR, PostgreSQL reads the whole queue each time
# (100 ms of 60,000 rows); written as joins, SQLite does.
_DIED_ON = select(deliveries).where(deliveries.c.id.in_(select(started.c.delivery_id)), ~ENDED, ~HELD, ~WAITS)
_IN_DOUBT = {every: select(deliveries).where(UNANSWERED if every else UNANSWERED & ~DECIDED) for every in (False, True)}


def uncertain(database: Database, connection: Connection, now: int, *, every: bool) -> tuple[Delivery, ...]:
    """Deliveries that a worker died on, and unanswered ones: those that nothing was decided about, or all."""
    rows = [*connection.execute(_DIED_ON, {"now": now}).all(), *connection.execute(_IN_DOUBT[every]).all()]
    rows.sort(key=lambda row: row.id)
    charged = _charged(database, connection, [row.id for row in rows])
    read = Rows()
    return tuple(read.delivery(row, charged.get(row.id, 0)) for row in rows)
