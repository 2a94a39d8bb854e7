"""The ablations leave out what they say, put it back, and judge as the data's evaluator does."""

from __future__ import annotations

import math

import pytest

from benchmarks.ablations import WITHOUT, changed, judged


def test_every_part_is_left_out_for_a_while_and_put_back() -> None:
    for parts in WITHOUT.values():
        for changes in parts.values():
            before = [getattr(where, name) for where, name, _ in changes]
            with changed(changes):
                assert [getattr(where, name) for where, name, _ in changes] == [value for _, _, value in changes]
            assert [getattr(where, name) for where, name, _ in changes] == before
            assert before != [value for _, _, value in changes]


def test_orders_are_judged_by_gain_and_by_rank() -> None:
    user, trend = {"task": "user"}, {"task": "trend"}

    assert judged(user, ["a", "b", "c"], {"a": 1}) == (1.0, 1.0)
    assert judged(user, ["b", "a", "c"], {"a": 1}) == (pytest.approx(1 / math.log2(3)), 0.5)
    assert judged(trend, ["a", "b"], {"a": 3.0, "b": 1.0}) == (1.0, 1.0)
    assert judged(trend, [*"klmnopqrst", "a"], {"a": 3.0})[1] == 0.9
