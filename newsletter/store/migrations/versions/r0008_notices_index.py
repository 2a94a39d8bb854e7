"""An index of mail that is not a digest: its retries go first, and are found among any number of digests."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    where = sa.text("kind <> 'digest'")
    op.create_index("ix_deliveries_notices", "deliveries", ["id"], sqlite_where=where, postgresql_where=where)
