"""Whoever asked to be forgotten is not in the database's files either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.config import load_config
from tests.support.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


def test_a_forgotten_address_stands_in_no_file_of_the_database_while_others_have_it_open(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("subscribers", "add", "unmistakable.reader@lab.example.org")
    with desk.press(load_config(tmp_path / "config.toml")) as press:  # as `serve` does
        press.subscribers.counts()
        assert desk("subscribers", "forget", "unmistakable.reader@lab.example.org", "--yes").code == 0
        files = [one for one in tmp_path.glob("*") if ".db" in one.name or "sqlite" in one.name]
        assert files
        assert [one.name for one in files if b"unmistakable.reader" in one.read_bytes()] == []
