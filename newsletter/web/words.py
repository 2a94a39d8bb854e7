"""Text and dates as a person reads them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter.compose.detex import detex
from newsletter.compose.text import clean as one_line

if TYPE_CHECKING:
    from datetime import date, datetime

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@lru_cache(maxsize=20_000)
def clean(text: str) -> str:
    """A source's text in one clean line, its TeX as Unicode."""
    return detex(one_line(text))


def first_sentences(text: str, *, most: int = 280) -> str:
    """The opening sentences within `most` characters, at least one, cut at a word when it is longer."""
    taken = ""
    for sentence in _SENTENCE_END.split(text):
        longer = f"{taken} {sentence}".strip()
        if len(longer) > most:
            break
        taken = longer
    if taken or len(text) <= most:
        return taken or text
    return text[: most - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def long_day(day: date) -> str:
    """Friday, 20 November 2026"""
    return f"{day:%A}, {day.day} {day:%B %Y}"


def short_day(day: date) -> str:
    """Fri 20 Nov"""
    return f"{day:%a} {day.day} {day:%b}"


def moment(at: datetime | None) -> str:
    """2026-11-20 08:00 UTC"""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"


def plural(count: int, one: str, many: str = "") -> str:
    """1 paper, 2 papers"""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
