"""Vectors in memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from newsletter.model.search import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from newsletter.model.paper import Paper
    from newsletter.model.search import Within
    from tests.support.fake_papers import FakePapers


class FakeVectors:
    """The port `Vectors` over the papers that it is given."""

    def __init__(self, papers: FakePapers) -> None:
        self.papers = papers
        self.made: dict[tuple[str, str], tuple[Paper, bytes]] = {}

    def due(self, model: str, *, limit: int) -> tuple[Unread, ...]:
        numbers = sorted((self.papers.numbers[one], paper) for one, paper in self.papers.papers.items())
        return tuple(
            Unread(number, hash(paper), paper)
            for number, paper in numbers
            if self.made.get((model, paper.id), (None, b""))[0] != paper
        )[:limit]

    def put(self, model: str, made: Iterable[tuple[Unread, bytes]]) -> None:
        for one, vector in made:
            self.made[model, one.paper.id] = (one.paper, vector)

    def nearest(
        self, model: str, vector: bytes, *, limit: int, within: Within | None = None
    ) -> tuple[tuple[str, float], ...]:
        found = []
        for (of, paper_id), (_, other) in self.made.items():
            if of == model and paper_id in self.papers.papers and self.papers.is_within(paper_id, within):
                cosine = _cosine(vector, other)
                if cosine is not None:
                    found.append((-cosine, -self.papers.numbers[paper_id], paper_id))
        return tuple((paper_id, round(-cosine, 6)) for cosine, _, paper_id in sorted(found)[:limit])

    def cosines(self, model: str, vector: bytes, paper_ids: Iterable[str]) -> Mapping[str, float]:
        near = {one: _cosine(vector, self.made[model, one][1]) for one in paper_ids if (model, one) in self.made}
        return {one: round(cosine, 6) for one, cosine in near.items() if cosine is not None}


def _cosine(one: bytes, other: bytes) -> float | None:
    a, b = memoryview(one).cast("b").tolist(), memoryview(other).cast("b").tolist()
    lengths = math.hypot(*a) * math.hypot(*b)
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else None


class FakeEmbeddings:
    """The port `Embeddings`."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], bytes] = {}

    def get(self, model: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        return {key: self.made[model, key] for key in keys if (model, key) in self.made}

    def put(self, model: str, made: Mapping[str, bytes]) -> None:
        for key, vector in made.items():
            self.made.setdefault((model, key), vector)
