"""What became of papers that were shown before is told with the next edition, whenever that is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter import publish
from newsletter.config import load_config
from newsletter.model.edition import FollowUp
from newsletter.model.paper import Listing
from newsletter.stages.printing import draft
from tests.support.desk import FRIDAY, Desk

if TYPE_CHECKING:
    from pathlib import Path


def test_what_came_on_a_weekend_without_an_edition_is_told_on_monday_and_not_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        edition = publish.run(press).edition
        assert edition is not None
        shown = edition.pools[0].shown[0].paper_id
        paper = press.papers.get([shown])[shown]
        friday_night = datetime(2026, 11, 20, 21, tzinfo=UTC)
        news = Listing(shown, "arxiv", FRIDAY + timedelta(days=1), "replace", friday_night)
        withdrawn = replace(paper, withdrawn=True)
        press.papers.keep([withdrawn], [news], [], [], at=friday_night)

        monday, _ = draft(press, date(2026, 11, 23), datetime(2026, 11, 23, 9, tzinfo=UTC))

        assert monday.follow_ups == (FollowUp(shown, "withdrawn", "Withdrawn by its authors."),)
        press.editions.print(monday)
        tuesday, _ = draft(press, date(2026, 11, 24), datetime(2026, 11, 24, 9, tzinfo=UTC))
        assert tuesday.follow_ups == ()


def test_only_what_a_new_version_adds_is_told_and_each_thing_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        edition = publish.run(press).edition
        assert edition is not None
        shown = edition.pools[0].shown[0].paper_id
        card = edition.card(shown)
        assert card is not None
        assert not card.paper.code_url

        def told(day: int, **news: object) -> list[str]:
            at = datetime(2026, 11, day, 8, tzinfo=UTC)
            now = press.papers.get([shown])[shown]
            listing = Listing(shown, "arxiv", at.date(), "replace", at)
            press.papers.keep([replace(now, **news)], [listing], [], [], at=at)  # type: ignore[arg-type]
            draft_, _ = draft(press, at.date(), at + timedelta(hours=1))
            press.editions.print(draft_)
            return [one.kind for one in draft_.follow_ups]

        assert told(23, version=2, code_url="https://github.com/a/b") == ["code"]
        assert told(24, version=3) == ["version"]
        assert told(25) == []
        assert told(26, version=4, journal="J. of Papers 1") == ["published"]
        assert told(27, version=4) == []
