"""The sentence under each pick: what matched and who voted, in words that are true of the score's parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.rank.trend import Attention


@dataclass(frozen=True, slots=True)
class Reasons:
    """What is known to be true of one pick. Empty means: not so."""

    words: tuple[str, ...] = ()  # as the paper spells them
    near: bool = False  # in meaning
    category: str = ""
    author: str = ""
    organization: str = ""
    seed: str = ""  # title
    votes: tuple[Attention, ...] = ()
    gained: float = 0.0  # votes of the last two days, for a late bloomer
    prior: str = ""
    beyond: str = ""  # the cap of author or organisation that this pick is in spite of


def sentence(reasons: Reasons) -> str:
    """One sentence, most telling reason first."""
    said = []
    if reasons.author:
        said.append(f"by {reasons.author}, whom this topic follows")
    if reasons.organization:
        said.append(f"from {reasons.organization}, which this topic follows")
    if reasons.words:
        said.append(f"says {listed([f'“{word}”' for word in reasons.words])}")
    if reasons.category:
        said.append(f"is in {reasons.category}")
    if reasons.seed:
        said.append(f"is like “{shorten(reasons.seed)}”")
    if reasons.near:
        said.append("is close to the topic in meaning")
    said.extend(vote_words(vote) for vote in reasons.votes)
    if reasons.gained:
        said.append(f"gained {number(reasons.gained)} votes in the last two days")
    if not reasons.votes and reasons.prior:
        said.append(reasons.prior)
    if reasons.beyond:
        said.append(f"fills up the topic, though {reasons.beyond}")
    text = "; ".join(said) or "the best of what there was"
    return text[0].upper() + text[1:] + "."


def vote_words(vote: Attention) -> str:
    """`12 upvotes after 8 hours`; the signal's source is named unless it is plain."""
    source, _, what = vote.signal.rpartition(".")
    noun = what[:-1] if vote.votes == 1 and what.endswith("s") else what
    where = "" if source in {"", "huggingface", "file"} else f" on {source}"
    return f"{number(vote.votes)} {noun}{where} {after(vote.age_hours)}"


def after(hours: float) -> str:
    if hours < 48:
        whole = max(1, round(hours))
        return f"after {whole} hour{'s'[: whole != 1]}"
    return f"after {round(hours / 24)} days"


def number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def shorten(title: str, limit: int = 90) -> str:
    flat = " ".join(title.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1].rstrip()}…"
