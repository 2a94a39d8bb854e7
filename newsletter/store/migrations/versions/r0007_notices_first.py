"""A frontier of its own for mail that is not a digest, so that it goes first."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("INSERT INTO frontier (id, last_id) SELECT 2, last_id FROM frontier WHERE id = 1")
