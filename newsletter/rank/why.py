"""Why a paper was picked: what matched and who voted, in reasons that are true of the score's parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.rank.trend import Attention
    from newsletter.tongue.reasons import Reason


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
    nearest: bool = False  # it passed the gate by its score, whatever of its text did it
    fresh: float | None = None  # hours since it was listed, where nothing but its age and promise put it here
    promising: bool = False  # more votes are expected of its text than of the day's papers on average
    gained: float = 0.0  # votes of the last two days, for a late bloomer
    prior: Reason = ()
    beyond: Reason = ()  # the cap of author or organisation that this pick is in spite of


def reasons_for(reasons: Reasons) -> tuple[Reason, ...]:
    """The most telling first; `tongue.reasons.sentence` says them. One of them says what put the paper here."""
    said = _matched(reasons)
    said.extend(vote_reason(vote) for vote in reasons.votes if vote.votes > 0)
    if reasons.gained:
        said.append(("gained", _plain(reasons.gained)))
    if not said and reasons.fresh is not None:
        said.append(("fresh", str(round(reasons.fresh))))
        if reasons.promising:
            said.append(("promising",))
    if not reasons.votes and reasons.prior:
        said.append(("unvoted", reasons.prior[2]))
    if reasons.beyond:
        said.append(("beyond", *reasons.beyond[1:]))
    return tuple(said)


def _matched(reasons: Reasons) -> list[Reason]:
    """What of the topic it meets."""
    said: list[Reason] = []
    if reasons.author:
        said.append(("author", reasons.author))
    if reasons.organization:
        said.append(("organization", reasons.organization))
    if reasons.words:
        said.append(("words", *reasons.words))
    if reasons.category:
        said.append(("category", reasons.category))
    if reasons.seed:
        said.append(("seed", shorten(reasons.seed)))
    if reasons.near:
        said.append(("near",))
    return said or ([("nearest",)] if reasons.nearest else [])


def vote_reason(vote: Attention) -> Reason:
    """What was counted, by whom (empty where it is plain), how many, and the age in hours, days where it is more."""
    source, _, what = vote.signal.rpartition(".")
    where = "" if source.partition(":")[0] in {"huggingface", "file"} else source  # file:papers
    hours = max(1, round(vote.age_hours)) if vote.age_hours < 48 else 24 * round(vote.age_hours / 24)
    return ("votes", what, where, _plain(vote.votes), str(hours))


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def shorten(title: str, limit: int = 90) -> str:
    flat = " ".join(title.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1].rstrip()}…"
