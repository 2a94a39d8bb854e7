"""Feedback says where it came from: empty for a reader's own click, else what she brought."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("feedback", sa.Column("source", sa.Text(), nullable=False, server_default=""))
