"""A rate limit gives the asked rate, within 5 %, and no burst at the start."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from newsletter.model.mail import Delivered
from newsletter.send.pace import Pacer, Rate
from newsletter.send.transports import smtp
from tests.send.sending import CALM, numbered, send
from tests.support.smtp_server import SmtpServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.model.mail import Message


class Time:
    """A monotonic clock that sleeping moves; `cost` passes with each message."""

    def __init__(self, cost: float = 0.0) -> None:
        self.now, self.cost = 1000.0, cost

    def sleep(self, seconds: float) -> None:
        self.now += seconds


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


def test_a_paced_mail_leaves_in_its_turn_although_the_connection_before_it_has_carried_all_that_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the feed has nothing right now it is asked again at once, also when no connection is open."""
    monkeypatch.setattr(smtp, "TICK", 5.0)
    asked = 0

    def paced(messages: list[Message], until: float) -> Iterator[Message | None]:
        nonlocal asked
        for message in messages:
            yield message
            for _ in range(20):
                if time.monotonic() > until:
                    return
                asked += 1
                yield None

    with SmtpServer() as server:
        feed = paced(numbered(3), time.monotonic() + 60)
        outcomes = send(server, feed, messages_per_connection=1, patience=CALM)  # type: ignore[arg-type]
    assert ([type(one) for one in outcomes.values()], asked) == ([Delivered] * 3, 60)
