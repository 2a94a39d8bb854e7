"""The settings of ranking and of language models: part of the one list in `config_keys`."""

from __future__ import annotations

from newsletter import config_places as places
from newsletter import config_values as v
from newsletter.config_shape import Key, Section
from newsletter.config_types import RankingConfig, SummariesConfig

RANKING = Section(
    "ranking",
    "How papers are put in order. Two caps are fixed: of each `top` papers of a topic, at most two by one last author "
    "and two of one organisation, unless nothing else is left to fill it (docs/ranking.md).",
    RankingConfig,
    (
        Key("lookback", v.duration("24h", "30d"), "72h", "How far back a day's candidates reach."),
        Key(
            "exploration",
            v.whole(0, 10),
            1,
            "Picks an issue that come from outside the reader's habit, marked as such.",
        ),
        Key("dense", v.FLAG, True, 'Compare by meaning too. `false` is the same as `meaning = "none"`.'),
        Key(
            "meaning",
            v.choice("packaged", "none", "full", "endpoint"),
            "packaged",
            "What papers and topics are compared by beside their words: the small text model of the package, nothing, "
            "the full all-MiniLM-L6-v2 (extra `full`, runs here), or an endpoint for embeddings.",
        ),
        Key(
            "embeddings_url",
            places.URL,
            "",
            "`endpoint`: an OpenAI-compatible address that ends before `/embeddings`.",
        ),
        Key("embeddings_model", v.TEXT, "", "`endpoint`: the model's name there."),
        Key(
            "embeddings_key",
            v.SECRET,
            "",
            "`endpoint`: the key, where one is wanted, best given as `NEWSLETTER_RANKING__EMBEDDINGS_KEY`.",
            secret=True,
        ),
        Key("embeddings_price", v.AMOUNT, 0.0, "`endpoint`: what a million tokens cost."),
        Key(
            "embeddings_budget",
            v.AMOUNT,
            1.0,
            "`endpoint`: the most that a day may cost, in the same money. What it does not pay for, the packaged model "
            "ranks.",
        ),
        Key(
            "taste_half_life",
            v.duration("0s", "3650d"),
            "365d",
            "What a reader said of a paper counts half after this time; `0s`: for ever.",
        ),
        Key("author_history", v.FLAG, False, "Let an author's earlier success count. Off: new authors start equal."),
    ),
)

SUMMARIES = Section(
    "summaries",
    "Summaries written by a language model, in place of picked sentences. Off while `url` is empty.",
    SummariesConfig,
    (
        Key("url", places.URL, "", "An OpenAI-compatible address that ends before `/chat/completions`; empty: off."),
        Key("model", v.TEXT, "", "The model's name there."),
        Key("key", v.SECRET, "", "The key for it, where one is wanted.", secret=True),
        Key("price_in", v.AMOUNT, 0.0, "What a million tokens of a question cost."),
        Key("price_out", v.AMOUNT, 0.0, "What a million tokens of an answer cost."),
        Key("daily_budget", v.AMOUNT, 1.0, "The most that a day may cost, in the same money."),
        Key("daily_papers", v.whole(0, 10_000), 200, "The most questions on a day: one a paper and language."),
        Key(
            "translate",
            v.FLAG,
            False,
            "Ask for each shown paper's summary in the readers' other languages too, within the same budget "
            "(docs/ranking.md).",
        ),
    ),
)
