"""An operator tries a topic on the days she has kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.desk import FRIDAY, PAPERS, Desk, paper

if TYPE_CHECKING:
    from pathlib import Path

THURSDAY = FRIDAY - timedelta(days=1)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    thursday = (paper(30, "A language model of law"), paper(31, "Bees"), paper(32, "Wasps"))
    desk.source.lists = {THURSDAY: thursday, FRIDAY: PAPERS}
    for day in (THURSDAY, FRIDAY):
        assert desk("collect", "--day", str(day)).code == 0
    return desk


def test_a_history_by_words_alone_is_called_so(desk: Desk) -> None:
    assert desk("rank", "--topic", "vision", "--history", "1d", "--json").json["meaning"] == "words"
    assert "packaged" not in desk("rank", "--topic", "vision", "--history", "1d").out


def test_each_day_says_how_many_of_its_new_papers_fit(desk: Desk) -> None:
    facts = desk("rank", "--topic", "language-models", "--history", "3d", "--json").json["topics"]

    assert facts == [
        {
            "slug": "language-models",
            "top": 2,
            "days": [
                {"day": "2026-11-18", "new": 0, "fitting": 0},
                {"day": "2026-11-19", "new": 3, "fitting": 1},
                {"day": "2026-11-20", "new": 5, "fitting": 3},
            ],
            "mean": 2,
            "median": 2.0,
            "filled": 1,
            "empty": 0,
        }
    ]


def test_it_is_told_in_words_too(desk: Desk) -> None:
    said = desk("rank", "--topic", "language-models", "--history", "2").out

    assert "2026-11-20     3 of     5  ########" in said
    assert "2.0 a day in the mean of 2 days with papers, median 2; 1 filled its 2 places, 0 had none" in said


def test_a_history_needs_a_topic_and_a_span(desk: Desk) -> None:
    assert desk("rank", "--history", "3d").code == 2
    assert desk("rank", "--topic", "vision", "--history", "soon").code == 2
    assert desk("rank", "--topic", "vision", "--history", "999d").code == 2
    assert "No papers are kept" in desk("rank", "--topic", "vision", "--history", "1d", "--day", "2026-01-01").out


def test_it_says_when_an_edition_would_be_compared_by_another_model(desk: Desk) -> None:
    path = desk.folder / "config.toml"
    endpoint = 'meaning = "endpoint"\nembeddings_url = "http://127.0.0.1:9/v1"\nembeddings_model = "theirs"\n'
    path.write_text(path.read_text("utf-8").replace("dense = false\n", endpoint), "utf-8")
    said = desk("rank", "--topic", "language-models", "--history", "1").out
    told = desk("rank", "--topic", "language-models", "--history", "1", "--json").json

    assert "Compared by the packaged text model, not by" in said
    assert "theirs" in said
    assert told["meaning"] == "packaged"
