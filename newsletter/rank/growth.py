"""How votes grow with a paper's age: the packaged curve, drawn towards what the operator's own readings say."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# What share of a week's votes a paper has after so many hours, fitted on 4,370 papers of the hub's list (facts 1).
HOURS = (0.0, 6.0, 26.0, 50.0, 74.0)
SHARES = (0.10, 0.44, 0.743, 0.91, 1.0)
GROWN = 74.0  # hours from which a count is taken for the whole
ENOUGH = 30  # papers seen both young and grown, before a signal gets a curve of its own
BELIEF = 100.0  # papers of usual votes that the packaged curve is worth at each of its points
REACH = 0.5  # of the way to the next point: how far from a point a reading still tells of it


@dataclass(frozen=True, slots=True)
class Curves:
    """Shares at HOURS by signal; a signal that is not named grows as the packaged curve."""

    own: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def share(self, signal: str, hours: float) -> float:
        """The share of a week's votes that has come in after so many hours."""
        return float(np.interp(hours, HOURS, self.own.get(signal, SHARES)))


def fitted(series: Iterable[tuple[str, Sequence[tuple[float, float]]]]) -> Curves:
    """Curves from (signal, [(age in hours, votes), ...]) of papers, oldest reading first.

    At each point of the packaged curve: (votes then + BELIEF x usual votes x packaged share) / (votes in the end +
    BELIEF x usual votes), over the papers that were read near that age and again when they were grown, each brought to
    the point along the packaged curve. Shares never fall. A paper that was not read at some age says nothing of it.
    """
    grown: dict[str, list[tuple[Sequence[tuple[float, float]], float]]] = defaultdict(list)
    for signal, seen in series:
        whole = max((votes for age, votes in seen if age >= GROWN), default=0.0)
        young = [(age, votes) for age, votes in seen if 0 <= age < GROWN and 0 <= votes < np.inf]
        if young and 0 < whole < np.inf:
            grown[signal].append((young, whole))
    return Curves({signal: _curve(papers) for signal, papers in sorted(grown.items()) if len(papers) >= ENOUGH})


def _curve(papers: Sequence[tuple[Sequence[tuple[float, float]], float]]) -> tuple[float, ...]:
    usual = sum(whole for _, whole in papers) / len(papers)
    shares: list[float] = []
    for place, hours in enumerate(HOURS[:-1]):
        low = hours - REACH * (hours - HOURS[place - 1]) if place else 0.0
        high = hours + REACH * (HOURS[place + 1] - hours)
        then = end = BELIEF * usual
        then *= SHARES[place]
        for young, whole in papers:
            near = [(abs(age - hours), age, votes) for age, votes in young if low <= age < high]
            if near:
                _, age, votes = min(near)
                then += min(whole, votes * SHARES[place] / float(np.interp(age, HOURS, SHARES)))
                end += whole
        shares.append(round(max(then / end, shares[-1] if shares else 0.0), 6))
    return (*shares, 1.0)
