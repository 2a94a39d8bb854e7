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
