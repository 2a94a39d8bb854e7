"""A backtest as a document for programs, and as a page with plots for people."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from newsletter.backtest.measures import NAMES, TITLES, Interval, difference, summary
from newsletter.compose.templates import page_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from newsletter.stages.replaying import Replayed, Row


@dataclass(frozen=True, slots=True)
class Point:
    """The mean nDCG of a day in the plot: `x` is the day's place from left to right, `y` from top to bottom, in %."""

    x: float
    y: float
    day: date
    ndcg: float


@dataclass(frozen=True, slots=True)
class Result:
    """All that a backtest says. `means` follow `rankers`; `gain` is the first less the second, when there are two."""

    rankers: tuple[str, ...]
    days: tuple[date, ...]
    rows: tuple[Row, ...]
    replays: tuple[Replayed, ...]
    means: tuple[Mapping[str, Interval], ...]
    gain: Mapping[str, Interval]


def conclude(rankers: Sequence[str], days: Sequence[date], rows: Sequence[Row], replays: Sequence[Replayed]) -> Result:
    """Means over the days with their intervals, and the paired difference."""
    by_day: dict[date, list[Row]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append(row)
    means = [
        summary([[row.measures[place] for row in day] for day in by_day.values()]) for place in range(len(rankers))
    ]
    gain = {}
    if len(rankers) > 1:
        gain = difference([[(row.measures[0], row.measures[1]) for row in day] for day in by_day.values()])
    return Result(tuple(rankers), tuple(days), tuple(rows), tuple(replays), tuple(means), gain)


def document(result: Result) -> dict[str, Any]:
    """For `--json`; a number that cannot be said is null."""
    return {
        "days": [day.isoformat() for day in result.days],
        "rankers": list(result.rankers),
        "rows": [
            {
                "day": row.day.isoformat(),
                "topic": row.topic,
                "field": row.field,
                "measures": [{name: _number(value) for name, value in asdict(one).items()} for one in row.measures],
            }
            for row in result.rows
        ],
        "means": [{name: _interval(one) for name, one in means.items()} for means in result.means],
        "difference": {name: _interval(one) for name, one in result.gain.items()},
        "replay": [
            {"day": one.day.isoformat(), "same_bytes": not one.differs, "differs": list(one.differs)}
            for one in result.replays
        ],
    }


def _interval(one: Interval) -> dict[str, float | None]:
    return {name: _number(value) for name, value in asdict(one).items()}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def page(result: Result, name: str) -> str:
    """One HTML document, complete in itself."""
    environment = page_environment()
    return environment.get_template("web/backtest.html.j2").render(
        name=name,
        result=result,
        names=[one for one in NAMES if not all(math.isnan(means[one].mean) for means in result.means)],
        titles=TITLES,
        lines=[(ranker, _line(result, place)) for place, ranker in enumerate(result.rankers)],
        same=sum(not one.differs for one in result.replays),
    )


def _line(result: Result, place: int) -> list[Point]:
    """The mean nDCG of each day that has one, a little away from the edges; the line runs on over the others."""
    values: dict[date, list[float]] = {}
    for row in result.rows:
        if not math.isnan(row.measures[place].ndcg):
            values.setdefault(row.day, []).append(row.measures[place].ndcg)
    points = []
    for column, day in enumerate(result.days):
        if day in values:
            mean = sum(values[day]) / len(values[day])
            across = column / max(1, len(result.days) - 1)
            points.append(Point(round(1 + 98 * across, 2), round(95 - 90 * mean, 2), day, mean))
    return points
