"""The tables of the mail: an immutable queue, leases on ranges of it, and one outcome row for each finished message."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from newsletter.store.tables import BIG, DAY, metadata

# Never updated, but for the payload of a reader who asked to be forgotten, and for what expired and is made anew.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("day", DAY, nullable=False, index=True),
    Column("subscriber_id", BIG, nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("expires_at", BIG, nullable=False),
    UniqueConstraint("subscriber_id", "kind", "day"),
    Index(
        "ix_deliveries_notices",
        "id",
        sqlite_where=text("kind <> 'digest'"),
        postgresql_where=text("kind <> 'digest'"),
    ),
    sqlite_autoincrement=True,
)
outcomes = Table(
    "outcomes",
    metadata,
    Column("delivery_id", BIG, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("at", BIG, nullable=False),
    Column("code", Integer),
    Column("enhanced", Text),
    Column("text", Text),
    Index(
        "ix_outcomes_uncertain",
        "delivery_id",
        sqlite_where=text("state = 'uncertain'"),
        postgresql_where=text("state = 'uncertain'"),
    ),
)
# Every "not now" stays as history; an open one is the retry that is still to come, at most one a delivery.
deferrals = Table(
    "deferrals",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("delivery_id", BIG, nullable=False, index=True),
    Column("at", BIG, nullable=False),
    Column("not_before", BIG, nullable=False),
    Column("charged", Boolean, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("code", Integer),
    Column("enhanced", Text),
    Column("text", Text),
    Index(
        "uq_deferrals_open",
        "delivery_id",
        unique=True,
        sqlite_where=text("open"),
        postgresql_where=text("open"),
    ),
    Index("ix_deferrals_due", "not_before", sqlite_where=text("open"), postgresql_where=text("open")),
)
# Committed before the first byte after DATA, gone with the answer: a row without a living lease is uncertain.
started = Table(
    "started",
    metadata,
    Column("delivery_id", BIG, primary_key=True, autoincrement=False),
    Column("at", BIG, nullable=False),
)
# What was sent into silence and sent again, or is left to a person: nothing more is done with it by itself.
resends = Table(
    "resends",
    metadata,
    Column("delivery_id", BIG, primary_key=True, autoincrement=False),
    Column("at", BIG, nullable=False),
)
leases = Table(
    "leases",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("owner", Text, nullable=False),  # empty: given back or taken over
    Column("until", BIG, nullable=False),
    sqlite_autoincrement=True,
)
lease_ranges = Table(
    "lease_ranges",
    metadata,
    Column("lease_id", BIG, ForeignKey("leases.id", ondelete="CASCADE"), primary_key=True),
    Column("first_id", BIG, primary_key=True),
    Column("last_id", BIG, nullable=False),
)
# Every digest (row 1), every other mail (row 2) up to here was claimed once. Moved only under the ledger's lock.
frontier = Table(
    "frontier",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_id", BIG, nullable=False),
)
silences = Table(
    "silences",
    metadata,
    Column("day", DAY, primary_key=True),
    Column("subscriber_id", BIG, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BIG, nullable=False),
    Index("ix_silences_subscriber_id", "subscriber_id"),
)
# How many deliveries of what were erased as too old: counters of past days stay true.
pruned = Table(
    "pruned",
    metadata,
    Column("day", DAY, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("many", BIG, nullable=False),
)
