"""Vectors that another model made of texts, by model and text: written once, read for every edition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from newsletter.store.tables import embeddings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from newsletter.store.database import Database


class SqlEmbeddings:
    """The port `Embeddings`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, model: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        wanted = select(embeddings.c.key, embeddings.c.vector).where(
            embeddings.c.model == bindparam("of_model"), embeddings.c.key.in_(self._db.words())
        )
        given = {"of_model": model, "words": self._db.listed(keys)}
        with self._db.reading() as connection:
            return {key: bytes(vector) for key, vector in connection.execute(wanted, given)}

    def put(self, model: str, made: Mapping[str, bytes]) -> None:
        rows = [{"model": model, "key": key, "vector": vector} for key, vector in sorted(made.items())]
        if rows:
            with self._db.writing() as connection:
                connection.execute(self._db.insert(embeddings).on_conflict_do_nothing(), rows)
