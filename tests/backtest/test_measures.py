"""Each measure says what its name says, checked by hand and for all inputs."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from newsletter.backtest.measures import Interval, Judged, Measures, difference, interval, measure, summary

LATER = {"a": 7.0, "b": 3.0, "c": 1.0, "d": 0.0, "e": 0.0}
JUDGED = Judged(
    top=2,
    later=LATER,
    then={"a": 0.0, "b": 5.0, "c": 0.0, "d": 9.0, "e": 0.0},
    words={
        "a": frozenset({"x", "y"}),
        "b": frozenset({"x", "z"}),
        "c": frozenset({"q"}),
        "d": frozenset({"r"}),
        "e": frozenset(),
    },
)


def test_the_true_order_gets_full_marks() -> None:
    best = measure(["a", "b", "c", "d", "e"], JUDGED)

    assert best == Measures(
        ndcg=1.0, recall=1.0, mrr=1.0, auc=1.0, coverage=1.0, diversity=1 - 1 / 3, novelty=(3 + 1) / 2 / 4
    )


def test_a_poor_order_is_measured_by_hand() -> None:
    poor = measure(["d", "b"], JUDGED)
    ideal = 3 + 2 / math.log2(3) + 1 / 2

    assert math.isclose(poor.ndcg, (2 / math.log2(3)) / ideal)
    assert poor.recall == 1 / 3
    assert poor.mrr == 0.5
    assert poor.auc == (0.5 * 2) / 4  # a is at the bottom with c and e, below d and b
    assert poor.coverage == 1.0
    assert poor.novelty == (0 + 1) / 2 / 4


def test_where_nothing_can_be_said_nothing_is_said() -> None:
    nobody = measure(["a"], Judged(2, {"a": 0.0, "b": 0.0}, {"a": 0.0, "b": 0.0}, {"a": frozenset(), "b": frozenset()}))

    assert math.isnan(nobody.ndcg)
    assert math.isnan(nobody.recall)
    assert math.isnan(nobody.mrr)
    assert math.isnan(nobody.diversity)
    assert nobody.coverage == 0.5
    assert interval([]).__class__ is Interval
    assert math.isnan(interval([[math.nan], []]).mean)


@given(st.permutations(sorted(LATER)), st.integers(0, 5))
def test_no_order_leaves_the_scale(order: list[str], kept: int) -> None:
    found = measure(order[:kept], JUDGED)

    for value in (found.ndcg, found.recall, found.mrr, found.auc, found.coverage, found.diversity, found.novelty):
        assert math.isnan(value) or 0 <= value <= 1


def test_an_interval_holds_its_mean_is_the_same_every_time_and_narrows_with_days() -> None:
    few, many = interval([[0.2, 0.4], [0.6]] * 3), interval([[0.2, 0.4], [0.6]] * 100)

    assert few == interval([[0.2, 0.4], [0.6]] * 3)
    assert few.low <= few.mean <= few.high
    assert many.mean == few.mean == 0.4
    assert many.high - many.low < few.high - few.low


def test_a_ranker_differs_from_itself_by_nothing() -> None:
    one = measure(["d", "b"], JUDGED)

    assert difference([[(one, one)], [(one, one)]])["ndcg"] == Interval(0.0, 0.0, 0.0)
    assert summary([[one], [one]])["mrr"] == Interval(0.5, 0.5, 0.5)
