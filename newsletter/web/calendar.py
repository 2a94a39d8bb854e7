"""Days, weeks and months of the archive: their addresses, their neighbours, and why a day is empty."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from newsletter.tongue.tongue import marked
from newsletter.web.words import short_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from newsletter.model.edition import Edition

ASKED = 5  # days of a gap
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Span:
    """A week or a month: first and last day, its address and its name."""

    first: date
    last: date
    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Empty days between two editions, and why, in words."""

    first: date
    last: date
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        first, last = self.first, self.last
        span = short_day(first) if first == last else f"{short_day(first)} to {short_day(last)}"
        return f"{span}: {'; '.join(self.reasons)}"


@dataclass(frozen=True, slots=True)
class Turn:
    """One step in the date navigation."""

    day: date
    gap: Gap | None = None


def parse_day(text: str) -> date | None:
    """An ISO date and nothing looser."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_week(text: str) -> Span | None:
    """`2026-W47` (ISO 8601), Monday to Sunday."""
    if not (match := _WEEK.fullmatch(text)):
        return None
    try:
        first = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return week_of(first)
    except (ValueError, OverflowError):
        return None


def parse_month(text: str) -> Span | None:
    """`2026-11`."""
    if not (match := _MONTH.fullmatch(text)):
        return None
    try:
        return month_of(date(int(match[1]), int(match[2]), 1))
    except ValueError:
        return None


def week_of(day: date) -> Span:
    first = day - timedelta(days=day.weekday())
    year, week, _ = day.isocalendar()
    return Span(first, first + timedelta(days=6), f"/week/{year:04}-W{week:02}", f"Week {week}, {year}")


def month_of(day: date) -> Span:
    last = calendar.monthrange(day.year, day.month)[1]
    return Span(
        day.replace(day=1), day.replace(day=last), f"/month/{day.year:04}-{day.month:02}", f"{day:%B} {day.year}"
    )


def turns(day: date, full: Sequence[date], why: Callable[[date], Sequence[str]]) -> tuple[Turn | None, Turn | None]:
    """(back, forth): the nearest days of `full` (sorted) around `day`, with the gaps that are skipped."""
    before = [one for one in full if one < day]
    after = [one for one in full if one > day]
    back = Turn(before[-1], _gap(before[-1], day, why)) if before else None
    forth = Turn(after[0], _gap(day, after[0], why)) if after else None
    return back, forth


def reasons(day: date, edition: Edition | None, notes: Sequence[str]) -> tuple[str, ...]:
    """Why a day has no papers: the edition's own notes, else the run's, else what the calendar says."""
    if edition is not None and edition.notes:
        return edition.notes
    if notes:
        return tuple(notes)
    if edition is not None:
        return (marked("no paper was new"),)
    if day.weekday() >= 5:
        return (marked("weekend, no lists are published"),)
    return (marked("no edition was printed"),)


def _gap(first: date, last: date, why: Callable[[date], Sequence[str]]) -> Gap | None:
    """What lies between two days; only the first days of a long gap are asked why."""
    empty = (last - first).days - 1
    if empty < 1:
        return None
    said: dict[str, None] = {}
    for step in range(1, min(empty, ASKED) + 1):
        said |= dict.fromkeys(why(first + timedelta(days=step)))
    return Gap(first + timedelta(days=1), last - timedelta(days=1), tuple(said)[:3])
