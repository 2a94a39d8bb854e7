"""A million readers cut against a day of 1,000 papers: python -m benchmarks.cut [--quick] [--json FILE].

Readers choose one to four of 20 topics and a cap at random; one in twenty has voted on ten papers. Everything but the
database is the product's own: `stages.cutting.cut_block`, a thousand readers at a time; what the ledger and the table
of subscribers would answer is in memory. The peer only sorts the scores of her topics for each reader, with taste as a
mean vector, and makes no issue of it; it is run for 500 readers and extrapolated.
"""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from benchmarks.common import Row, options, peak_mb, report
from benchmarks.day import DAY, Size, make_house
from newsletter import publish
from newsletter.config import load_config
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.stages.cutting import BLOCK, Cutter, cut_block
from newsletter.stages.printing import print_day
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from newsletter.model.edition import Edition
    from newsletter.ports import Subscribers
    from newsletter.press import Press

PEER_READERS = 500
SPEAKING = 50_000  # readers of the part with votes: they are cut one by one
VOTES = 10
BORN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Nothing:
    """A ledger of a newsletter's first day: nobody had anything."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: {}


@dataclass(frozen=True, slots=True)
class Votes:
    """What one reader in twenty said of papers of the day."""

    papers: tuple[str, ...]

    def said(self, ids: Iterable[int]) -> Mapping[int, tuple[Feedback, ...]]:
        return {one: self.of(one) for one in ids if one % 20 == 0}

    def of(self, reader: int) -> tuple[Feedback, ...]:
        chance = random.Random(reader)
        chosen = chance.sample(self.papers, VOTES)
        at = BORN + timedelta(days=300)
        return tuple(Feedback(reader, one, "more" if place % 3 else "less", at) for place, one in enumerate(chosen))


def main() -> None:
    given = options(__doc__ or "").parse_args()
    readers = 50_000 if given.quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        make_house(Path(folder), Size(1000, 20, 0, chosen=1, top=17))  # 20 pools of 51 picks
        with open_press(load_config(Path(folder) / "config.toml")) as press:
            report(measure(press, readers), given.json)


def measure(press: Press, readers: int) -> list[Row]:
    asof = publish.moment(press, DAY)
    publish.collect(press, DAY)
    edition, _ = print_day(press, DAY, asof)
    assert edition is not None
    papers = tuple(card.paper.id for card in edition.cards)
    slugs = [pool.slug for pool in edition.pools]
    before = peak_mb()
    rows = []
    for name, said, many in (("silent", Nothing(), readers), ("5 % voted", Votes(papers), min(readers, SPEAKING))):
        crowd = replace(press, ledger=Nothing(), subscribers=cast("Subscribers", said))
        cutter, took = Cutter(crowd), 0.0
        for block in _blocks(many, slugs):
            start = time.process_time()
            made = cut_block(crowd, block, asof, day=DAY, cutter=cutter)
            took += time.process_time() - start
            assert len(made.issues) == len(block), made.silences[:1]
        peer = _peer(edition, next(_blocks(PEER_READERS, slugs)), Votes(papers)) * many / PEER_READERS
        rows.append(Row(f"{many:,} readers, {name}", took, "s of CPU", "a bare sort for each", peer, peer / took))
    return [*rows, Row("memory beside the edition", peak_mb() - before, "MB"), Row("peak memory", peak_mb(), "MB")]


def _blocks(readers: int, slugs: list[str]) -> Iterator[list[Subscriber]]:
    chance = random.Random(1)
    for start in range(1, readers + 1, BLOCK):
        yield [
            Subscriber(
                id=number,
                email=f"{number}@example.org",
                status="active",
                created_at=BORN,
                confirmed_at=BORN,
                topics=tuple(sorted(chance.sample(slugs, chance.randint(1, 4)))),
                per_topic=chance.choice((None, 3, 5)),
            )
            for number in range(start, min(start + BLOCK, readers + 1))
        ]


def _peer(edition: Edition, readers: list[Subscriber], votes: Votes) -> float:
    """CPU seconds for these readers: each topic's papers scored, blended with her taste and sorted for her alone."""
    scores = {pool.slug: np.array([pick.score.total for pick in pool.picks]) for pool in edition.pools}
    places = {card.paper.id: place for place, card in enumerate(edition.cards)}
    rows = {pool.slug: np.array([places[pick.paper_id] for pick in pool.picks]) for pool in edition.pools}
    vectors = np.random.default_rng(1).normal(size=(len(edition.cards), 128)).astype(np.float32)
    start = time.process_time()
    for reader in readers:
        liked = [places[one.paper_id] for one in votes.of(reader.id)] if reader.id % 20 == 0 else []
        seen: set[int] = set()
        for slug in reader.topics:
            total = scores[slug]
            if liked:
                total = total + vectors[rows[slug]] @ vectors[liked].mean(axis=0)
            for row in np.argsort(-total, kind="stable"):
                paper = int(rows[slug][row])
                if paper not in seen and len(seen) < 5 * len(reader.topics):
                    seen.add(paper)
    return time.process_time() - start


if __name__ == "__main__":
    main()
