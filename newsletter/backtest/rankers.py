"""Rankers by name: the operator's own settings, presets, and settings spelled out."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.rank.settings import RankSettings

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "words": {"dense": False},
    "topic": {"trend_weight": 0.0},
    "hot": {"trend_weight": 1.0},
    "plain": {"mmr": 1.0, "per_author": 1000, "per_organization": 1000},
}
MEANS = {
    "default": "as configured",
    "words": "by words alone, without the text model",
    "topic": "votes do not count",
    "hot": "votes count as much as the topic",
    "plain": "without variety and caps",
}


def read_ranker(text: str, settings: RankSettings) -> RankSettings:
    """`text` is a preset or `name=value,...` over the settings of `newsletter.rank.settings`; presets may lead.

    Raises UsageError with what there is.
    """
    for part in filter(None, (one.strip() for one in text.split(","))):
        if part in PRESETS:
            settings = replace(settings, **PRESETS[part])
            continue
        name, _, value = part.partition("=")
        kinds = {field.name: field.default for field in fields(settings)}
        if name not in kinds or not value:
            raise UsageError(
                f'"{part}" is no ranker.',
                cure=f"Write one of {', '.join(PRESETS)}, or settings like trend_weight=0.7,dense=false: "
                f"{', '.join(sorted(kinds))}.",
            )
        changed: dict[str, Any] = {name: _value(part, value, kinds[name])}
        settings = replace(settings, **changed)
    return settings


def _value(part: str, value: str, like: object) -> object:
    """The text as the kind of value that the setting has; durations in hours."""
    try:
        if isinstance(like, bool):
            return {"true": True, "false": False}[value.lower()]
        if isinstance(like, timedelta):
            return timedelta(hours=float(value.removesuffix("h")))
        return type(like)(value)  # type: ignore[call-arg]  # int or float
    except (KeyError, ValueError, OverflowError) as error:
        raise UsageError(f'"{part}": this value cannot be.', cure=f"It is now {like}.") from error
