"""Search by word over the whole history: FTS5 with Porter stems on SQLite, a weighted tsvector on PostgreSQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, text

from newsletter.store.searching import limits
from newsletter.store.tables import paper_words_postgresql, paper_words_sqlite, papers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from newsletter.model.paper import Paper
    from newsletter.model.search import Within
    from newsletter.store.database import Database

MOST = 20_000  # of a question's matches, the newest are weighed: words that most papers say tell none apart
MANY = 200_000  # papers, up to which a search that is limited to them looks for their span of numbers first
_LETTERS = re.compile(r"\w+")
# Title, abstract, authors: a word in the title says most about what a paper is about.
_RANK_SQLITE = "bm25(paper_words, 4.0, 1.0, 2.0)"


def write(database: Database, connection: Connection, numbered: Mapping[int, Paper]) -> None:
    """Index these papers, by row number, in place of what was indexed of them."""
    if not numbered:
        return
    rows = [
        {"number": number, "title": paper.title, "abstract": paper.abstract, "authors": "; ".join(paper.authors)}
        for number, paper in numbered.items()
    ]
    if database.is_sqlite:
        gone = delete(paper_words_sqlite).where(paper_words_sqlite.c.rowid == bindparam("number"))
        connection.execute(gone, [{"number": number} for number in numbered])
        added = insert(paper_words_sqlite).values(
            rowid=bindparam("number"),
            title=bindparam("title"),
            abstract=bindparam("abstract"),
            authors=bindparam("authors"),
        )
        connection.execute(added, rows)
        return
    connection.execute(
        text(
            "INSERT INTO paper_words (seq, words) VALUES (:number, "
            "setweight(to_tsvector('english', :title), 'A') || setweight(to_tsvector('simple', :authors), 'B') "
            "|| setweight(to_tsvector('english', :abstract), 'D')) "
            "ON CONFLICT (seq) DO UPDATE SET words = excluded.words"
        ),
        rows,
    )


def remove(database: Database, connection: Connection, number: int) -> None:
    table, key = (paper_words_sqlite, "rowid") if database.is_sqlite else (paper_words_postgresql, "seq")
    connection.execute(delete(table).where(table.c[key] == number))


def search(
    database: Database,
    connection: Connection,
    words: Sequence[str],
    limit: int,
    *,
    every: bool | None = None,
    within: Within | None = None,
) -> tuple[str, ...]:
    """Paper ids, best first. See the port."""
    phrases = [phrase for word in words if (phrase := " ".join(_LETTERS.findall(word)))]
    if not phrases or limit < 1:
        return ()
    if every is not None:
        return tuple(_matching(database, connection, phrases, limit, every=every, within=within))
    found = _matching(database, connection, phrases, limit, every=True, within=within)
    if len(found) < limit and len(phrases) > 1:
        found += _matching(database, connection, phrases, limit, every=False, within=within)
    return tuple(dict.fromkeys(found))[:limit]


def _matching(
    database: Database,
    connection: Connection,
    phrases: Sequence[str],
    limit: int,
    *,
    every: bool,
    within: Within | None,
) -> list[str]:
    wanted, values = limits(within)
    if database.is_sqlite:
        query = (" AND " if every else " OR ").join(f'"{phrase}"' for phrase in phrases)
        words = paper_words_sqlite
        matching = select(words.c.rowid.label("seq"), literal_column(_RANK_SQLITE).label("worth"))
        if wanted:
            matching = matching.join(papers, papers.c.seq == words.c.rowid).where(*wanted)
            if (span := _span(connection, within)) is not None:
                matching = matching.where(words.c.rowid.between(*span))
        newest = (
            matching.where(text("paper_words MATCH :query"))
            .order_by(words.c.rowid.desc())
            .limit(bindparam("most"))
            .subquery()
        )
        best = (
            select(newest.c.seq, newest.c.worth)
            .order_by(newest.c.worth, newest.c.seq.desc())
            .limit(bindparam("many"))
            .subquery()
        )
        statement = select(papers.c.id).join(best, best.c.seq == papers.c.seq).order_by(best.c.worth, best.c.seq.desc())
        values |= {"most": MOST}
        return list(connection.execute(statement, {"query": query, "many": limit, **values}).scalars())
    return _matching_postgresql(connection, phrases, limit, every=every, within=within)


def _matching_postgresql(
    connection: Connection, phrases: Sequence[str], limit: int, *, every: bool, within: Within | None
) -> list[str]:
    wanted, values = limits(within)
    vectors = paper_words_postgresql
    asked = func.phraseto_tsquery("english", phrases[0]).op("||")(func.phraseto_tsquery("simple", phrases[0]))
    for phrase in phrases[1:]:
        one = func.phraseto_tsquery("english", phrase).op("||")(func.phraseto_tsquery("simple", phrase))
        asked = asked.op("&&" if every else "||")(one)
    ranked = (
        select(papers.c.id)
        .join(vectors, vectors.c.seq == papers.c.seq)
        .where(vectors.c.words.op("@@")(asked), *wanted)
        .order_by(func.ts_rank_cd(vectors.c.words, asked).desc(), papers.c.seq.desc())
        .limit(limit)
    )
    return list(connection.execute(ranked, values).scalars())


def _span(connection: Connection, within: Within | None) -> tuple[int, int] | None:
    """The first and last number of the papers that a search is limited to, unless they are many.

    Papers of a span of days were mostly stored one after the other: without this every match of all years is looked at.
    """
    if within is None or not within.narrow:
        return None
    wanted, values = limits(within)
    some = select(papers.c.seq).where(*wanted).limit(MANY + 1).subquery()
    found = connection.execute(
        select(func.count(), func.min(some.c.seq), func.max(some.c.seq)).select_from(some), values
    )
    count, low, high = found.one()
    return (low or 0, high or 0) if count <= MANY else None
