"""What was erased as too old is counted, so that totals stay true."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "pruned",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("many", BIG, nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", "state", name="pk_pruned"),
    )
