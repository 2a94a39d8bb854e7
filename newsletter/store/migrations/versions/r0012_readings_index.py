"""An index of when things were measured: what is old, or was measured lately, is found without reading all of it."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index("ix_readings_at", "readings", ["at"])
