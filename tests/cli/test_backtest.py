"""An operator measures rankers against her own history, and sees whether past days come out again."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.backtest.measures import TITLES
from newsletter.config import load_config
from newsletter.model.paper import Reading
from tests.support.desk import FRIDAY, PAPERS, Desk, paper

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.config import Config

THURSDAY, SATURDAY = FRIDAY - timedelta(days=1), FRIDAY + timedelta(days=1)
MORE = (
    *(
        paper(20 + n, f"Language model number {n}", f"A study of kind {n} with many other words in it.")
        for n in range(3)
    ),
    paper(23, "The language model of a language model", "A language model."),
)


@pytest.fixture
def history(tmp_path: Path) -> Desk:
    """Thursday and Friday printed in their time; what was last on Thursday's list won in the end."""
    desk = Desk(tmp_path)
    desk.source.lists = {THURSDAY: MORE, FRIDAY: PAPERS}
    desk.clock.moment -= timedelta(days=1)
    for _ in range(2):
        assert desk("run").code == 0
        desk.ahead(timedelta(days=1))
    desk.ahead(timedelta(days=3))
    return desk


def test_each_printed_day_is_measured_and_comes_out_again_byte_for_byte(history: Desk) -> None:
    facts = history("backtest", "--json").json

    assert facts["days"] == ["2026-11-19", "2026-11-20"]
    assert facts["rankers"] == ["default"]
    assert {(row["day"], row["topic"]) for row in facts["rows"]} == {
        ("2026-11-19", "language-models"),
        ("2026-11-20", "language-models"),
    }
    assert all(0 <= row["measures"][0]["ndcg"] <= 1 for row in facts["rows"])
    assert facts["means"][0]["ndcg"]["low"] <= facts["means"][0]["ndcg"]["mean"] <= facts["means"][0]["ndcg"]["high"]
    assert facts["difference"] == {}
    assert facts["replay"] == [
        {"day": "2026-11-19", "same_bytes": True, "differs": []},
        {"day": "2026-11-20", "same_bytes": True, "differs": []},
    ]


def test_two_rankers_stand_side_by_side_with_their_difference(history: Desk) -> None:
    with history.press(_config(history)) as press:
        later = [Reading(MORE[3].id, "huggingface.upvotes", 500.0, press.clock.now())]
        press.papers.keep([], [], later, [], at=press.clock.now())

    result = history("backtest", "--ranker", "topic", "--against", "trend_weight=3", "--json").json
    said = history("backtest", "--ranker", "topic", "--against", "trend_weight=3").out

    assert result["rankers"] == ["topic", "trend_weight=3"]
    assert [len(row["measures"]) for row in result["rows"]] == [2] * len(result["rows"])
    assert set(result["difference"]) == {"ndcg", "recall", "mrr", "auc", "coverage", "diversity", "novelty"}
    thursday = result["rows"][0]["measures"]
    assert thursday[0]["ndcg"] > thursday[1]["ndcg"]  # by votes of that day the winner came last
    assert "difference" in said
    assert re.search(r"^nDCG@10 +\d\.\d{3} \[", said, re.MULTILINE)


def test_a_page_with_plots_is_written(history: Desk, tmp_path: Path) -> None:
    result = history("backtest", "--against", "hot", "--out", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text("utf-8")

    assert result.code == 0
    assert re.findall(r"<span>(.+)</span>\n<svg", page) == list(TITLES.values())
    assert re.findall(r"<title>(\w+), (\S+): \d\.\d{3}</title>", page) == [
        (ranker, day) for ranker in ("default", "hot") for day in ("2026-11-19", "2026-11-20")
    ]
    assert '<p class="scale"><span>0</span><span>0.25</span><span>0.5</span><span>0.75</span><span>1</span></p>' in page
    assert "2 of 2 printed days come out again byte for byte" in page
    assert history("backtest", "--out", str(tmp_path / "no" / "page.html")).code == 2


def test_a_day_comes_out_again_though_its_papers_were_corrected_since(history: Desk) -> None:
    with history.press(_config(history)) as press:
        press.papers.keep([paper(20, "Language model number 0, withdrawn from view")], [], [], [], at=press.clock.now())

    replays = history("backtest", "--json").json["replay"]

    assert [one["same_bytes"] for one in replays] == [True, True]


def test_a_day_that_other_settings_would_order_otherwise_is_told_to_differ(history: Desk) -> None:
    path = history.folder / "config.toml"
    path.write_text(path.read_text("utf-8").replace('keywords = ["language model"]', 'keywords = ["study"]'), "utf-8")

    replays = history("backtest", "--json").json["replay"]

    assert replays[0] == {"day": "2026-11-19", "same_bytes": False, "differs": ["picks", "cards", "left out"]}
    assert "2026-11-19 differs in its picks, cards, left out" in history("backtest").out


def test_a_range_without_papers_and_a_range_turned_round(history: Desk) -> None:
    empty = history("backtest", "--from", "2027-01-01", "--to", "2027-01-02")

    assert empty.out == "No day with at least two papers in a topic in this range.\n"
    assert history("backtest", "--from", "2026-11-20", "--to", "2026-11-19").code == 2
    assert history("backtest", "--to", "soon").code == 2
    assert history("backtest", "--against", "best").code == 2


def _config(desk: Desk) -> Config:
    return load_config(desk.folder / "config.toml")
