"""Text and dates as a person reads them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter.compose.detex import detex
from newsletter.compose.text import clean as one_line

if TYPE_CHECKING:
    from datetime import date, datetime

    from newsletter.errors import AddressError


@lru_cache(maxsize=20_000)
def clean(text: str) -> str:
    """A source's text in one clean line, its TeX as Unicode."""
    return detex(one_line(text))


def long_day(day: date) -> str:
    """Friday, 20 November 2026"""
    return f"{day:%A}, {day.day} {day:%B %Y}"


def short_day(day: date) -> str:
    """Fri 20 Nov"""
    return f"{day:%a} {day.day} {day:%b}"


def about_address(error: AddressError) -> str:
    """What is wrong with an address, as a sentence to the person who typed it."""
    what = f"{error.what[:1].upper()}{error.what[1:]}".rstrip(".")
    return f"{what}{'' if what.endswith('?') else '.'} {error.cure}".strip()


def moment(at: datetime | None) -> str:
    """2026-11-20 08:00 UTC"""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"


def short_count(count: int) -> str:
    """A number within five letters: 9,876, 98k, 1.2M"""
    if count < 10_000:
        return f"{count:,}"
    return f"{count / 1000:.0f}k" if count < 999_500 else f"{count / 1_000_000:.1f}M"


def plural(count: int, one: str, many: str = "") -> str:
    """1 paper, 2 papers"""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
