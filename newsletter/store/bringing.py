"""The papers that a reader told of herself: hers alone, in a table of their own, so that no word of them is public."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from newsletter.model.codec import dumps
from newsletter.store.papers_read import as_paper
from newsletter.store.tables import brought, subscribers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from newsletter.model.paper import Paper
    from newsletter.store.database import Database


def keep(database: Database, connection: Connection, subscriber_id: int, papers: Iterable[Paper]) -> None:
    """In place of what she told under the same ids. What a reader who is not in the table brings is not kept."""
    told = {paper.id: dumps(replace(paper, brought=True)) for paper in papers}
    known = select(subscribers.c.id).where(subscribers.c.id == subscriber_id)
    if not told or connection.execute(known).scalar() is None:
        return
    insert = database.insert(brought)
    statement = insert.values(subscriber_id=subscriber_id, paper_id=bindparam("one"), document=bindparam("told"))
    same = statement.on_conflict_do_update(
        index_elements=["subscriber_id", "paper_id"], set_={"document": insert.excluded.document}
    )
    connection.execute(same, [{"one": one, "told": document} for one, document in sorted(told.items())])


def of(database: Database, connection: Connection, subscriber_ids: Iterable[int]) -> Mapping[int, Mapping[str, Paper]]:
    """By reader and id; readers who brought nothing are left out."""
    statement = select(brought).where(brought.c.subscriber_id.in_(database.numbers()))
    found: dict[int, dict[str, Paper]] = defaultdict(dict)
    for row in connection.execute(statement, {"numbers": database.listed(subscriber_ids)}):
        found[row.subscriber_id][row.paper_id] = as_paper(row.document)
    return dict(found)


def drop(database: Database, connection: Connection, subscriber_id: int, paper_ids: Iterable[str] | None) -> None:
    """These, or all."""
    statement = delete(brought).where(brought.c.subscriber_id == subscriber_id)
    if paper_ids is None:
        connection.execute(statement)
    else:
        some = statement.where(brought.c.paper_id.in_(database.words()))
        connection.execute(some, {"words": database.listed(paper_ids)})
