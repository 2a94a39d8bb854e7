"""Config to what the ranker is given: its settings and the packaged models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.config import Config
    from newsletter.rank.settings import RankSettings
    from newsletter.rank.text_model import Models


def rank_settings(config: Config) -> RankSettings:
    from newsletter.rank.settings import RankSettings

    ranking = config.ranking
    return RankSettings(
        lookback=ranking.lookback,
        exploration=ranking.exploration,
        dense=ranking.by_meaning,
        author_history=ranking.author_history,
        taste_half_life=ranking.taste_half_life,
        voted=filling(config),
    )


def open_models(config: Config) -> Models:
    """None at all where words alone are wanted: then they order searches and tastes too."""
    from newsletter.rank.text_model import Models, load_models

    return load_models() if config.ranking.by_meaning else Models()


def filling(config: Config) -> frozenset[str]:
    """Names of the sources whose list of a day grows, and is voted on, while the day lasts."""
    return frozenset(source.name for source in config.sources if source.kind == "huggingface")
