"""Vectors beside the papers: blocks of signed bytes in the database, searched flat in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, text, update

from newsletter.model.search import Unread
from newsletter.store.database import VECTOR_LOCK
from newsletter.store.papers_read import as_paper
from newsletter.store.searching import limits
from newsletter.store.tables import paper_vectors, paper_vectors_due, papers

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from newsletter.model.search import Within
    from newsletter.store.database import Database

BLOCK = 4096  # papers in a row of `paper_vectors`: half a megabyte at 128 bytes each
KEPT = 1024  # blocks that stay in memory: 4 million papers, half a gigabyte
FEW = 50_000  # papers that are compared one by one when a search is limited to them; also how far down one looks


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """`rows` is (papers, dimensions) int8, `lengths` their Euclidean lengths, 0 where there is no vector."""

    version: int
    rows: NDArray[np.int8]
    lengths: NDArray[np.float32]


class SqlVectors:
    """The port `Vectors`. Blocks that did not change are read once for each process."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._lock = threading.Lock()
        self._kept: dict[int, Block] = {}

    def due(self, model: str, *, limit: int) -> tuple[Unread, ...]:
        other = select(paper_vectors.c.block).where(paper_vectors.c.model != model).limit(1)
        with self._db.reading() as connection:
            stale = connection.execute(other).first() is not None
        if stale:
            with self._db.writing(lock=VECTOR_LOCK) as connection:
                self._forget_others(connection, model)
        statement = (
            select(paper_vectors_due.c.seq, paper_vectors_due.c.mark, papers.c.document)
            .join(papers, papers.c.seq == paper_vectors_due.c.seq)
            .order_by(paper_vectors_due.c.seq)
            .limit(limit)
        )
        with self._db.reading() as connection:
            return tuple(Unread(seq, mark, as_paper(text_)) for seq, mark, text_ in connection.execute(statement))

    def _forget_others(self, connection: Connection, model: str) -> None:
        """Vectors of another model are no use: their papers are due again."""
        blocks = connection.execute(select(paper_vectors.c.block).where(paper_vectors.c.model != model)).scalars().all()
        for block in blocks:
            span = {"low": block * BLOCK, "high": (block + 1) * BLOCK}
            connection.execute(
                text(
                    "INSERT INTO paper_vectors_due (seq, mark) SELECT seq, 1 FROM papers "
                    "WHERE seq >= :low AND seq < :high "
                    "ON CONFLICT (seq) DO UPDATE SET mark = paper_vectors_due.mark + 1"
                ),
                span,
            )
        connection.execute(delete(paper_vectors).where(paper_vectors.c.model != model))

    def put(self, model: str, made: Iterable[tuple[Unread, bytes]]) -> None:
        ordered = sorted(made, key=lambda one: one[0].number)
        if not ordered:
            return
        with self._db.writing(lock=VECTOR_LOCK) as connection:
            self._forget_others(connection, model)
            for block, some in groupby(ordered, key=lambda one: one[0].number // BLOCK):
                self._write(connection, model, block, list(some))
            gone = delete(paper_vectors_due).where(
                paper_vectors_due.c.seq == bindparam("number"), paper_vectors_due.c.mark == bindparam("seen")
            )
            connection.execute(gone, [{"number": one.number, "seen": one.mark} for one, _ in ordered])

    def _write(self, connection: Connection, model: str, block: int, made: Sequence[tuple[Unread, bytes]]) -> None:
        size = len(made[0][1])
        statement = select(paper_vectors.c.version, paper_vectors.c.content).where(paper_vectors.c.block == block)
        before = connection.execute(statement).first()
        content = bytearray(before.content if before else b"")
        content.extend(bytes(max(0, size * (made[-1][0].number % BLOCK + 1) - len(content))))
        for one, vector in made:
            place = size * (one.number % BLOCK)
            content[place : place + size] = vector
        values: dict[str, Any] = {"model": model, "content": bytes(content)}
        if before is None:
            connection.execute(paper_vectors.insert().values(block=block, version=1, **values))
        else:
            changed = update(paper_vectors).where(paper_vectors.c.block == block)
            connection.execute(changed.values(version=before.version + 1, **values))

    def nearest(
        self, model: str, vector: bytes, *, limit: int, within: Within | None = None
    ) -> tuple[tuple[str, float], ...]:
        import numpy as np

        query = np.frombuffer(vector, np.int8)
        length = float(np.linalg.norm(query.astype(np.float64)))
        if not length or limit < 1:
            return ()
        with self._db.reading() as connection:
            numbers, cosines = self._scan(connection, model, query, length)
            if within is not None and within.upto is not None:
                cosines = cosines[numbers <= within.upto]
                numbers = numbers[numbers <= within.upto]
            if within is not None and within.narrow:
                few = self._few(connection, within)
                if few is not None:
                    among = np.isin(numbers, few)
                    numbers, cosines = numbers[among], cosines[among]
                    within = None
            return self._best(connection, numbers, cosines, limit, within)

    def cosines(self, model: str, vector: bytes, paper_ids: Iterable[str]) -> dict[str, float]:
        import numpy as np

        query = np.frombuffer(vector, np.int8)
        length = float(np.linalg.norm(query.astype(np.float64)))
        if not length:
            return {}
        statement = select(papers.c.seq, papers.c.id).where(papers.c.id.in_(self._db.words()))
        found: dict[str, float] = {}
        with self._db.reading() as connection:
            numbered = connection.execute(statement, {"words": self._db.listed(paper_ids)}).all()
            wanted: dict[int, list[tuple[int, str]]] = {}
            for number, one in numbered:
                wanted.setdefault(number // BLOCK, []).append((number % BLOCK, one))
            for number, block in self._blocks(connection, model, len(query), wanted):
                there = [(row, one) for row, one in wanted[number] if row < len(block.lengths) and block.lengths[row]]
                for (_, one), cosine in zip(there, _near(block, [row for row, _ in there], query, length), strict=True):
                    found[one] = round(float(cosine), 6)
        return found

    def _scan(
        self, connection: Connection, model: str, query: NDArray[np.int8], length: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(numbers, cosines) of all papers that have a vector."""
        import numpy as np

        numbers, cosines = [], []
        for number, block in self._blocks(connection, model, len(query)):
            there = np.flatnonzero(block.lengths)
            numbers.append(there + number * BLOCK)
            cosines.append(_near(block, there, query, length))
        if not numbers:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        return np.concatenate(numbers), np.concatenate(cosines).astype(np.float32)

    def _blocks(
        self, connection: Connection, model: str, size: int, among: Container[int] | None = None
    ) -> Iterator[tuple[int, Block]]:
        import numpy as np

        statement = select(paper_vectors.c.block, paper_vectors.c.version).where(paper_vectors.c.model == model)
        for number, version in connection.execute(statement.order_by(paper_vectors.c.block)).all():
            if among is not None and number not in among:
                continue
            kept = self._kept.get(number)
            if kept is None or kept.version != version or kept.rows.shape[1] != size:
                content = connection.execute(
                    select(paper_vectors.c.content).where(paper_vectors.c.block == number)
                ).scalar_one()
                rows = np.frombuffer(content, np.int8).reshape(-1, size)
                squares = np.einsum("ij,ij->i", rows, rows, dtype=np.int32)
                kept = Block(version, rows, np.sqrt(squares, dtype=np.float32))
                with self._lock:
                    if len(self._kept) < KEPT or number in self._kept:
                        self._kept[number] = kept
            yield number, kept

    def _few(self, connection: Connection, within: Within) -> NDArray[np.int64] | None:
        """The numbers of the papers that it is limited to, unless they are many."""
        import numpy as np

        wanted, values = limits(within)
        statement = select(papers.c.seq).where(*wanted).limit(FEW + 1)
        found = np.fromiter(connection.execute(statement, values).scalars(), np.int64)
        return found if len(found) <= FEW else None

    def _best(
        self,
        connection: Connection,
        numbers: NDArray[np.int64],
        cosines: NDArray[np.float32],
        limit: int,
        within: Within | None,
    ) -> tuple[tuple[str, float], ...]:
        """The nearest that exist and are within; looks ever further down, to FEW at most."""
        import numpy as np

        wanted, values = limits(within)
        statement = select(papers.c.seq, papers.c.id).where(papers.c.seq.in_(self._db.numbers()), *wanted)
        depth = min(limit + 16, len(numbers))
        while True:
            top = np.argpartition(-cosines, depth - 1)[:depth] if depth < len(numbers) else np.arange(len(numbers))
            given = {"numbers": self._db.listed(numbers[top].tolist()), **values}
            ids = dict(connection.execute(statement, given).all())
            if len(ids) >= limit or depth >= min(FEW, len(numbers)):
                break
            depth = min(depth * 8, FEW, len(numbers))
        found = [(-float(cosines[row]), -int(numbers[row])) for row in top if int(numbers[row]) in ids]
        return tuple((ids[-number], round(-cosine, 6)) for cosine, number in sorted(found)[:limit])


def _near(
    block: Block, rows: NDArray[np.intp] | list[int], query: NDArray[np.int8], length: float
) -> NDArray[np.float32]:
    """Cosines of a block's rows, all of which have a vector. Integer products: the same on every machine."""
    import numpy as np

    whole = len(rows) == len(block.rows)
    products = np.einsum("ij,j->i", block.rows if whole else block.rows[rows], query.astype(np.int16), dtype=np.int32)
    near: NDArray[np.float32] = (products / (block.lengths[rows] * np.float32(length))).astype(np.float32)
    return near
