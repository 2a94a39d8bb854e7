"""What is too old to be asked for goes, a batch at a time; how many there were of what stays."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select

from newsletter.store.ledger_tables import deferrals, deliveries, outcomes, pruned, resends, silences, started
from newsletter.store.tables import readings, run_notes, runs
from newsletter.store.values import day as as_day
from newsletter.store.values import moment

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from newsletter.store.database import Database

# By the index of days: most rows are newer, and are not to be read each time while everybody else waits.
_OLD = (
    select(deliveries.c.id, deliveries.c.day, deliveries.c.kind, outcomes.c.state)
    .join(outcomes, outcomes.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.day <= bindparam("last"), deliveries.c.created_at < bindparam("before"))
    .order_by(deliveries.c.day, deliveries.c.id)
    .limit(bindparam("many"))
)


def prune(database: Database, connection: Connection, before: int, many: int) -> int:
    """Erase up to so many deliveries that ended and were queued before then, oldest first, with all that hangs on them.

    What has not ended stays, however old; one of a later day, made by a `--day` that looked ahead, stays until that day
    is as long ago. `pruned` counts them by day, kind and state.
    """
    last = (moment(before) + timedelta(days=1)).date()  # a reader's day may be one ahead
    rows = connection.execute(_OLD, {"before": before, "last": last.isoformat(), "many": many}).all()
    if not rows:
        return 0
    numbers = {"numbers": database.listed([row.id for row in rows])}
    for table, column in (
        (deferrals, deferrals.c.delivery_id),
        (resends, resends.c.delivery_id),
        (started, started.c.delivery_id),
        (outcomes, outcomes.c.delivery_id),
        (deliveries, deliveries.c.id),
    ):
        connection.execute(delete(table).where(column.in_(database.numbers())), numbers)
    counted = Counter((row.day, row.kind, row.state) for row in rows)
    insert = database.insert(pruned)
    added = insert.on_conflict_do_update(
        index_elements=["day", "kind", "state"], set_={"many": pruned.c.many + insert.excluded.many}
    )
    for (day, kind, state), count in sorted(counted.items()):
        connection.execute(added, {"day": day, "kind": kind, "state": state, "many": count})
    return len(rows)


def closed(connection: Connection) -> date | None:
    found = connection.execute(select(func.max(pruned.c.day)).where(pruned.c.kind == "digest")).scalar()
    return None if found is None else as_day(found)


def counted(connection: Connection, day: str | None, kind: str | None) -> dict[str, int]:
    statement = select(pruned.c.state, func.sum(pruned.c.many)).group_by(pruned.c.state)
    if day is not None:
        statement = statement.where(pruned.c.day == day)
    if kind is not None:
        statement = statement.where(pruned.c.kind == kind)
    return {state: int(many) for state, many in connection.execute(statement)}


def prune_silences(connection: Connection, before: str) -> int:
    return int(connection.execute(delete(silences).where(silences.c.day < before)).rowcount)


def prune_runs(database: Database, connection: Connection, before: int, many: int) -> int:
    old = select(runs.c.id).where(runs.c.started_at < before).order_by(runs.c.id).limit(many)
    ids = list(connection.execute(old).scalars())
    numbers = {"numbers": database.listed(ids)}
    for table, column in ((run_notes, run_notes.c.run_id), (runs, runs.c.id)):
        if ids:
            connection.execute(delete(table).where(column.in_(database.numbers())), numbers)
    return len(ids)


def prune_readings(connection: Connection, before: int) -> int:
    return int(connection.execute(delete(readings).where(readings.c.at < before)).rowcount)
