"""What a file source said under its old name, which held a path, is found under the one of today."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.model.paper import Listing, Paper, Reading
from newsletter.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAPER = Paper(id="2411.00001", title="A model of everything", arxiv_id="2411.00001")


def test_votes_and_lists_of_a_file_that_was_named_by_its_path_are_its_own_still(tmp_path: Path) -> None:
    store = open_store("sqlite:///a.db", secret="long enough, a secret", folder=tmp_path)
    old = "file:/srv/lab.v2/papers.jsonl"
    listing = Listing(PAPER.id, old, NOW.date(), "listed", NOW)
    reading = Reading(PAPER.id, f"{old}.upvotes", 87.0, NOW)
    store.papers.keep([PAPER], [listing], [reading], [], at=NOW)
    (found,) = store.papers.candidates(since=datetime(2026, 11, 19, tzinfo=UTC), until=NOW)
    store.close()
    assert [one.source for one in found.listings] == ["file:papers"]
    assert found.readings == (Reading(PAPER.id, "file:papers.upvotes", 87.0, NOW),)
