"""World to papers and readings: sources, signals, one polite HTTP client, and the merge."""

from __future__ import annotations

from newsletter.collect.asking import gather, polls_of
from newsletter.collect.http import Http
from newsletter.collect.merge import Merged, fold, keys_of
from newsletter.collect.opening import open_http, open_signal, open_source
from newsletter.collect.plan import days_wanted
from newsletter.collect.settle import Settled, settled

__all__ = [
    "Http",
    "Merged",
    "Settled",
    "days_wanted",
    "fold",
    "gather",
    "keys_of",
    "open_http",
    "open_signal",
    "open_source",
    "polls_of",
    "settled",
]
