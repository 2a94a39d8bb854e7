"""The TL;DR of a paper without a model: the source's own, or the sentences that say problem, idea and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.compose.detex import detex
from newsletter.compose.text import clean, shorten

if TYPE_CHECKING:
    from newsletter.model.paper import Paper

_LIMIT = 280


@dataclass(frozen=True, slots=True)
class Summary:
    """At most 280 characters; `by` names whose words they are when they are not the paper's."""

    text: str
    by: str = ""


def tldr(paper: Paper) -> Summary:
    if paper.summary.strip():
        return Summary(shorten(detex(clean(paper.summary, 1500)), _LIMIT), clean(paper.summary_by, 60))
    return Summary(shorten(detex(clean(paper.abstract, 6000)), _LIMIT))
