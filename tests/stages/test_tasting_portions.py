"""Readers who brought large libraries are cut a few at a time: what they brought is never in memory all at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from newsletter.config import read_config
from newsletter.model.paper import Paper
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.stages import tasting
from newsletter.wiring import open_press
from tests.support.collecting import NOON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pytest


def test_tastes_of_a_block_are_made_in_portions_and_come_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasting, "PORTION", 5)
    asked: list[list[int]] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(press.subscribers, name)

        def brought(self, subscriber_ids: Iterable[int]) -> Mapping[int, Mapping[str, Paper]]:
            asked.append(sorted(subscriber_ids))
            return press.subscribers.brought(asked[-1])

    with open_press(read_config({}, {}, tmp_path / "config.toml")) as press:
        for n in range(1, 7):
            press.subscribers.add(Subscriber(email=f"r{n}@example.org"))
        said = {}
        for n in (1, 2, 4, 5):  # 3 and 6 said nothing
            papers = [Paper(id=f"p{n}.{k}", title=f"A paper {n} {k}") for k in range(3)]
            press.subscribers.bring(n, papers)
            said[n] = tuple(Feedback(n, one.id, "more", NOON) for one in papers)
        made = tasting.Tastes(replace(press, subscribers=cast("Any", Watched())))
        found = list(made.each(range(1, 7), said))

    assert asked == [[1, 2], [4, 5]]
    assert [taste and [one.id for one in taste.likes] for taste in found] == [
        [f"p{n}.{k}" for k in range(3)] if n in said else None for n in range(1, 7)
    ]
