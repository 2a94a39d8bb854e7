"""A million readers cut against a day of 1,000 papers: python -m benchmarks.cut [--quick] [--json FILE].

Readers choose one to four of 20 topics and a cap at random; one in twenty has voted on ten papers. Everything but the
database is the product's own: `stages.cutting.cut_block`, a thousand readers at a time; what the ledger and the table
of subscribers would answer is in memory. The edition is printed by another process: the memory is that of the cut.

The peer is the loop that one would write first: for each reader the papers of her topics are scored, blended with her
taste (the mean vector of her likes, less half of that of her dislikes; the vectors are given), sorted, and made into
the same kind of issue, with the same caps, mutes and papers from outside. It is run for 2,000 readers of the same
crowd, by turns with ours, and extrapolated.
"""

from __future__ import annotations

import random
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from benchmarks.common import Row, options, peak_mb, report
from benchmarks.day import DAY, Size, make_house
from newsletter import publish
from newsletter.config import load_config
from newsletter.model.edition import Issue, Section
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.rank.cut import EXPLORATION, lay_out
from newsletter.stages.cutting import BLOCK, Cutter, cut_block
from newsletter.stages.printing import print_day
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.edition import Edition, Pick, Pool
    from newsletter.ports import Subscribers
    from newsletter.press import Press

PEER_BLOCKS = 2  # of a thousand readers: the peer's time is extrapolated from theirs
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

    every: int  # how many readers to one who voted; 0: none did
    known: dict[int, tuple[Feedback, ...]] = field(default_factory=dict)

    def ask(self, readers: Iterable[Subscriber]) -> None:
        """Made before the clock runs: only of these readers is anything known."""
        self.known.clear()
        self.known.update({one.id: self._of(one.id) for one in readers if self.every and one.id % self.every == 0})

    def said(self, ids: Iterable[int]) -> Mapping[int, tuple[Feedback, ...]]:
        return {one: self.known[one] for one in ids if one in self.known}

    def _of(self, reader: int) -> tuple[Feedback, ...]:
        chance = random.Random(reader)
        chosen = chance.sample(self.papers, VOTES)
        at = BORN + timedelta(days=300)
        return tuple(Feedback(reader, one, "more" if place % 3 else "less", at) for place, one in enumerate(chosen))


def main() -> None:
    given = options(__doc__ or "").parse_args()
    readers = 20_000 if given.quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        make_house(Path(folder), Size(1000, 20, 0, chosen=1, top=17))  # 20 pools of 51 picks
        with ProcessPoolExecutor(1, get_context("spawn")) as another:
            another.submit(_print, folder).result()
        with open_press(load_config(Path(folder) / "config.toml")) as press:
            rows = measure(press, readers // 10, every=0)
            report([*rows, *measure(press, readers, every=20)], given.json)


def _print(folder: str) -> None:
    with open_press(load_config(Path(folder) / "config.toml")) as press:
        publish.collect(press, DAY)
        print_day(press, DAY, publish.moment(press, DAY))


def measure(press: Press, readers: int, *, every: int) -> list[Row]:
    edition = press.editions.get(DAY)
    assert edition is not None
    votes = Votes(tuple(card.paper.id for card in edition.cards), every)
    crowd = replace(press, ledger=Nothing(), subscribers=cast("Subscribers", votes))
    cutter, peer, asof = Cutter(crowd), Peer.of(edition, press.rank_settings.exploration), publish.moment(press, DAY)
    ours, theirs, tenth, started = 0.0, 0.0, 0.0, time.perf_counter()
    for number, block in enumerate(_blocks(readers, [pool.slug for pool in edition.pools])):
        votes.ask(block)
        start = time.process_time()
        made = cut_block(crowd, block, asof, day=DAY, cutter=cutter)
        ours += time.process_time() - start
        assert len(made.issues) == len(block), made.silences[:1]
        if number < PEER_BLOCKS:
            start = time.process_time()
            issues = [peer.cut(reader, votes.known.get(reader.id, ())) for reader in block]
            theirs += time.process_time() - start
            sizes = [[len(one.paper_ids) for one in some] for some in (issues, [issue for *_, issue in made.issues])]
            assert sizes[0] == sizes[1], "the peer does another job"
        if number == readers // BLOCK // 10:
            tenth = peak_mb()
    theirs *= readers / (PEER_BLOCKS * BLOCK)
    name = f"{readers:,} readers, " + (f"1 in {every} voted" if every else "silent")
    return [
        Row(name, ours, "s of CPU", "a loop over readers, extrapolated", theirs, theirs / ours),
        Row(f"{name}: all of it", time.perf_counter() - started, "s on the clock"),
        Row(f"{name}: peak memory", peak_mb(), "MB"),
        Row(f"{name}: peak after a tenth", tenth, "MB"),
    ]


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


@dataclass(frozen=True, slots=True)
class Peer:
    """One reader after the other; what is the same for all of them is worked out once."""

    edition: Edition
    scored: tuple[tuple[Pool, Pick, float], ...]
    most_voted: tuple[tuple[str, Pick], ...]
    vectors: Mapping[str, NDArray[np.float32]]
    exploration: int

    @classmethod
    def of(cls, edition: Edition, exploration: int) -> Peer:
        scored = tuple((pool, pick, pick.score.total) for pool in edition.pools for pick in pool.picks)
        ids = [card.paper.id for card in edition.cards]
        vectors = np.random.default_rng(1).normal(size=(len(ids), 128)).astype(np.float32) / np.sqrt(128)
        return cls(edition, scored, lay_out([edition]).by_attention, dict(zip(ids, vectors, strict=True)), exploration)

    def cut(self, reader: Subscriber, said: Sequence[Feedback]) -> Issue:
        likes = [self.vectors[one.paper_id] for one in said if one.verb == "more"]
        muted = {one.paper_id for one in said if one.verb == "less"}
        taste = np.zeros(128)
        if said:
            taste = np.mean(likes, axis=0) - np.mean([self.vectors[one] for one in muted], axis=0) / 2
        found = [
            (score + float(self.vectors[pick.paper_id] @ taste) if said else score, pool, pick)
            for pool, pick, score in self.scored
            if pool.slug in reader.topics and pick.paper_id not in muted
        ]
        found.sort(key=lambda one: -one[0])
        placed: dict[str, list[Pick]] = {}
        taken: set[str] = set()
        for _, pool, pick in found:
            mine = placed.setdefault(pool.slug, [])
            if pick.paper_id not in taken and len(mine) < (reader.per_topic or pool.top):
                mine.append(pick)
                taken.add(pick.paper_id)
        more = {slug: sum(p.paper_id not in taken for _, q, p in found if q.slug == slug) for slug in placed}
        sections = [
            Section(pool.slug, pool.name, tuple(placed[pool.slug]), more[pool.slug])
            for pool in self.edition.pools
            if placed.get(pool.slug)
        ]
        outside: list[Pick] = []
        for slug, pick in self.most_voted:
            if len(outside) == self.exploration:
                break
            if slug not in reader.topics and pick.paper_id not in taken and pick.paper_id not in muted:
                outside.append(replace(pick, marks=(*pick.marks, EXPLORATION)))
        return Issue(reader.id, DAY, (DAY,), (*sections, Section(EXPLORATION, "Outside your topics", tuple(outside))))


if __name__ == "__main__":
    main()
