"""What the ledger keeps of a reader who asked to be forgotten: that a mail was due and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from newsletter.store.ledger_tables import deferrals, deliveries, outcomes, silences
from newsletter.store.returns import returns

if TYPE_CHECKING:
    from sqlalchemy import Connection


def forget_mail(connection: Connection, subscriber_id: int) -> None:
    """Servers quote addresses in their replies, notices may hold one in the payload, picks say what she reads.

    Row numbers of subscribers are never given twice, so what stays points at nobody.
    """
    hers = select(deliveries.c.id).where(deliveries.c.subscriber_id == subscriber_id)
    for table in (outcomes, deferrals):
        connection.execute(update(table).where(table.c.delivery_id.in_(hers)).values(text=""))
    connection.execute(update(deliveries).where(deliveries.c.subscriber_id == subscriber_id).values(payload="{}"))
    connection.execute(delete(returns).where(returns.c.subscriber_id == subscriber_id))
    connection.execute(delete(silences).where(silences.c.subscriber_id == subscriber_id))
