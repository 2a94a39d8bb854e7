"""Seed papers of a topic are known by whatever an operator pastes, and one that is not known is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.model.paper import pasted_id
from tests.support.desk import CONFIG, Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("2511.17986v2", "2511.17986"),
        ("https://arxiv.org/abs/2511.17986v2", "2511.17986"),
        ("arXiv:2511.17986", "2511.17986"),
        ("https://doi.org/10.48550/arXiv.2511.17986", "2511.17986"),
        ("https://doi.org/10.1101/2026.01.02.12", "10.1101/2026.01.02.12"),
        ("t-0123456789abcdef", "t-0123456789abcdef"),
    ],
)
def test_what_is_pasted_is_the_bare_id(pasted: str, meant: str) -> None:
    assert pasted_id(pasted) == meant


def test_a_seed_that_nobody_knows_is_told_by_rank_run_and_doctor(tmp_path: Path) -> None:
    seeds = 'papers = ["https://arxiv.org/abs/2001.00001v2"]\nkeywords = ["segmentation"]'
    desk = Desk(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG.replace('keywords = ["segmentation"]', seeds), "utf-8")
    said = "vision: no paper is known as 2001.00001, so it counts for nothing"
    assert said in desk("rank").err
    assert said in desk("run").err
    assert said in desk("doctor").out


def test_rank_of_a_day_before_anything_was_known_says_so_in_place_of_empty_topics(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert "as it would be printed now: nothing was collected yet" in desk("rank", "--day", "2026-11-10").out
    desk("collect")
    early = desk("rank", "--day", "2026-11-10")

    assert early.out.count("\n") == 1
    assert "no paper was known yet at 2026-11-10 23:59 UTC" in early.out
    assert (
        "no paper was known yet at 2026-11-10 23:59 UTC" in desk("rank", "--day", "2026-11-10", "--json").json["notes"]
    )


def test_scores_have_six_decimals_at_most_and_parts_that_moved_nothing_are_not_explained(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("collect")
    scores = [paper["score"] for topic in desk("rank", "--json").json["topics"] for paper in topic["papers"]]

    assert scores
    assert all(score == round(score, 6) for score in scores)
    assert " +0.000" not in desk("rank", "--explain").out
