"""Small plots as numbers: points for an inline SVG, no script and no style needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


WIDEST = 48.0  # units that a bar may be wide: a single day is a bar and no wall


@dataclass(frozen=True, slots=True)
class Plot:
    """A line in a box of `width` by `height` user units; `label` says in words what the line shows."""

    width: int
    height: int
    points: str  # "0,24 48,12 96,3"
    last: tuple[float, float]
    label: str
    low: float
    high: float
    first_at: str = ""
    last_at: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a bar chart."""

    x: float
    y: float
    width: float
    height: float
    label: str
    kind: str = ""


def draw(series: Sequence[tuple[str | datetime, float]], *, width: int, height: int, what: str = "") -> Plot | None:
    """The series (time, value), oldest first, as a line from zero; None for fewer than two moments."""
    moments = [(_seconds(at), value) for at, value in series]
    if len(moments) < 2 or moments[-1][0] <= moments[0][0]:
        return None
    start, end = moments[0][0], moments[-1][0]
    low, high = min(value for _, value in moments), max(value for _, value in moments)
    pad, top = 2.0, max(high, 1.0)
    bottom = min(low, 0.0)
    places = [
        (
            round(pad + (at - start) / (end - start) * (width - 2 * pad), 1),
            round(height - pad - (value - bottom) / (top - bottom) * (height - 2 * pad), 1),
        )
        for at, value in moments
    ]
    hours = (end - start) / 3600
    span = f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
    first, last = moments[0][1], moments[-1][1]
    label = f"{what or 'Upvotes'}: from {first:g} to {last:g} in {span}"
    return Plot(
        width,
        height,
        " ".join(f"{x:g},{y:g}" for x, y in places),
        places[-1],
        label,
        low,
        high,
        _day(series[0][0]),
        _day(series[-1][0]),
    )


def tallest(series: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> int:
    """What the top of a bar chart stands for."""
    return max((sum(count for _, count in parts) for _, parts in series), default=0)


def bars(series: Sequence[tuple[str, Sequence[tuple[str, int]]]], *, width: int, height: int) -> tuple[Bar, ...]:
    """Stacked bars, one for each (label, ((kind, count), ...)); the tallest stack fills the height."""
    most = tallest(series)
    if not most:
        return ()
    step = width / len(series)
    wide = min(step * 0.8, WIDEST)
    found = []
    for place, (label, parts) in enumerate(series):
        floor = float(height)
        for kind, count in parts:
            tall = count / most * height
            floor -= tall
            if count:
                found.append(
                    Bar(
                        round(place * step + (step - wide) / 2, 1),
                        round(floor, 1),
                        round(wide, 1),
                        round(tall, 1),
                        f"{label}: {count} {kind}",
                        kind,
                    )
                )
    return tuple(found)


def _seconds(at: str | datetime) -> float:
    return (datetime.fromisoformat(at) if isinstance(at, str) else at).timestamp()


def _day(at: str | datetime) -> str:
    return (at if isinstance(at, str) else at.isoformat())[:10]
