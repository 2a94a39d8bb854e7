"""All sources at once: one that crashes or hangs costs nobody else."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from newsletter.collect.gather import gather, hear, polls_of
from newsletter.errors import BusyError
from newsletter.model.paper import Ask, Found, Harvest, Paper, Poll, Problem, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = date(2026, 1, 6)
ASK = Ask((DAY,), datetime(2026, 1, 6, 12, tzinfo=UTC), {"etag": "x"})


@dataclass
class Fake:
    name: str
    act: Callable[[], None] = field(default=lambda: None)
    daily: bool = True

    def fetch(self, ask: Ask) -> Harvest:
        self.act()
        return Harvest(self.name, "ok", days=ask.days)

    def probe(self) -> Problem | None:
        return None


def test_a_bug_in_one_source_is_named_and_the_others_are_read() -> None:
    def crash() -> None:
        raise KeyError("paper")

    good, bad = Fake("good"), Fake("bad", crash)
    found = gather([(bad, ASK), (good, ASK)])
    what = "a bug in this source: KeyError: 'paper'"
    cure = "The other sources were read; please report this if it stays."
    assert found == (
        Harvest("bad", "failed", problems=(Problem("bad", what, cure),), memory={"etag": "x"}, note=f"bad: {what}"),
        Harvest("good", "ok", days=(DAY,)),
    )


def test_a_bug_in_a_signal_or_a_locked_database_costs_its_readings_and_not_the_day() -> None:
    @dataclass
    class Bad:
        error: Exception
        name: str = "github"

        def read(self, _papers: object, _asof: object) -> tuple[tuple[Reading, ...], tuple[Problem, ...]]:
            raise self.error

        def probe(self) -> Problem | None:
            return None

    found = [hear(Bad(error), (), ASK.asof) for error in (KeyError("stars"), BusyError("It is locked.", cure="Later."))]
    assert found == [
        ((), (Problem("github", "a bug in this signal: KeyError: 'stars'", "Please report this if it stays."),)),
        ((), (Problem("github", "It is locked.", "Later."),)),
    ]


def test_a_source_that_hangs_does_not_keep_the_run_from_ending() -> None:
    release = threading.Event()
    began = time.monotonic()
    found = gather([(Fake("slow", lambda: release.wait(20)), ASK), (Fake("good"), ASK)], deadline=0.2)
    release.set()
    assert time.monotonic() - began < 5
    assert [(harvest.source, harvest.state) for harvest in found] == [("slow", "failed"), ("good", "ok")]


def test_sources_are_asked_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=10)
    found = gather([(Fake(name, lambda: together.wait() and None), ASK) for name in "abc"])
    assert [harvest.state for harvest in found] == ["ok"] * 3


def test_nobody_to_ask_is_nothing_to_wait_for() -> None:
    assert gather([]) == ()


def test_polls_count_what_is_there_and_what_is_not() -> None:
    sunday = date(2026, 1, 4)
    items = (Found(Paper(id="a", title="A"), DAY), Found(Paper(id="b", title="B"), DAY))
    at = datetime(2026, 1, 6, 9, tzinfo=UTC)
    assert polls_of(Harvest("hf", "ok", items, (), looked=(sunday, DAY)), at) == (
        Poll("hf", sunday, 0, at),
        Poll("hf", DAY, 2, at),
    )
