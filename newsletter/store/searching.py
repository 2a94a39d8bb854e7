"""What a search is limited to, as SQL over the papers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, select

from newsletter.store.tables import listings, papers, ranked

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from newsletter.model.search import Within


def limits(within: Within | None) -> tuple[list[ColumnElement[bool]], dict[str, Any]]:
    """Conditions on `papers`, and the values of their parameters."""
    if within is None:
        return [], {}
    wanted: list[ColumnElement[bool]] = []
    values: dict[str, Any] = {}
    if within.since is not None:
        wanted.append(papers.c.day >= bindparam("since_day"))
        values["since_day"] = within.since.isoformat()
    if within.until is not None:
        wanted.append(papers.c.day <= bindparam("until_day"))
        values["until_day"] = within.until.isoformat()
    if within.topic:
        wanted.append(papers.c.id.in_(select(ranked.c.paper_id).where(ranked.c.topic == bindparam("of_topic"))))
        values["of_topic"] = within.topic
    if within.source:
        wanted.append(exists().where(listings.c.paper_id == papers.c.id, listings.c.source == bindparam("by_source")))
        values["by_source"] = within.source
    if within.upto is not None:
        wanted.append(papers.c.seq <= bindparam("upto"))
        values["upto"] = within.upto
    return wanted, values
