"""A new sending address: a cap on the day's issues that grows, holds for all workers, and is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.config import load_config
from newsletter.model.subscriber import Subscriber
from tests.support.desk import CONFIG, FRIDAY, PAPERS, Desk

if TYPE_CHECKING:
    from pathlib import Path


def test_a_warm_up_caps_each_day_and_the_rest_have_their_papers_the_next(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "config.toml").write_text(f'{CONFIG}[delivery]\nwarm_up = "4 from 2026-11-20, x2 a day"\n', "utf-8")
    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        for number in range(10):
            press.subscribers.add(Subscriber(email=f"r{number}@example.org", created_at=desk.clock.now()))

    first = desk("run", "--json")
    assert (first.code, first.json["sent"]) == (0, 4)
    assert "6 issues wait for another day, by [delivery] warm_up" in [note["text"] for note in first.json["notes"]]
    assert desk("run", "--json").json["sent"] == 0, "however often it runs"
    assert desk("worker", "--once", "--json").json["sent"] == 0, "and whoever runs"
    assert "warm-up: 4 of at most 4 issues of today have left" in desk("status").out
    assert "warm_up" in desk("why", "--subscriber", "r9@example.org").out

    desk.ahead(timedelta(days=1))
    desk.source.lists = {FRIDAY + timedelta(days=1): PAPERS[:1]}
    second = desk("run", "--json")
    assert second.json["sent"] == 8
    assert desk("status", "--json").json["mail"]["warm_up"] == {"sent": 8, "most": 8}
