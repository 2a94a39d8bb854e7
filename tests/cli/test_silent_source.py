"""A source that gives nothing does not hide behind the exit code of a run whose others answered."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

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

    call("run", "--quiet")
    desk.ahead(timedelta(hours=1))
    last = call("run", "--quiet").splitlines()[-1]

    since = "2026-11-20 09:00 UTC"
    assert last == "feed:dead.example gave nothing; it has never answered; the edition came out of the others"
    assert f"feed:dead.example: missing since {since}: connection refused" in call("status")
