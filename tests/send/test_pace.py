"""A rate limit gives the asked rate, within 5 %, and no burst at the start."""

from __future__ import annotations

import pytest

from newsletter.errors import ConfigError
from newsletter.send.pace import Pacer, Rate, parse_rate


class Time:
    """A monotonic clock that sleeping moves; `cost` passes with each message."""

    def __init__(self, cost: float = 0.0) -> None:
        self.now, self.cost = 1000.0, cost

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("text", "per_second"),
    [
        ("14/s", 14.0),
        ("600/min", 10.0),
        ("7200 / h", 2.0),
        ("86400/day", 1.0),
        ("0.5/s", 0.5),
        ("50000/DAY", 50000 / 86400),
    ],
)
def test_a_rate_is_read_as_people_write_it(text: str, per_second: float) -> None:
    assert parse_rate(text) == Rate(per_second)


def test_no_rate_is_no_limit() -> None:
    assert parse_rate("  ") is None


@pytest.mark.parametrize("text", ["fast", "14", "14/fortnight", "-1/s", "0/s", "1e9/s", "14/s/s"])
def test_a_rate_that_makes_no_sense_is_reported_with_its_key(text: str) -> None:
    with pytest.raises(ConfigError, match=r"delivery\.rate: .*50000/day"):
        parse_rate(text)


@pytest.mark.parametrize("per_second", [0.5, 14.0, 1000.0])
@pytest.mark.parametrize("cost", [0.0, 0.3])
def test_the_rate_holds_within_five_per_cent_whatever_a_message_costs(per_second: float, cost: float) -> None:
    time = Time()
    pacer = Pacer(Rate(per_second), now=lambda: time.now, sleep=time.sleep)
    sent = 0
    while time.now < 1060.0:
        pacer.take()
        sent += 1
        time.now += cost / per_second  # sending takes a share of the time between two messages
    assert sent == pytest.approx(per_second * 60, rel=0.05)


def test_after_a_long_pause_no_more_than_a_quarter_of_a_second_is_caught_up() -> None:
    time = Time()
    pacer = Pacer(Rate(100.0), now=lambda: time.now, sleep=time.sleep)
    time.now += 3600
    before = time.now
    for _ in range(125):
        pacer.take()
    assert time.now - before == pytest.approx(1.0, abs=0.02)
