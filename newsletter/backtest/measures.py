"""How well a list of picks meets what readers of the sources chose later: PURE, every measure with its source."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CUT = 10
TOP_THREE = 3
SAMPLES = 1000
SEED = 20_261_120


@dataclass(frozen=True, slots=True)
class Measures:
    """One ranker on one topic of one day; all between 0 and 1, larger is better, NaN where nothing can be said."""

    ndcg: float
    recall: float
    mrr: float
    auc: float
    coverage: float
    diversity: float
    novelty: float


TITLES = {
    "ndcg": "nDCG@10",
    "recall": "recall@10",
    "mrr": "MRR",
    "auc": "AUC",
    "coverage": "coverage",
    "diversity": "diversity",
    "novelty": "novelty",
}
NAMES = tuple(field.name for field in fields(Measures))


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known later of one topic on one day. `later` and `then` are votes of every paper of any ranker's pool."""

    top: int
    later: Mapping[str, float]
    then: Mapping[str, float]
    words: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over days with the middle 95 % of its bootstrap (Efron 1979); NaN where nothing was measured."""

    mean: float
    low: float
    high: float


def measure(picks: Sequence[str], judged: Judged) -> Measures:
    """`picks` are paper ids, best first.

    The field is what any ranker took into its pool (pooling: Spärck Jones and van Rijsbergen 1975). nDCG with gain
    log2(1 + votes) at 10 (Järvelin and Kekäläinen 2002); recall of the true top ten; reciprocal rank of the first of
    the true top three; AUC of the true top fifth against the rest (Mann and Whitney 1947), who is not picked tied at
    the bottom; coverage: how much of the section is filled; diversity: one less the mean share of words that two
    shown papers have in common; novelty: the mean place by votes at the time among the field, least voted first.
    """
    ranked = sorted(judged.later, key=lambda one: (-judged.later[one], one))
    voted = [one for one in ranked if judged.later[one] > 0]
    shown = picks[: judged.top]
    return Measures(
        ndcg=_ratio(_gain(picks, judged.later), _gain(ranked, judged.later)),
        recall=_share(voted[:CUT], picks[:CUT]),
        mrr=_first(picks, voted[:TOP_THREE]),
        auc=_auc(picks, voted[: max(1, len(ranked) // 5)], ranked),
        coverage=len(shown) / judged.top,
        diversity=_diversity([judged.words[one] for one in shown]),
        novelty=_novelty(shown, judged.then),
    )


def interval(by_day: Sequence[Sequence[float]]) -> Interval:
    """The mean of all values, days drawn with replacement: topics of one day share its papers and its luck."""
    days = [kept for day in by_day if (kept := [value for value in day if not math.isnan(value)])]
    if not days:
        return Interval(math.nan, math.nan, math.nan)
    sums, counts = np.array([sum(day) for day in days]), np.array([len(day) for day in days])
    drawn = np.random.default_rng(SEED).integers(0, len(days), (SAMPLES, len(days)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(*(round(float(value), 6) for value in (sums.sum() / counts.sum(), low, high)))


def summary(days: Sequence[Sequence[Measures]]) -> dict[str, Interval]:
    """Each measure over days of topics."""
    return {name: interval([[asdict(one)[name] for one in day] for day in days]) for name in NAMES}


def difference(days: Sequence[Sequence[tuple[Measures, Measures]]]) -> dict[str, Interval]:
    """Each measure's paired difference, first less second."""
    return {name: interval([[asdict(a)[name] - asdict(b)[name] for a, b in day] for day in days]) for name in NAMES}


def _gain(order: Sequence[str], votes: Mapping[str, float]) -> float:
    return sum(math.log2(1 + max(0.0, votes[one])) / math.log2(place + 2) for place, one in enumerate(order[:CUT]))


def _ratio(value: float, best: float) -> float:
    return value / best if best else math.nan


def _share(wanted: Sequence[str], got: Sequence[str]) -> float:
    return len(set(wanted) & set(got)) / len(wanted) if wanted else math.nan


def _first(picks: Sequence[str], wanted: Sequence[str]) -> float:
    if not wanted:
        return math.nan
    return next((1 / (place + 1) for place, one in enumerate(picks) if one in wanted), 0.0)


def _auc(picks: Sequence[str], good: Sequence[str], field: Sequence[str]) -> float:
    places = {one: -place for place, one in enumerate(picks)}
    bottom = -len(picks)
    right = [places.get(one, bottom) for one in good]
    wrong = [places.get(one, bottom) for one in field if one not in set(good)]
    if not right or not wrong:
        return math.nan
    wins = sum((a > b) + 0.5 * (a == b) for a in right for b in wrong)
    return wins / (len(right) * len(wrong))


def _diversity(texts: Sequence[frozenset[str]]) -> float:
    pairs = [(a, b) for place, a in enumerate(texts) for b in texts[:place]]
    return 1 - sum(len(a & b) / (len(a | b) or 1) for a, b in pairs) / len(pairs) if pairs else math.nan


def _novelty(shown: Sequence[str], then: Mapping[str, float]) -> float:
    if not shown or len(then) < 2:
        return math.nan
    votes = list(then.values())
    above = [sum(other > then[one] for other in votes) + 0.5 * (votes.count(then[one]) - 1) for one in shown]
    return sum(above) / len(above) / (len(votes) - 1)
