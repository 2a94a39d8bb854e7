"""What came back."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "returns",
        sa.Column("id", BIG, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("delivery_key", sa.Text(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("closed_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_returns"),
        sa.UniqueConstraint("key", name="uq_returns_key"),
    )
    for column in ("at", "mail", "subscriber_id"):
        op.create_index(f"ix_returns_{column}", "returns", [column], unique=False)
    still_open = sa.text("closed_at IS NULL")
    op.create_index("ix_returns_open", "returns", ["id"], sqlite_where=still_open, postgresql_where=still_open)
