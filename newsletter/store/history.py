"""What a reader was sent so far, for a thousand readers at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, or_, select

from newsletter.store.ledger_tables import deliveries, outcomes
from newsletter.store.values import day as as_day

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy import Connection, Select

    from newsletter.store.database import Database

_NOT_MAILED = ("expired",)  # what the operator cancelled is not made again
_NOT_SEEN = ("cancelled", "expired", "refused", "suppressed")


def _latest(database: Database, column: Any, without: tuple[str, ...]) -> Select[Any]:
    """(reader, `column` of her latest delivery of a kind): one step back in an index for each reader."""
    readers = database.numbers().subquery()
    latest = (
        select(column)
        .select_from(deliveries.outerjoin(outcomes, outcomes.c.delivery_id == deliveries.c.id))
        .where(
            deliveries.c.subscriber_id == readers.c.value,
            deliveries.c.kind == bindparam("kind"),
            deliveries.c.day <= bindparam("until"),
            or_(outcomes.c.state.is_(None), outcomes.c.state.not_in(without)),
        )
        .order_by(deliveries.c.day.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(readers.c.value, latest)


def last_day(
    database: Database, connection: Connection, kind: str, readers: Iterable[int], until: date | None
) -> dict[int, date]:
    statement = _latest(database, deliveries.c.day, _NOT_MAILED)
    rows = connection.execute(statement, {"kind": kind, "numbers": database.listed(readers), "until": _last(until)})
    return {reader: as_day(found) for reader, found in rows if found is not None}


def last_edition(
    database: Database, connection: Connection, readers: Iterable[int], until: date | None
) -> dict[int, date]:
    statement = _latest(database, deliveries.c.payload, _NOT_SEEN)
    rows = connection.execute(statement, {"kind": "digest", "numbers": database.listed(readers), "until": _last(until)})
    return {
        reader: as_day(max(editions))
        for reader, payload in rows
        if payload is not None and (editions := _parsed(payload).get("editions"))
    }


def missed(database: Database, connection: Connection, readers: Iterable[int], since: date) -> dict[int, date]:
    """Two readings: nearly nobody has an issue that expired, and only of those it is asked what came after it."""
    end = func.coalesce(outcomes.c.state, "")
    statement = (
        select(deliveries.c.subscriber_id, deliveries.c.payload)
        .select_from(deliveries.outerjoin(outcomes, outcomes.c.delivery_id == deliveries.c.id))
        .where(
            deliveries.c.subscriber_id.in_(database.numbers()),
            deliveries.c.kind == "digest",
            deliveries.c.day >= bindparam("since"),
        )
    )

    def editions(statement: Select[Any], readers: Iterable[int]) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        rows = connection.execute(statement, {"numbers": database.listed(readers), "since": since.isoformat()})
        for reader, payload in rows:
            found.setdefault(reader, set()).update(_parsed(payload).get("editions") or ())
        return found

    expired = editions(statement.where(end == "expired"), readers)
    others = editions(statement.where(end.not_in(_NOT_SEEN)), expired) if expired else {}
    lost = {reader: days - others.get(reader, set()) for reader, days in expired.items()}
    return {reader: as_day(min(days)) for reader, days in lost.items() if days}


def _last(until: date | None) -> str:
    return until.isoformat() if until else "9999-12-31"


def seen(
    database: Database, connection: Connection, readers: Iterable[int], since: date | None
) -> dict[int, frozenset[str]]:
    """Readers with the same taste have the same payload, so each text is read once."""
    statement = (
        select(deliveries.c.subscriber_id, deliveries.c.payload)
        .select_from(deliveries.outerjoin(outcomes, outcomes.c.delivery_id == deliveries.c.id))
        .where(
            deliveries.c.subscriber_id.in_(database.numbers()),
            deliveries.c.kind == "digest",
            deliveries.c.day >= bindparam("since"),
            or_(outcomes.c.state.is_(None), outcomes.c.state.not_in(_NOT_SEEN)),
        )
    )
    params = {"numbers": database.listed(readers), "since": since.isoformat() if since else ""}
    texts: dict[str, frozenset[str]] = {}
    found: dict[int, set[str]] = {}
    for reader, payload in connection.execute(statement, params):
        papers = texts.get(payload)
        if papers is None:
            papers = texts[payload] = papers_of(payload)
        found.setdefault(reader, set()).update(papers)
    return {reader: frozenset(papers) for reader, papers in found.items()}


def issues(database: Database, connection: Connection, readers: Iterable[int]) -> dict[int, int]:
    statement = (
        select(deliveries.c.subscriber_id, func.count())
        .where(deliveries.c.subscriber_id.in_(database.numbers()), deliveries.c.kind == "digest")
        .group_by(deliveries.c.subscriber_id)
    )
    rows = connection.execute(statement, {"numbers": database.listed(readers)})
    return {int(reader): int(many) for reader, many in rows}


def latest(connection: Connection, reader: int, limit: int) -> tuple[tuple[date, bool], ...]:
    statement = (
        select(deliveries.c.day, outcomes.c.state)
        .join(outcomes, outcomes.c.delivery_id == deliveries.c.id)
        .where(
            deliveries.c.subscriber_id == bindparam("reader"),
            deliveries.c.kind == "digest",
            outcomes.c.state.in_(("sent", "refused")),
        )
        .order_by(deliveries.c.day.desc())
        .limit(bindparam("many"))
    )
    rows = connection.execute(statement, {"reader": reader, "many": limit})
    return tuple((as_day(row.day), row.state == "sent") for row in rows)


def papers_of(payload: str) -> frozenset[str]:
    """The picks of a digest's payload (`newsletter.model.codec.issue_to_payload`)."""
    return frozenset(pick[0] for section in _parsed(payload).get("sections", ()) for pick in section[3])


def _parsed(payload: str) -> dict[str, Any]:
    plain = json.loads(payload) if payload else {}
    return plain if isinstance(plain, dict) else {}
