"""SELECTs over papers that the writing and the reading side share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from newsletter.model.codec import from_plain
from newsletter.model.paper import Paper
from newsletter.store.merging import Known
from newsletter.store.tables import paper_keys, papers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from newsletter.store.database import Database


def as_paper(document: str) -> Paper:
    return from_plain(Paper, json.loads(document))


def owners_of(database: Database, connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Identity key -> paper id, for the keys that are known."""
    statement = select(paper_keys.c.key, paper_keys.c.paper_id).where(paper_keys.c.key.in_(database.words()))
    rows = connection.execute(statement, {"words": database.listed(keys)})
    return dict(rows.all())


def known_papers(database: Database, connection: Connection, ids: Iterable[str]) -> dict[str, Known]:
    statement = select(papers.c.id, papers.c.seq, papers.c.document).where(papers.c.id.in_(database.words()))
    rows = connection.execute(statement, {"words": database.listed(ids)})
    return {one: Known(seq, as_paper(document)) for one, seq, document in rows}
