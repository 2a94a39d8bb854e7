"""Where deliveries stand: the one SELECT that derives every state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, func, select

from newsletter.model.mail import Reply, Standing
from newsletter.store.claiming import (
    DIGESTS,
    ENDED,
    HELD,
    IS_DIGEST,
    NOTICES,
    OPEN_IN_RANGE,
    STARTED,
    Rows,
)
from newsletter.store.ledger_tables import deferrals, deliveries, frontier, lease_ranges, leases, outcomes, started
from newsletter.store.values import moment_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select, Table

    from newsletter.store.database import Database

_retry = deferrals.alias("retry")

# docs/decisions/0001-ledger.md has this as a table, and a test holds the two together.
STATE = case(
    (outcomes.c.state.is_not(None), outcomes.c.state),
    (_retry.c.id.is_not(None), "deferred"),
    (and_(HELD, STARTED), "sending"),
    (HELD, "claimed"),
    (STARTED, "uncertain"),
    else_="queued",
)
_JOINED = deliveries.outerjoin(outcomes, outcomes.c.delivery_id == deliveries.c.id).outerjoin(
    _retry, and_(_retry.c.delivery_id == deliveries.c.id, _retry.c.open)
)
_CHARGED = (
    select(func.count())
    .where(deferrals.c.delivery_id == deliveries.c.id, deferrals.c.charged)
    .correlate(deliveries)
    .scalar_subquery()
)
_LAST = (
    select(func.max(deferrals.c.id)).where(deferrals.c.delivery_id == deliveries.c.id).correlate(deliveries)
).scalar_subquery()


_RETRY = (
    select(func.min(deferrals.c.not_before))
    .select_from(deliveries.join(deferrals, deferrals.c.delivery_id == deliveries.c.id))
    .where(deferrals.c.open, ~ENDED, ~HELD)
)
_RETRY_IN_RANGE = (
    select(func.min(deferrals.c.not_before))
    .select_from(deliveries.join(deferrals, deferrals.c.delivery_id == deliveries.c.id))
    .where(deferrals.c.open, deliveries.c.id.between(bindparam("first"), bindparam("last")), ~ENDED)
)
_FRESH = [
    select(deliveries.c.id)
    .where(deliveries.c.id > select(frontier.c.last_id).where(frontier.c.id == which).scalar_subquery(), kind, ~ENDED)
    .limit(1)
    for which, kind in ((NOTICES, ~IS_DIGEST), (DIGESTS, IS_DIGEST))
]
_HOLDS = select(lease_ranges.c.first_id, lease_ranges.c.last_id, leases.c.until).join(
    leases, leases.c.id == lease_ranges.c.lease_id
)


def by_state(day: str | None, kind: str | None = None) -> Select[Any]:
    """(state, how many), of one day or of all, of one kind or of all; takes the parameter `now`."""
    found = select(STATE.label("state")).select_from(_JOINED)
    if day is not None:
        found = found.where(deliveries.c.day == day)
    if kind is not None:
        found = found.where(deliveries.c.kind == kind)
    named = found.subquery()
    return select(named.c.state, func.count()).group_by(named.c.state)


def states() -> Select[Any]:
    """Every delivery with its state, retry and outcome; takes the parameter `now`."""
    return select(
        deliveries,
        STATE.label("state"),
        outcomes.c.at.label("ended_at"),
        outcomes.c.code,
        outcomes.c.enhanced,
        outcomes.c.text,
        _retry.c.not_before,
        _CHARGED.label("charged"),
        _LAST.label("last_deferral"),
    ).select_from(_JOINED)


def standings(database: Database, connection: Connection, statement: Select[Any], now: int) -> tuple[Standing, ...]:
    """`statement`: a selection from `states`."""
    rows = connection.execute(statement, {"now": now}).all()
    last = _by_key(database, connection, deferrals, "id", [row.last_deferral for row in rows if row.last_deferral])
    begun = _by_key(database, connection, started, "delivery_id", [row.id for row in rows])
    return tuple(_standing(row, last.get(row.last_deferral), begun.get(row.id)) for row in rows)


def _by_key(
    database: Database, connection: Connection, table: Table, key: str, values: Sequence[int]
) -> dict[int, Row[Any]]:
    if not values:
        return {}
    statement = select(table).where(table.c[key].in_(database.numbers()))
    rows = connection.execute(statement, {"numbers": database.listed(values)})
    return {row._mapping[key]: row for row in rows}  # noqa: SLF001 - SQLAlchemy's documented name for it


def next_due(connection: Connection, now: int) -> int | None:
    """The earliest moment, which may be past, at which a claim would find something."""
    if any(connection.execute(fresh).scalar() is not None for fresh in _FRESH):
        return now
    moments = [found for found in connection.execute(_RETRY, {"now": now}).scalars() if found is not None]
    for first, last, until in connection.execute(_HOLDS):
        place = {"first": first, "last": last}
        if connection.execute(OPEN_IN_RANGE, {**place, "many": 1}).first():
            moments.append(until)
        kept = connection.execute(_RETRY_IN_RANGE, place).scalar()
        if kept is not None:
            moments.append(max(kept, until))
    return min(moments, default=None)


def _standing(row: Row[Any], last: Row[Any] | None, begun: Row[Any] | None) -> Standing:
    """`last`: the latest deferral, whose answer is the last one of a delivery that has not ended."""
    tried = row.state in {"sent", "refused", "uncertain", "sending"}
    if row.ended_at is not None:
        answer, at = row, row.ended_at
    elif last is not None:
        answer, at = last, last.at
    else:
        answer, at = None, begun.at if begun else None
    reply = None
    if answer is not None and answer.code is not None:
        reply = Reply(answer.code, answer.enhanced or "", answer.text or "")
    elif answer is not None and answer.text:
        reply = Reply(0, "", answer.text)
    return Standing(
        Rows().delivery(row, row.charged),
        row.state,
        row.charged + tried,
        reply,
        moment_or_none(at),
        moment_or_none(row.not_before),
    )
