"""Moments and days as they are stored."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from newsletter.store.values import Kept, fresh_moment, micros, moment


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_comes_back_from_its_number_to_the_microsecond(at: datetime) -> None:
    assert fresh_moment(micros(at)) == moment(micros(at)) == at


def test_what_many_rows_share_is_worked_out_once() -> None:
    asked: list[int] = []

    def of(number: int) -> str:
        asked.append(number)
        return f"no. {number}"

    kept = Kept(of)
    assert [kept[one] for one in (1, 2, 1, 1)] == ["no. 1", "no. 2", "no. 1", "no. 1"]
    assert asked == [1, 2]
