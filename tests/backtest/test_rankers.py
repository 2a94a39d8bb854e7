"""A ranker is named by a preset or spelled out; what cannot be is refused in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.backtest.rankers import MEANS, PRESETS, read_ranker
from newsletter.errors import UsageError
from newsletter.rank.settings import RankSettings

USUAL = RankSettings()


def test_presets_and_settings_make_a_ranker() -> None:
    assert read_ranker("default", USUAL) == read_ranker("", USUAL) == USUAL
    assert read_ranker("words", USUAL) == replace(USUAL, dense=False)
    assert read_ranker("hot, mmr=0.5,depth=2,lookback=48h,author_history=TRUE", USUAL) == replace(
        USUAL, trend_weight=1.0, mmr=0.5, depth=2, lookback=timedelta(hours=48), author_history=True
    )


def test_every_preset_can_be_read_and_is_explained() -> None:
    assert {name for name in PRESETS if read_ranker(name, USUAL)} == set(MEANS)


@pytest.mark.parametrize(
    "text", ["best", "mmr", "mmr=", "mmr=much", "dense=1", "depth=1.5", "lookback=", "x=1", "lookback=1e99"]
)
def test_what_is_no_ranker_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_ranker(text, USUAL)

    assert refused.value.cure
