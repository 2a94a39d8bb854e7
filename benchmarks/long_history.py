"""A made-up history of millions of papers, laid straight into a database as the product lays it, for `search`."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from newsletter.model.codec import dumps
from newsletter.model.paper import Paper
from newsletter.rank.search import fingerprint, packed, text_terms
from newsletter.store.vectors import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from newsletter.rank.text_model import TextModel

FIRST = date(1996, 1, 1)
DAYS = 10_950  # thirty years
RARE = 1_500_000  # made-up words; with Zipf's law over them a paper has about one that few others have (Heaps 1978)
PART = 20_000  # papers of a transaction


def lay(database: Path, base: Sequence[Paper], model: TextModel, papers: int) -> None:
    """Fill an empty, migrated SQLite database with variants of `base`: half of the sentences of one paper, half of
    another's, and a made-up word. Their vectors are the sum of both papers' and some noise."""
    pairs = np.random.default_rng(0).integers(0, len(base), (papers, 2))
    with sqlite3.connect(database, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode = OFF")  # a crash here costs a benchmark, no reader
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        made = enumerate(_variants(base, pairs), start=1)
        while some := list(islice(made, PART)):
            connection.execute("BEGIN")
            _insert(connection, some, papers)
            connection.execute("COMMIT")
        connection.execute("BEGIN")
        _vectors(connection, base, model, pairs)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


def _variants(base: Sequence[Paper], pairs: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> Iterator[Paper]:
    chance = random.Random(0)
    sentences = [[part for part in paper.abstract.split(". ") if part] or [paper.title] for paper in base]
    for number, (one, other) in enumerate(pairs.tolist()):
        left, right = sentences[one], sentences[other]
        word = f"q{int(RARE ** chance.random()):x}z"
        text = ". ".join([*left[: (len(left) + 1) // 2], *right[len(right) // 2 :]])
        yield Paper(
            id=f"h{number:08}",
            title=f"{base[one].title.partition(':')[0]}: {base[other].title.rpartition(':')[2].strip()} {word}",
            abstract=f"{text} {word}",
            authors=base[one].authors[:8],
        )


def _insert(connection: sqlite3.Connection, some: Sequence[tuple[int, Paper]], papers: int) -> None:
    days = [(FIRST + timedelta(days=number * DAYS // papers)).isoformat() for number, _ in some]
    at = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1_000_000)
    connection.executemany(
        "INSERT INTO papers (seq, id, first_seen, document, day) VALUES (?, ?, ?, ?, ?)",
        [(number, paper.id, at, dumps(paper), day) for (number, paper), day in zip(some, days, strict=True)],
    )
    connection.executemany(
        "INSERT INTO paper_words (rowid, title, abstract, authors) VALUES (?, ?, ?, ?)",
        [(number, paper.title, paper.abstract, "; ".join(paper.authors)) for number, paper in some],
    )


def _vectors(
    connection: sqlite3.Connection,
    base: Sequence[Paper],
    model: TextModel,
    pairs: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> None:
    known = model.encode([text_terms(paper) for paper in base])
    noise = np.random.default_rng(1)
    for block in range((len(pairs) + BLOCK) // BLOCK):
        numbers = np.arange(max(1, block * BLOCK), min(len(pairs) + 1, (block + 1) * BLOCK)) - 1
        mixed = known[pairs[numbers, 0]] + known[pairs[numbers, 1]]
        mixed += noise.normal(0, 0.3 / np.sqrt(known.shape[1]), mixed.shape).astype(np.float32)
        rows = packed(mixed)
        content = b"".join([*([bytes(known.shape[1])] if block == 0 else []), *rows])
        connection.execute(
            "INSERT INTO paper_vectors (block, model, version, content) VALUES (?, ?, 1, ?)",
            (block, fingerprint(model), content),
        )
