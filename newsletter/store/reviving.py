"""A delivery that grew too old may be made anew: an outage must not cost a reader her week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from newsletter.store.claiming import DIGESTS, NOTICES
from newsletter.store.ledger_tables import deferrals, deliveries, frontier, outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from newsletter.store.database import Database

_RENEW = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("one"))
    .values({name: bindparam(f"new_{name}") for name in ("payload", "created_at", "expires_at")})
)
_WAS = "Expired; made anew."


def revive(database: Database, connection: Connection, rows: Sequence[dict[str, Any]], now: int) -> int:
    """Those of `rows`, as they were given to `queue`, that stand in the queue as expired are due again with what they
    hold now, and with as many tries as a new row. Returns how many. The caller holds the ledger's lock.
    """
    wanted = {(row["subscriber_id"], row["kind"], row["day"]): row for row in rows}
    statement = (
        select(deliveries.c.id, deliveries.c.subscriber_id, deliveries.c.kind, deliveries.c.day)
        .join(outcomes, outcomes.c.delivery_id == deliveries.c.id)
        .where(
            deliveries.c.subscriber_id.in_(database.numbers()),
            deliveries.c.day.in_({row["day"] for row in rows}),
            outcomes.c.state == "expired",
        )
    )
    found = connection.execute(statement, {"numbers": database.listed({row["subscriber_id"] for row in rows})})
    old = {row.id: wanted[tuple(row)[1:]] for row in found if tuple(row)[1:] in wanted}
    if not old:
        return 0
    numbers = {"numbers": database.listed(old)}
    connection.execute(
        _RENEW,
        [
            {"one": one, **{f"new_{name}": row[name] for name in ("payload", "created_at", "expires_at")}}
            for one, row in old.items()
        ],
    )
    connection.execute(delete(outcomes).where(outcomes.c.delivery_id.in_(database.numbers())), numbers)
    tried = update(deferrals).where(deferrals.c.delivery_id.in_(database.numbers())).values(charged=False, open=False)
    connection.execute(tried, numbers)
    due = {"at": now, "not_before": now, "charged": False, "open": True, "code": 0, "enhanced": "", "text": _WAS}
    # What was never claimed is still past its frontier, and is found there: an open row is in one place only.
    ends = dict(connection.execute(select(frontier.c.id, frontier.c.last_id)).all())
    claimed = [one for one, row in old.items() if one <= ends[DIGESTS if row["kind"] == "digest" else NOTICES]]
    if claimed:
        connection.execute(insert(deferrals), [{"delivery_id": one, **due} for one in sorted(claimed)])
    return len(old)
