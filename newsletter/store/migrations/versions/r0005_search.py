"""What searching needs: each paper's day, and vectors beside the papers."""

import json
import zlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DAYS_SQLITE = (
    "UPDATE papers SET day = coalesce(json_extract(document, '$.published'), date(first_seen / 1000000, 'unixepoch'))"
)
_DAYS_POSTGRESQL = (
    "UPDATE papers SET day = coalesce(document::json ->> 'published', "
    "to_char(to_timestamp(first_seen / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD'))"
)


def upgrade() -> None:
    op.add_column("papers", sa.Column("day", sa.String(length=10), nullable=False, server_default=""))
    op.execute(_DAYS_SQLITE if op.get_bind().dialect.name == "sqlite" else _DAYS_POSTGRESQL)
    op.create_index("ix_papers_day", "papers", ["day"], unique=False)
    op.create_table(
        "paper_vectors",
        sa.Column("block", BIG, autoincrement=False, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", name="pk_paper_vectors"),
    )
    op.create_table(
        "paper_vectors_due",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("mark", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_paper_vectors_due"),
    )
    op.execute("INSERT INTO paper_vectors_due (seq, mark) SELECT seq, 1 FROM papers")
    _ranked()


def _ranked() -> None:
    """Which papers each topic had, read once out of the editions that were printed before."""
    table = op.create_table(
        "ranked",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "paper_id", name="pk_ranked"),
    )
    pairs: set[tuple[str, str]] = set()
    for content in op.get_bind().execute(sa.text("SELECT content FROM editions")).scalars():
        edition = json.loads(zlib.decompress(content))
        pairs |= {(pool["slug"], pick["paper_id"]) for pool in edition["pools"] for pick in pool["picks"]}
    if pairs:
        op.bulk_insert(table, [{"topic": topic, "paper_id": paper_id} for topic, paper_id in sorted(pairs)])
