"""The mail: an immutable queue, leases, outcomes and retries."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _deferrals()
    _deliveries()
    _frontier()
    _leases()
    _outcomes()
    _resends()
    _silences()
    op.execute("INSERT INTO frontier (id, last_id) VALUES (1, 0)")
    _started()
    _lease_ranges()


def _deferrals() -> None:
    op.create_table(
        "deferrals",
        sa.Column("id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("not_before", BIG, nullable=False),
        sa.Column("charged", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deferrals"),
    )
    op.create_index("ix_deferrals_delivery_id", "deferrals", ["delivery_id"], unique=False)
    op.create_index(
        "ix_deferrals_due",
        "deferrals",
        ["not_before"],
        unique=False,
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    )
    op.create_index(
        "uq_deferrals_open",
        "deferrals",
        ["delivery_id"],
        unique=True,
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("expires_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("subscriber_id", "kind", "day", name="uq_deliveries_subscriber_id_kind_day"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_day", "deliveries", ["day"], unique=False)


def _frontier() -> None:
    op.create_table(
        "frontier",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_id", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_frontier"),
    )


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("id", BIG, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_leases"),
        sqlite_autoincrement=True,
    )


def _outcomes() -> None:
    op.create_table(
        "outcomes",
        sa.Column("delivery_id", BIG, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_outcomes"),
    )
    op.create_index(
        "ix_outcomes_uncertain",
        "outcomes",
        ["delivery_id"],
        unique=False,
        sqlite_where=sa.text("state = 'uncertain'"),
        postgresql_where=sa.text("state = 'uncertain'"),
    )


def _resends() -> None:
    op.create_table(
        "resends",
        sa.Column("delivery_id", BIG, autoincrement=False, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_resends"),
    )


def _silences() -> None:
    op.create_table(
        "silences",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("subscriber_id", BIG, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("day", "subscriber_id", name="pk_silences"),
    )
    op.create_index("ix_silences_subscriber_id", "silences", ["subscriber_id"], unique=False)


def _started() -> None:
    op.create_table(
        "started",
        sa.Column("delivery_id", BIG, autoincrement=False, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_started"),
    )


def _lease_ranges() -> None:
    op.create_table(
        "lease_ranges",
        sa.Column("lease_id", BIG, nullable=False),
        sa.Column("first_id", BIG, nullable=False),
        sa.Column("last_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["lease_id"], ["leases.id"], name="fk_lease_ranges_lease_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("lease_id", "first_id", name="pk_lease_ranges"),
    )
