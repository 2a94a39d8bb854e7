"""A source that gives nothing does not hide behind the exit code of a run whose others answered."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.model.paper import Problem
from newsletter.model.subscriber import Subscriber
from newsletter.wiring import open_press
from tests.support.desk import Desk, ListSource, newsletter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.config import Config
    from newsletter.press import Press


def test_cron_mails_a_line_of_the_dead_source_and_status_says_since_when(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    dead = ListSource(name="feed:dead.example", daily=False, failure="connection refused")

    @contextmanager
    def opened(config: Config) -> Iterator[Press]:
        with open_press(config, clock=desk.clock) as press:
            press.subscribers.add(Subscriber(email="ada@example.org", created_at=desk.clock.now()))
            yield replace(press, sources=(desk.source, dead), filling=frozenset())

    def call(*arguments: str) -> str:
        done = newsletter(["--config", str(tmp_path / "config.toml"), *arguments], open_press=opened)
        assert done.code == 0
        return done.err if arguments[0] == "run" else done.out

    last = "feed:dead.example gave nothing; it has never answered; the edition came out of the others"
    assert call("run", "--quiet").splitlines()[-1] == last
    for hours in (1, 1, 1, 5, 5, 5, 1):
        desk.ahead(timedelta(hours=hours))
        assert call("run", "--quiet") == ""  # cron has mailed it: once a day is enough
    assert call("run").splitlines()[-1] == last
    desk.ahead(timedelta(hours=1))
    assert call("run", "--quiet").splitlines()[-1] == last  # and each day, though all runs between noted it

    since = "2026-11-20 09:00 UTC"
    assert f"feed:dead.example: missing since {since}: it has never answered: connection refused" in call("status")


def test_a_run_that_failed_says_why_every_time_and_what_only_warns_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.source.failure = "503 for an hour"
    desk.source.problems = (
        Problem("huggingface: 2026-11-20", "half a page"),
        Problem("huggingface: 2026-11-19", "half a page"),
    )
    first = desk("run", "--quiet")
    assert first.code == 75
    assert first.err.startswith("error: huggingface: 503 for an hour\n")
    desk.ahead(timedelta(hours=1))
    again = desk("run", "--quiet")
    assert again.code == 75
    assert "error: huggingface: 503 for an hour\n" in again.err
    assert "again later is the cure" in again.err


def test_what_is_wrong_with_several_days_in_the_same_way_is_said_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.source.problems = tuple(Problem(f"huggingface: 2026-11-{day}", "half a page", "Look.") for day in (18, 19))
    assert "warning: huggingface: 2026-11-18, 2026-11-19: half a page. Look.\n" in desk("run").err
    desk.ahead(timedelta(hours=1))
    desk("run")
    lines = desk("status").out.partition("Last runs")[2].splitlines()
    assert [line.strip() for line in lines if "half a page" in line or "repeats" in line] == [
        "warning: huggingface: 2026-11-18, 2026-11-19: half a page. Look.",
        "and 1 warning that a later run repeats",
    ]
