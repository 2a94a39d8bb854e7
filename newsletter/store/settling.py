"""How a delivery ends, or waits: one outcome row, or one open deferral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, or_, select, update

from newsletter.model.mail import Deferred, Delivered, Dropped, Refused, Uncertain
from newsletter.store.claiming import (
    DECIDED,
    DIGESTS,
    ENDED,
    HELD,
    IS_DIGEST,
    NOTICES,
    STARTED,
    UNANSWERED,
    WAITS,
    close_retries,
)
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
from newsletter.store.values import micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.model.mail import DeliveryState, Outcome
    from newsletter.store.database import Database


def settle(database: Database, given: Sequence[tuple[Outcome, datetime | None]], now: int) -> None:
    """What ended stays ended, but for the uncertain, where a later answer counts, and for what was dropped although it
    had left: its worker was stopped, and says so when it wakes.
    """
    sent = all(type(outcome) is Delivered for outcome, _ in given)
    if sent and database.is_sqlite and _sent_on_sqlite(database, given, now):
        return
    with database.writing() as connection:
        if not (sent and _sent(database, connection, given, now)):
            _settle(database, connection, given, now)


def _settle(
    database: Database, connection: Connection, given: Iterable[tuple[Outcome, datetime | None]], now: int
) -> None:
    ends: dict[int, dict[str, Any]] = {}
    retries: dict[int, dict[str, Any]] = {}
    final: list[int] = []
    for outcome, not_before in given:
        if isinstance(outcome, Uncertain) and outcome.final:
            final.append(outcome.delivery_id)
        if isinstance(outcome, Deferred):
            retries.setdefault(outcome.delivery_id, _retry_row(outcome, not_before, now))
        elif ends.get(outcome.delivery_id, _UNCERTAIN)["state"] == "uncertain":
            ends[outcome.delivery_id] = _end_row(outcome, now)
    # In order of their numbers, so that two workers never wait for each other crosswise.
    finished = [ends[one] for one in sorted(ends)]
    waiting = [retries[one] for one in sorted(retries) if one not in ends]
    if finished:
        _end(database, connection, finished)
        close_retries(database, connection, sorted(ends))
        database.insert_new(connection, resends, [{"delivery_id": one, "at": now} for one in sorted(final)])
    if waiting:
        waiting = _still_open(database, connection, waiting)
        database.insert_new(connection, deferrals, waiting)
    forget_start(database, connection, sorted({*ends, *(row["delivery_id"] for row in waiting)}))


def _sent(database: Database, connection: Connection, given: Sequence[tuple[Any, datetime | None]], now: int) -> bool:
    """The same for nothing but delivered mails, as nearly always. False: some had an outcome; the new ones are in."""
    rows = _sent_rows(given, now)
    if database.insert_rows(connection, outcomes, _ENDS, rows) < len(rows):
        return False
    numbers = [row[0] for row in rows]
    retry, start = connection.exec_driver_sql(_ANY).one()
    if retry:
        close_retries(database, connection, numbers)
    if start:
        forget_start(database, connection, numbers)
    return True


def _sent_on_sqlite(database: Database, given: Sequence[tuple[Any, datetime | None]], now: int) -> bool:
    """The same, by the driver alone."""
    rows = _sent_rows(given, now)
    with database.bulk() as driver:
        new = driver.executemany(database.sqlite_text(outcomes, _ENDS), rows).rowcount == len(rows)
        retry, start = driver.execute(_ANY).fetchone()
        for wanted, statement in ((retry, _CLOSE), (start, _FORGET)):
            if wanted:
                driver.execute(statement, (database.listed(row[0] for row in rows),))
    return new


def _sent_rows(given: Iterable[tuple[Any, datetime | None]], now: int) -> list[tuple[Any, ...]]:
    return sorted(
        (one.delivery_id, "sent", now, (said := one.reply).code, said.enhanced, said.text) for one, _ in given
    )


_ENDS = ("delivery_id", "state", "at", "code", "enhanced", "text")
# One question to two indexes, instead of two for each row.
_ANY = "SELECT EXISTS (SELECT 1 FROM deferrals WHERE open), EXISTS (SELECT 1 FROM started)"
_CLOSE = "UPDATE deferrals SET open = 0 WHERE open AND delivery_id IN (SELECT value FROM json_each(?))"
_FORGET = "DELETE FROM started WHERE delivery_id IN (SELECT value FROM json_each(?))"
_UNCERTAIN = {"state": "uncertain"}
_UNSENT = ("cancelled", "expired", "suppressed")  # said of a mail whose worker was stopped: it may have left before
_MAY_CHANGE = or_(*(outcomes.c.state == each for each in ("uncertain", *_UNSENT)))


def _end(database: Database, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    new = database.insert_new(connection, outcomes, rows)
    if new == len(rows):
        return
    was = select(outcomes.c.delivery_id, outcomes.c.state).where(
        outcomes.c.delivery_id.in_(database.numbers()), _MAY_CHANGE
    )
    ids = database.listed([row["delivery_id"] for row in rows])
    known = dict(connection.execute(was, {"numbers": ids}).all())
    better = [row for row in rows if _knows_better(row["state"], known.get(row["delivery_id"]))]
    if not better:
        return
    statement = (
        outcomes.update()
        .where(outcomes.c.delivery_id == bindparam("one"), _MAY_CHANGE)
        .values({name: bindparam(name) for name in ("state", "at", "code", "enhanced", "text")})
    )
    changes = [{"one" if name == "delivery_id" else name: value for name, value in row.items()} for row in better]
    connection.execute(statement, changes)


def _knows_better(state: str, known: str | None) -> bool:
    return (known == "uncertain" and state != "uncertain") or (known in _UNSENT and state == "sent")


def _still_open(database: Database, connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    ended = select(outcomes.c.delivery_id).where(outcomes.c.delivery_id.in_(database.numbers()))
    ids = database.listed([row["delivery_id"] for row in rows])
    done = set(connection.execute(ended, {"numbers": ids}).scalars())
    return [row for row in rows if row["delivery_id"] not in done]


def _end_row(outcome: Outcome, now: int) -> dict[str, Any]:
    row: dict[str, Any] = {"delivery_id": outcome.delivery_id, "at": now, "code": None, "enhanced": None}
    if isinstance(outcome, Dropped):
        return {**row, "state": outcome.state, "text": outcome.text}
    state = {Delivered: "sent", Refused: "refused"}.get(type(outcome), "uncertain")
    reply = outcome.reply
    return {**row, "state": state, "code": reply.code, "enhanced": reply.enhanced, "text": reply.text}


def _retry_row(outcome: Deferred, not_before: datetime | None, now: int) -> dict[str, Any]:
    """Without a time the retry is due at once."""
    return {
        "delivery_id": outcome.delivery_id,
        "at": now,
        "not_before": now if not_before is None else micros(not_before),
        "charged": outcome.charged,
        "open": True,
        "code": outcome.reply.code,
        "enhanced": outcome.reply.enhanced,
        "text": outcome.reply.text,
    }


def forget_start(database: Database, connection: Connection, delivery_ids: Sequence[int]) -> None:
    if delivery_ids:
        statement = delete(started).where(started.c.delivery_id.in_(database.numbers()))
        connection.execute(statement, {"numbers": database.listed(delivery_ids)})


def send_again(
    database: Database, connection: Connection, delivery_ids: Iterable[int], now: int, due: int, *, every: bool
) -> int:
    """Requeue the uncertain among these as retries that are due at `due`; of those without an answer only the ones
    that nothing was decided about, unless `every`.
    """
    unanswered = UNANSWERED if every else UNANSWERED & ~DECIDED
    doubtful = select(deliveries.c.id).where(
        deliveries.c.id.in_(database.numbers()), unanswered | (STARTED & ~ENDED & ~HELD & ~WAITS)
    )
    ids = sorted(connection.execute(doubtful, {"numbers": database.listed(delivery_ids), "now": now}).scalars())
    if not ids:
        return 0
    listed = {"numbers": database.listed(ids)}
    doubts = outcomes.c.delivery_id.in_(database.numbers()) & (outcomes.c.state == "uncertain")
    said = {row.delivery_id: row for row in connection.execute(select(outcomes).where(doubts), listed)}
    connection.execute(delete(outcomes).where(doubts), listed)
    forget_start(database, connection, ids)
    close_retries(database, connection, ids)
    database.insert_new(connection, resends, [{"delivery_id": one, "at": now} for one in ids])
    rows = [
        {
            "delivery_id": one,
            "at": said[one].at if one in said else now,
            "not_before": due,
            "charged": True,
            "open": True,
            "code": said[one].code if one in said else 0,
            "enhanced": said[one].enhanced if one in said else "",
            "text": said[one].text if one in said else "The worker ended before it knew the answer.",
        }
        for one in ids
    ]
    return database.insert_new(connection, deferrals, rows)


def cancel(database: Database, connection: Connection, day: str, now: int) -> int:
    """End what nobody holds: what is on its way to the wire is left to its worker, who knows what becomes of it."""
    free = select(deliveries.c.id).where(deliveries.c.day == day, ~ENDED, ~STARTED, ~HELD)
    ids = connection.execute(free, {"now": now}).scalars()
    return _end_all(database, connection, ids, "cancelled", _STOPPED, now)


def expire(database: Database, connection: Connection, now: int) -> int:
    """End what is too old and nobody holds. Looked for where open rows are: past a frontier, in what leases that ran
    out left, and among the retries that wait.
    """
    old = deliveries.c.expires_at <= now
    free = old & ~ENDED & ~STARTED & ~HELD
    past = [
        select(deliveries.c.id).where(
            deliveries.c.id > select(frontier.c.last_id).where(frontier.c.id == which).scalar_subquery(), kind, free
        )
        for which, kind in ((NOTICES, ~IS_DIGEST), (DIGESTS, IS_DIGEST))
    ]
    waiting = select(deliveries.c.id).join(deferrals, deferrals.c.delivery_id == deliveries.c.id)
    ids = {
        one
        for each in (*past, waiting.where(deferrals.c.open, free))
        for one in connection.execute(each, {"now": now}).scalars()
    }
    left = select(lease_ranges.c.first_id, lease_ranges.c.last_id).join(leases).where(leases.c.until <= now)
    for first, last in connection.execute(left).all():
        within = select(deliveries.c.id).where(deliveries.c.id.between(first, last), free)
        ids.update(connection.execute(within, {"now": now}).scalars())
    return _end_all(database, connection, ids, "expired", _TOO_OLD, now)


def _end_all(
    database: Database, connection: Connection, ids: Iterable[int], state: DeliveryState, text: str, now: int
) -> int:
    """How many ended now. A batch at a time: after an outage it may be the whole list."""
    count, ordered = 0, sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        some = ordered[start : start + _BATCH]
        rows = [(one, state, now, None, None, text) for one in some]
        count += database.insert_rows(connection, outcomes, _ENDS, rows)
        close_retries(database, connection, some)
    if count:
        connection.execute(_NOT_RENEWED, {"now": now})
    return count


# Of what a stopped worker held something has ended: when it wakes it must not take its lease up again.
_NOT_RENEWED = update(leases).where(leases.c.until <= bindparam("now")).values(owner="")
_BATCH = 5000
_TOO_OLD = "not sent in time"
_STOPPED = "Stopped by the operator."
