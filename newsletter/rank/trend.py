"""How much attention a paper gets for its age: votes against their growth curve, comparable across sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.growth import Curves, fitted
from newsletter.rank.numbers import percentile
from newsletter.rank.prior import Entrance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from newsletter.model.paper import Candidate, Reading

PACKAGED = Curves()
SHRINK_VOTES = 1.0  # a Gamma prior of this many votes ...
SHRINK_SHARE = 1 / 6  # ... over this share of a week: the posterior mean is (u + 1) / (F + 1/6)
UNVOTED = -0.25  # where a paper nobody could vote on stands on the scale of -1 to 1, before its prior
SEEN_TWICE = 0.1  # for each further list that a paper is on, at most two
VOTES = ("upvotes", "votes", "points", "likes")  # signals that are votes; stars and comments add nothing to them
MEDIA = "media"  # what a signal of pictures and films is called
RISING_WITHIN = timedelta(hours=48)
RISING_AT_LEAST = 5.0


@dataclass(frozen=True, slots=True)
class Attention:
    """One paper's votes: `expected` is the votes of a whole week that they foretell."""

    signal: str
    votes: float
    age_hours: float
    share: float  # of a week's votes that come in by that age
    expected: float


def expected_votes(votes: float, share: float) -> float:
    """Votes of a whole week foretold from those seen at a share F of their growth: (u + 1) / (F + 1/6)."""
    return (max(0.0, votes) + SHRINK_VOTES) / (share + SHRINK_SHARE)


def born(candidate: Candidate, source: str = "") -> datetime:
    """When votes began to count: midnight UTC of the first day on the source's list, else when it was first seen."""
    days = [listing.day for listing in candidate.listings if not source or listing.source == source]
    midnight = datetime.combine(min(days), time(), tzinfo=UTC) if days else None
    return min(midnight, candidate.first_seen) if midnight else candidate.first_seen


def age(candidate: Candidate, asof: datetime) -> timedelta:
    return max(timedelta(), asof - born(candidate))


def latest(readings: Sequence[Reading], asof: datetime) -> dict[str, Reading]:
    """The last reading of each signal at a moment."""
    found: dict[str, Reading] = {}
    for reading in sorted(readings, key=lambda r: (r.at, r.signal, r.value)):
        if reading.at <= asof:
            found[reading.signal] = reading
    return found


def entrance(candidate: Candidate, asof: datetime, voted: frozenset[str]) -> Entrance:
    """How the paper came onto a list of the sources whose readers vote."""
    days = [listing.day for listing in candidate.listings if listing.source in voted]
    sent = candidate.paper.published
    shown = [r for signal, r in latest(candidate.readings, asof).items() if signal.rpartition(".")[2] == MEDIA]
    waited = (min(days) - sent).days if days and sent else 0
    return Entrance(max(0, waited), any(reading.value > 0 for reading in shown))


def attention(candidate: Candidate, asof: datetime, curves: Curves | None = None) -> tuple[Attention, ...]:
    """The paper's votes by signal, those that were read by then."""
    found = []
    for signal, reading in sorted(latest(candidate.readings, asof).items()):
        source, _, what = signal.rpartition(".")
        if what in VOTES and np.isfinite(reading.value):
            hours = max(0.0, (reading.at - born(candidate, source)).total_seconds() / 3600)
            share = (curves or PACKAGED).share(signal, hours)
            found.append(Attention(signal, reading.value, hours, share, expected_votes(reading.value, share)))
    return tuple(found)


def grown(candidates: Iterable[Candidate], asof: datetime) -> Curves:
    """Growth as the readings of these papers up to `asof` tell it."""
    series = []
    for one in candidates:
        by_signal: dict[str, list[tuple[float, float]]] = {}
        for reading in sorted(one.readings, key=lambda r: (r.at, r.signal, r.value)):
            source, _, what = reading.signal.rpartition(".")
            if what in VOTES and reading.at <= asof:
                hours = (reading.at - born(one, source)).total_seconds() / 3600
                by_signal.setdefault(reading.signal, []).append((hours, reading.value))
        series += [(signal, seen) for signal, seen in by_signal.items() if len(seen) > 1]
    return fitted(series)


def trends(
    seen: Sequence[Sequence[Attention]], priors: NDArray[np.float64], lists: Sequence[int]
) -> NDArray[np.float64]:
    """Each paper's trend, about -1 to 1: the best of its sources, each by its place among that source's papers.

    `priors` (-1 to 1) stand in for papers without votes, at a fraction; `lists` is on how many lists a paper is.
    """
    by_signal: dict[str, list[tuple[int, float]]] = {}
    for row, votes in enumerate(seen):
        for vote in votes:
            by_signal.setdefault(vote.signal, []).append((row, vote.expected))
    best = UNVOTED + 2 * abs(UNVOTED) * np.clip(priors, -1.0, 1.0)
    voted: dict[int, float] = {}
    for _, votes_of in sorted(by_signal.items()):
        places = 2 * percentile(np.array([value for _, value in votes_of])) - 1
        for (row, _), place in zip(votes_of, places.tolist(), strict=True):
            voted[row] = max(place, voted.get(row, -1.0))
    best[list(voted)] = list(voted.values())
    best += SEEN_TWICE * np.clip(np.array(lists, dtype=np.float64) - 1, 0, 2)
    return best


def rising(candidate: Candidate, asof: datetime) -> float:
    """Votes gained in the last RISING_WITHIN, over all signals; readings before it must exist to compare with."""
    before, now = latest(candidate.readings, asof - RISING_WITHIN), latest(candidate.readings, asof)
    return sum(max(0.0, now[s].value - before[s].value) for s in now if s.rpartition(".")[2] in VOTES and s in before)


def risers(measured: Iterable[Candidate], asof: datetime) -> tuple[Candidate, ...]:
    """Those that gained enough lately to be looked at again, however old they are."""
    return tuple(one for one in measured if rising(one, asof) >= RISING_AT_LEAST)


def vote_order(votes: Sequence[Attention]) -> tuple[Attention, ...]:
    """The signals of one paper, most votes first."""
    return tuple(sorted(votes, key=lambda vote: (-vote.votes, vote.signal)))
