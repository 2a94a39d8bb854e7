"""What the web pages count and remember."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "web_limits",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ends_at", BIG, nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_web_limits"),
    )
    op.create_index("ix_web_limits_ends_at", "web_limits", ["ends_at"], unique=False)
    op.create_table(
        "web_records",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("ends_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_web_records"),
    )
    op.create_index("ix_web_records_ends_at", "web_records", ["ends_at"], unique=False)
