"""How each kind of setting is read: from TOML, from the environment, into a checked value."""

from __future__ import annotations

import difflib
import json
import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from newsletter.model.mail import WarmUp
from newsletter.model.paper import pasted_id

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(s|sec|second|m|min|minute|h|hour|d|day)")
_WARM_UP = re.compile(r"(\d{1,7}) from (\d{4}-\d{2}-\d{2}), x(\d{1,2}(?:\.\d+)?) a day")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Wrong(ValueError):  # noqa: N818 - it is a finding about a value, turned into one line of a ConfigError
    """A value that cannot be: `what` says what it must be, `cure` is a sentence, `given` the wrong part of a list."""

    def __init__(self, what: str, cure: str = "", *, given: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure
        self.given = given


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value. `parse` takes what TOML gave; `read` turns an environment string into that."""

    label: str
    parse: Callable[[Any], Any]
    read: Callable[[str], Any] = str
    blank_is_unset: bool = True  # an empty environment variable leaves the setting alone


def describe(raw: object) -> str:
    """A given value in words: its text, shortened, and its type when that is what is wrong."""
    match raw:
        case bool():
            return "true" if raw else "false"
        case str():
            safe = re.sub(r"(://[^:/@\s]*):[^@/\s]*@", r"\1:********@", raw)
            return json.dumps(safe if len(safe) <= 60 else safe[:57] + "...", ensure_ascii=not safe.isprintable())
        case int() | float():
            return f"the number {raw}"
        case list():
            return "a list"
        case dict():
            return "a table"
    return f"the date or time {raw}"


def nearest(word: str, words: list[str]) -> str:
    """The likeliest meant word, or nothing."""
    lowered = {w.lower(): w for w in words}
    match_ = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[match_[0]] if match_ else ""


def require_text(raw: Any, example: str = "") -> str:
    if not isinstance(raw, str):
        raise Wrong("must be text", f"Put it in quotes{f': {example}' if example else ''}.")
    return raw


def _line(raw: Any) -> str:
    value = require_text(raw).strip()
    if _CONTROL.search(value):
        raise Wrong("must be one line without control characters", "Take the line break or control character out.")
    return value


def _lines(raw: Any) -> str:
    value = require_text(raw).strip()
    if _CONTROL_IN_LINES.search(value):
        raise Wrong("must be text without control characters", "Take the control characters out.")
    return value


def _secret(raw: Any) -> str:
    value = require_text(raw)
    if _CONTROL_IN_LINES.search(value):
        raise Wrong("must be text without control characters", "Take the control characters out.")
    return value


def _named(raw: Any) -> str:
    if not (value := _line(raw)):
        raise Wrong("must not be empty", 'Give it a name, such as "Trending Papers".')
    return value


def _weight(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 < raw <= 1000:
        raise Wrong("must be a number over 0, 1000 at most", "Write it without quotes, such as 1 or 2.5.")
    return float(raw)


def _amount(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw < 1e9:
        raise Wrong("must be a number, 0 or more", "Write it without quotes, such as 0.5.")
    return float(raw)


def _read_amount(text: str) -> Any:
    """What an environment variable says; what is no number is left to `_amount` to refuse."""
    try:
        return float(text)
    except ValueError:
        return text


def whole(low: int, high: int) -> Kind:
    """A whole number from low to high."""

    def parse(raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise Wrong(f"must be a whole number from {low} to {high}", "Write the digits without quotes or a point.")
        if not low <= raw <= high:
            raise Wrong(f"must be a whole number from {low} to {high}")
        return raw

    def read(text: str) -> int | str:
        return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text.strip()) else text

    return Kind(f"whole number, {low} to {high}", parse, read)


def _flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise Wrong("must be true or false", "Write true or false, without quotes.")
    return raw


def _read_flag(text: str) -> bool | str:
    words = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0"), False)
    return words.get(text.strip().lower(), text)


def parse_duration(text: str) -> timedelta:
    """A span such as "90s", "20m", "12h", "2d" or "1h30m". ValueError: it is none of these."""
    if not _DURATION.fullmatch(compact := text.replace(" ", "")) or len(compact) > 20:
        raise ValueError(text)
    return timedelta(seconds=sum(float(n) * _SECONDS[u] for n, u in _DURATION_PART.findall(compact)))


def show_duration(span: timedelta) -> str:
    """The inverse of `parse_duration`: the shortest exact form with one unit."""
    seconds = span.total_seconds()
    units = ("d", "h", "m") if seconds > 4 * _SECONDS["d"] else ("h", "m")
    unit = next((u for u in units if seconds and seconds % _SECONDS[u] == 0), "s")
    return f"{seconds / _SECONDS[unit]:.6f}".rstrip("0").rstrip(".") + unit


def duration(low: str, high: str) -> Kind:
    """A length of time from low to high."""

    def parse(raw: Any) -> timedelta:
        must = f'must be a length of time from "{low}" to "{high}"'
        try:
            span = parse_duration(raw) if isinstance(raw, str) else None
        except ValueError:
            span = None
        if span is None:
            raise Wrong(must, 'Write a number and a unit, s, m, h or d, in quotes: "20m".')
        if not parse_duration(low) <= span <= parse_duration(high):
            raise Wrong(must)
        return span

    return Kind(f'length of time, "{low}" to "{high}"', parse)


def rate_per_second(rate: str) -> float | None:
    """A rate such as "14/s" or "50000/day" in mails a second; None for "" (no limit). ValueError: not a rate."""
    if not rate.strip():
        return None
    found = _RATE.fullmatch(rate.strip().lower())
    if not found or not 0 < float(found[1]) < math.inf:
        raise ValueError(rate)
    return float(found[1]) / _SECONDS[found[2][0]]


def _rate(raw: Any) -> str:
    value = require_text(raw, '"14/s"').strip()
    try:
        rate_per_second(value)
    except ValueError:
        raise Wrong("must be a number of mails for a time", 'Write "14/s", "600/m", "3000/h" or "50000/day".') from None
    return value


def _warm_up(raw: Any) -> WarmUp | None:
    value = require_text(raw, '"200 from 2026-12-01, x1.5 a day"').strip()
    if not value:
        return None
    found = _WARM_UP.fullmatch(value.lower())
    try:
        plan = WarmUp(int(found[1]), date.fromisoformat(found[2]), float(found[3])) if found else None
    except ValueError:
        plan = None
    if plan is None or not plan.first or not 1 < plan.growth <= 10:
        cure = 'Write "200 from 2026-12-01, x1.5 a day": mails on the first day, that day, and how fast they grow.'
        raise Wrong("must be a first number of mails, a day, and a growth over 1 a day", cure)
    return plan


def choice(*words: str) -> Kind:
    """One word of a few."""
    names = [f'"{word}"' for word in words]
    listed = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]

    def parse(raw: Any) -> str:
        if not isinstance(raw, str) or raw not in words:
            meant = nearest(raw, list(words)) if isinstance(raw, str) else ""
            raise Wrong(f"must be {listed}", f'Did you mean "{meant}"?' if meant else "")
        return raw

    return Kind(" \\| ".join(f"`{word}`" for word in words), parse)


def _texts(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise Wrong("must be a list of texts", 'Write it in brackets: ["one", "two"].')
    return tuple(item for item in map(_line, raw) if item)


def _read_list(text: str) -> Any:
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return [part.strip() for part in text.split(",")]


def _keywords(raw: Any) -> tuple[str, ...]:
    words = _texts(raw)
    for word in words:
        if word.count('"') % 2:
            cure = r'Write a phrase as "\"chain of thought\"".'
            raise Wrong("must close every quoted phrase", cure, given=describe(word))
    return words


def _papers(raw: Any) -> tuple[str, ...]:
    return tuple(map(pasted_id, _texts(raw)))


def _durations(raw: Any) -> tuple[timedelta, ...]:
    if not isinstance(raw, list) or not raw:
        raise Wrong("must be a list of lengths of time", 'Write it in brackets: ["30s", "5m"].')
    one = duration("1s", "1d").parse
    spans = []
    for item in raw:
        try:
            spans.append(one(item))
        except Wrong as wrong:
            what = wrong.what.replace("be a length", "hold lengths")
            raise Wrong(what, wrong.cure, given=describe(item)) from None
    return tuple(spans)


def _slug(raw: Any) -> str:
    value = require_text(raw)
    if not _SLUG.fullmatch(value) or len(value) > 64:
        meant = "-".join(re.findall(r"[a-z0-9]+", value.lower()))[:64].strip("-")
        raise Wrong(
            "must be small letters, digits and single hyphens, since it becomes part of a web address",
            f'Write "{meant}".' if meant else "",
        )
    return value


TEXT = Kind("text, one line", _line, blank_is_unset=False)
NAMED = Kind("text, one line, not empty", _named)
LINES = Kind("text", _lines, blank_is_unset=False)
SECRET = Kind("text, kept secret", _secret, blank_is_unset=False)
PATH = Kind("path", _line, blank_is_unset=False)
AMOUNT = Kind("number, 0 or more", _amount, _read_amount)
WEIGHT = Kind("number over 0", _weight, _read_amount)
WARM_UP = Kind('such as `"200 from 2026-12-01, x1.5 a day"`; empty: none', _warm_up, blank_is_unset=False)
FLAG = Kind("`true` \\| `false`", _flag, _read_flag)
RATE = Kind('rate, such as `"14/s"` or `"50000/day"`; empty: no limit', _rate, blank_is_unset=False)
TEXTS = Kind("list of texts", _texts, _read_list, blank_is_unset=False)
PAPERS = Kind("list of papers: ids, or their addresses", _papers, _read_list, blank_is_unset=False)
KEYWORDS = Kind("list of words and quoted phrases", _keywords, _read_list, blank_is_unset=False)
DURATIONS = Kind("list of lengths of time", _durations, _read_list)
SLUG = Kind("small letters, digits, hyphens", _slug)
