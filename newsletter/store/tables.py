"""The tables of papers, editions, subscribers and runs; `ledger_tables` has those of the mail."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
BIG = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER is SQLite's own row number
DAY = String(10)

papers = Table(
    "papers",
    metadata,
    Column("seq", BIG, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("first_seen", BIG, nullable=False, index=True),
    Column("document", Text, nullable=False),  # model.codec.dumps of the Paper
    Column("day", DAY, nullable=False, server_default="", index=True),  # published, else first seen: for searches
)
paper_vectors = Table(
    "paper_vectors",
    metadata,
    Column("block", BIG, primary_key=True, autoincrement=False),  # number of a paper // vectors.BLOCK
    Column("model", Text, nullable=False),
    Column("version", Integer, nullable=False),  # goes up with each write: readers keep blocks in memory
    Column("content", LargeBinary, nullable=False),  # rows of signed bytes, one a paper, zeros where there is none
)
paper_vectors_due = Table(
    "paper_vectors_due",
    metadata,
    Column("seq", BIG, primary_key=True, autoincrement=False),
    Column("mark", Integer, nullable=False),
)
embeddings = Table(
    "embeddings",
    metadata,
    Column("model", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # a hash of the text: rank.given.text_key
    Column("vector", LargeBinary, nullable=False),  # 16-bit floats, little-endian, at unit length
)
paper_keys = Table(
    "paper_keys",
    metadata,
    Column("key", Text, primary_key=True),  # arxiv:, doi:, title: or, for an id that was merged away, id:
    Column("paper_id", Text, nullable=False, index=True),
)
listings = Table(
    "listings",
    metadata,
    Column("paper_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("day", DAY, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", BIG, nullable=False, index=True),
)
readings = Table(
    "readings",
    metadata,
    Column("paper_id", Text, primary_key=True),
    Column("signal", Text, primary_key=True),
    Column("at", BIG, primary_key=True, index=True),
    Column("value", Float, nullable=False),
)
originals = Table(
    "originals",
    metadata,
    Column("paper_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("at", BIG, nullable=False),
    Column("content", LargeBinary, nullable=False),  # zlib of UTF-8
)
answers = Table("answers", metadata, Column("source", Text, primary_key=True), Column("day", DAY, primary_key=True))
memories = Table(
    "memories", metadata, Column("source", Text, primary_key=True), Column("document", Text, nullable=False)
)
polls = Table(
    "polls",
    metadata,
    Column("source", Text, primary_key=True),
    Column("day", DAY, primary_key=True),
    Column("at", BIG, primary_key=True),
    Column("size", Integer, nullable=False),
)

editions = Table(
    "editions",
    metadata,
    Column("day", DAY, primary_key=True),
    Column("printed_at", BIG, nullable=False),
    Column("content", LargeBinary, nullable=False),  # zlib of model.codec.edition_to_json
)
ranked = Table("ranked", metadata, Column("topic", Text, primary_key=True), Column("paper_id", Text, primary_key=True))
featured = Table("featured", metadata, Column("day", DAY, primary_key=True), Column("paper_id", Text, primary_key=True))

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False, unique=True),  # the address in lower case
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("topics", Text, nullable=False),  # JSON list of slugs
    Column("cadence", Text),
    Column("send_hour", Integer),
    Column("timezone", Text),
    Column("locale", Text),
    Column("per_topic", Integer),
    Column("text_only", Boolean, nullable=False),
    Column("created_at", BIG),
    Column("confirmed_at", BIG),
    Column("paused_until", DAY),
    Column("consent", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Index("ix_subscribers_status_id", "status", "id"),
    # A row number is never given twice: the ledger rows of a forgotten reader must not become a newcomer's.
    sqlite_autoincrement=True,
)
suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", String(64), primary_key=True),  # HMAC-SHA256 of the lower-cased address
    Column("reason", Text, nullable=False),
    Column("since", BIG, nullable=False),
)
feedback = Table(
    "feedback",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("subscriber_id", BIG, ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("paper_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("at", BIG, nullable=False),
    Column("source", Text, nullable=False, server_default=""),
)

brought = Table(
    "brought",
    metadata,
    Column("subscriber_id", BIG, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("paper_id", Text, primary_key=True),  # as she told it: what a source lists under this id is another row
    Column("document", Text, nullable=False),  # model.codec.dumps of the Paper
)
runs = Table(
    "runs",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("command", Text, nullable=False),
    Column("day", DAY, nullable=False),
    Column("started_at", BIG, nullable=False),
    Column("finished_at", BIG),
    Column("outcome", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("process", Text, nullable=False),  # number and birth of the process
    Column("alive_at", BIG, nullable=False),  # wall clock, whatever day the run pretends to be
)
run_notes = Table(
    "run_notes",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("run_id", BIG, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("level", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
)

# Full text differs by nature: a virtual table on SQLite, a weighted vector with a GIN index on PostgreSQL.
SQLITE_FULL_TEXT = (
    "CREATE VIRTUAL TABLE paper_words USING fts5(title, abstract, authors, "
    "tokenize = 'porter unicode61 remove_diacritics 2')"
)
paper_words_sqlite = Table(
    "paper_words",
    MetaData(),
    Column("rowid", Integer, primary_key=True),
    Column("title", Text),
    Column("abstract", Text),
    Column("authors", Text),
)
postgresql_only = MetaData(naming_convention=NAMING)
paper_words_postgresql = Table(
    "paper_words",
    postgresql_only,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_paper_words_words", text("words"), postgresql_using="gin"),
)
