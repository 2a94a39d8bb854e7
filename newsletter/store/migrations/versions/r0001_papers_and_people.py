"""Papers, editions, subscribers and runs: the first shape."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _answers()
    _editions()
    _featured()
    _listings()
    _memories()
    _originals()
    _paper_keys()
    _papers()
    _polls()
    _readings()
    _runs()
    _subscribers()
    _suppressions()
    _feedback()
    _run_notes()
    _full_text()


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name="pk_answers"),
    )


def _editions() -> None:
    op.create_table(
        "editions",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("printed_at", BIG, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_editions"),
    )


def _featured() -> None:
    op.create_table(
        "featured",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", "paper_id", name="pk_featured"),
    )


def _listings() -> None:
    op.create_table(
        "listings",
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("paper_id", "source", "day", name="pk_listings"),
    )
    op.create_index("ix_listings_at", "listings", ["at"], unique=False)


def _memories() -> None:
    op.create_table(
        "memories",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_memories"),
    )


def _originals() -> None:
    op.create_table(
        "originals",
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("paper_id", "source", name="pk_originals"),
    )


def _paper_keys() -> None:
    op.create_table(
        "paper_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_paper_keys"),
    )
    op.create_index("ix_paper_keys_paper_id", "paper_keys", ["paper_id"], unique=False)


def _papers() -> None:
    op.create_table(
        "papers",
        sa.Column("seq", BIG, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_seen", BIG, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_papers"),
        sa.UniqueConstraint("id", name="uq_papers_id"),
    )
    op.create_index("ix_papers_first_seen", "papers", ["first_seen"], unique=False)


def _polls() -> None:
    op.create_table(
        "polls",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", "at", name="pk_polls"),
    )


def _readings() -> None:
    op.create_table(
        "readings",
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("paper_id", "signal", "at", name="pk_readings"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", BIG, nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("finished_at", BIG, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("alive_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )


def _subscribers() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", BIG, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("cadence", sa.Text(), nullable=True),
        sa.Column("send_hour", sa.Integer(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("per_topic", sa.Integer(), nullable=True),
        sa.Column("text_only", sa.Boolean(), nullable=False),
        sa.Column("created_at", BIG, nullable=True),
        sa.Column("confirmed_at", BIG, nullable=True),
        sa.Column("paused_until", sa.String(length=10), nullable=True),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("email_key", name="uq_subscribers_email_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscribers_status_id", "subscribers", ["status", "id"], unique=False)


def _suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name="pk_suppressions"),
    )


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", BIG, nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name="fk_feedback_subscriber_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_subscriber_id", "feedback", ["subscriber_id"], unique=False)


def _run_notes() -> None:
    op.create_table(
        "run_notes",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_notes_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_run_notes"),
    )
    op.create_index("ix_run_notes_run_id", "run_notes", ["run_id"], unique=False)


def _full_text() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE paper_words USING fts5(title, abstract, authors, "
            "tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        return
    op.create_table(
        "paper_words",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_paper_words"),
    )
    op.create_index("ix_paper_words_words", "paper_words", [sa.text("words")], postgresql_using="gin")
