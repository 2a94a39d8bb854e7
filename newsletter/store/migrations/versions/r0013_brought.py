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
_BROUGHT = sa.text(
    "SELECT seq, id, document FROM papers "
    "WHERE NOT EXISTS (SELECT 1 FROM listings WHERE listings.paper_id = papers.id) "
    "AND NOT EXISTS (SELECT 1 FROM featured WHERE featured.paper_id = papers.id) ORDER BY seq"
)
_READERS = sa.text(
    "SELECT DISTINCT subscriber_id FROM feedback WHERE paper_id = :paper "
    "OR 'id:' || paper_id IN (SELECT key FROM paper_keys WHERE paper_id = :paper)"
)


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
    for seq, paper, document in connection.execute(_BROUGHT).all():
        _hand_over(connection, paper, document)
        _take_away(connection, seq, paper)
    connection.execute(
        sa.text(
            "UPDATE web_records SET ends_at = :end WHERE ends_at IS NULL "
            "AND kind IN ('relay', 'summaries-spent', 'embeddings-spent', 'summary')"
        ),
        {"end": int(time.time() * 1_000_000) + _MONTH},
    )


def _hand_over(connection: sa.Connection, paper: str, document: str) -> None:
    hers = json.dumps({**json.loads(document), "brought": True}, sort_keys=True, ensure_ascii=False)
    for (reader,) in connection.execute(_READERS, {"paper": paper}).all():
        row = {"reader": reader, "paper": paper, "document": hers}
        connection.execute(sa.text("INSERT INTO brought VALUES (:reader, :paper, :document)"), row)


def _take_away(connection: sa.Connection, seq: int, paper: str) -> None:
    for table in ("paper_keys", "readings", "originals", "ranked"):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE paper_id = :paper"), {"paper": paper})  # noqa: S608
    words = "rowid" if connection.dialect.name == "sqlite" else "seq"
    for table, column in (("paper_words", words), ("paper_vectors_due", "seq"), ("papers", "seq")):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE {column} = :seq"), {"seq": seq})  # noqa: S608
