"""What readers bring leaves the papers of all: each has hers to herself, and small records that had no end get one."""

import json
import time

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MONTH = 40 * 86_400 * 1_000_000

# Whatever a source gave has a listing; what an edition showed is public anyway.
_BROUGHT = (
    "FROM papers WHERE NOT EXISTS (SELECT 1 FROM listings WHERE listings.paper_id = papers.id) "
    "AND NOT EXISTS (SELECT 1 FROM featured WHERE featured.paper_id = papers.id)"
)
# Who said something of which paper, also under an id that was merged away: one pass for all papers, since `feedback`
# has no index by paper.
_SAID = (
    "SELECT subscriber_id, paper_id FROM feedback UNION SELECT feedback.subscriber_id, paper_keys.paper_id "
    "FROM feedback JOIN paper_keys ON paper_keys.key = 'id:' || feedback.paper_id"
)
_BLOCK = 500  # documents of 4 kB in memory at once


def upgrade() -> None:
    op.create_table(
        "brought",
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("paper_id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name="fk_brought_subscriber_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "paper_id", name="pk_brought"),
    )
    connection = op.get_bind()
    seqs = {paper: seq for paper, seq in connection.execute(sa.text(f"SELECT id, seq {_BROUGHT}"))}  # noqa: C416 -- rows are no pairs to mypy
    if seqs:
        connection.execute(sa.text(f"DELETE FROM ranked WHERE paper_id IN (SELECT id {_BROUGHT})"))  # noqa: S608
        _hand_over(connection, seqs)
        _take_away(connection, seqs)
    connection.execute(
        sa.text(
            "UPDATE web_records SET ends_at = :end WHERE ends_at IS NULL "
            "AND kind IN ('relay', 'summaries-spent', 'embeddings-spent', 'summary')"
        ),
        {"end": int(time.time() * 1_000_000) + _MONTH},
    )


def _hand_over(connection: sa.Connection, seqs: dict[str, int]) -> None:
    readers: dict[str, list[int]] = {}
    for reader, paper in connection.execute(sa.text(_SAID)):
        if paper in seqs:
            readers.setdefault(paper, []).append(reader)
    documents = sa.text("SELECT id, document FROM papers WHERE id IN :ids").bindparams(
        sa.bindparam("ids", expanding=True)
    )
    told = list(readers)
    for start in range(0, len(told), _BLOCK):
        names = told[start : start + _BLOCK]
        rows = [
            {"reader": reader, "paper": paper, "document": _hers(document)}
            for paper, document in connection.execute(documents, {"ids": names}).all()
            for reader in sorted(readers[paper])
        ]
        connection.execute(sa.text("INSERT INTO brought VALUES (:reader, :paper, :document)"), rows)


def _hers(document: str) -> str:
    return json.dumps({**json.loads(document), "brought": True}, sort_keys=True, ensure_ascii=False)


def _take_away(connection: sa.Connection, seqs: dict[str, int]) -> None:
    """By columns that all have an index."""
    ids, places = [{"it": paper} for paper in seqs], [{"it": seq} for seq in seqs.values()]
    for table in ("paper_keys", "readings", "originals"):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE paper_id = :it"), ids)  # noqa: S608
    words = "rowid" if connection.dialect.name == "sqlite" else "seq"
    for table, column in (("paper_words", words), ("paper_vectors_due", "seq"), ("papers", "seq")):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE {column} = :it"), places)  # noqa: S608
