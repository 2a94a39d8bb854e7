"""Reading values of any shape without raising, and counting the items that had to be left out."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from newsletter.model.paper import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT_PROBLEMS = 20

_DAY = re.compile(r"\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)")


class Tally:
    """Problems of one reading, bounded: the first twenty in full, the others as one count.

    `kept`: they are of papers that are kept, and so no reader's business.
    """

    def __init__(self, *, kept: bool = False) -> None:
        self._kept = ". The paper is kept, each time." if kept else ""
        self._problems: list[Problem] = []
        self._more = 0

    def add(self, where: str, what: str, cure: str = "") -> None:
        if len(self._problems) < KEPT_PROBLEMS:
            self._problems.append(Problem(where, what, cure))
        else:
            self._more += 1

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add(problem.where, problem.what, problem.cure)

    def __len__(self) -> int:
        return len(self._problems) + self._more

    def problems(self, where: str) -> tuple[Problem, ...]:
        more = (Problem(where, f"and {self._more} more problems like these{self._kept}"),) if self._more else ()
        return (*self._problems, *more)


def from_json(body: bytes | str) -> Any:
    """The document, whatever its encoding mark. Raises ValueError with one plain sentence."""
    try:
        return json.loads(body if isinstance(body, str) else _decoded(body), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"not JSON ({_first_words(body)}): {str(error)[:200]}") from None


def _decoded(body: bytes) -> str:
    """RFC 8259 wants UTF-8; a source that sends something else gets its letters guessed, not its papers dropped."""
    try:
        return body.decode("utf-16" if body[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _first_words(body: bytes | str) -> str:
    head = body[:40].decode("utf-8", "replace") if isinstance(body, bytes) else body[:40]
    if not head.strip():
        return "the answer is empty"
    return "it is an HTML page" if head.lstrip("\ufeff \r\n\t").startswith("<") else f"it starts with {head[:20]!r}"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def papers(count: int) -> str:
    """1 paper, 2 papers"""
    return f"{count} paper{'s' * (count != 1)}"


def number(value: object) -> float | None:
    """A finite number of zero or more, also from a string of digits; None for all else (booleans too)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"[0-9]{1,15}", value.strip()) else None
    if not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and 0 <= found < 1e15 else None


def child(value: object, *names: str) -> Mapping[str, Any]:
    """The first of the named fields that is an object, or an empty one."""
    if isinstance(value, dict):
        for name in names:
            if isinstance(found := value.get(name), dict):
                return found
    return {}


def first(value: Mapping[str, Any], *names: str) -> Any:
    """The first of the named fields that is there and not null or empty."""
    for name in names:
        if value.get(name) not in (None, "", [], {}):
            return value[name]
    return None


def moment(value: object) -> datetime | None:
    """A moment in UTC from ISO 8601, an RFC 5322 date or a bare day; None when it is none. Naive is UTC."""
    if not isinstance(value, str) or not value.strip() or len(value) > 60:
        return None
    raw = value.strip()
    found = _iso(raw)
    if found is None:
        try:
            found = parsedate_to_datetime(raw)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _iso(raw: str) -> datetime | None:
    try:
        return datetime.fromisoformat(raw)
    except ValueError:
        day = _DAY.fullmatch(raw)
    try:
        return datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=UTC) if day else None
    except ValueError:
        return None


def day_of(value: object) -> date | None:
    """The day that a string opens with, zero-padded or not (bioRxiv writes both), or that a moment falls on in UTC."""
    if isinstance(value, str) and (found := _DAY.match(value)):
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            return None
    when = moment(value)
    return when.date() if when else None


def day_written(value: str) -> date | None:
    """The day of an RFC 5322 date as it is written there, whatever its zone: midnight in New York is that day."""
    try:
        return parsedate_to_datetime(value[:60]).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return day_of(value)


def split(value: str, between: str) -> list[str]:
    """A string's parts, bounded: at most ten thousand characters are looked at."""
    return re.split(between, value[:10_000])
