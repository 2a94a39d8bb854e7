"""Outages and kills: no reader loses her week, and nobody is written to who must not be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter import publish
from newsletter.config import load_config
from newsletter.model.mail import Delivered, Refused, Reply
from newsletter.model.paper import Problem
from newsletter.model.subscriber import Subscriber
from tests.support.desk import FRIDAY, PAPERS, Desk, paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from newsletter.model.mail import Message, Outcome
    from newsletter.press import Press

HOUR = timedelta(hours=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Relay:
    down: bool = False
    got: list[str] = field(default_factory=list)

    def check(self) -> Problem | None:
        return Problem("relay", "The mail server is away.", "Wait.") if self.down else None

    def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        for message in messages:
            self.got.append(message.recipient)
            yield Delivered(message.delivery_id)

    def close(self) -> None:
        pass


@dataclass(slots=True)
class Killed(Relay):
    """Refuses the first reader, takes some more mail, and then the process is gone."""

    def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        for place, message in enumerate(messages):
            if place == 300:
                raise KeyboardInterrupt
            gone = Refused(message.delivery_id, Reply(550, "5.1.1", "no such user"), "address")
            yield gone if place == 0 else Delivered(message.delivery_id)


def test_an_address_that_is_gone_is_not_written_to_again_even_if_the_run_is_killed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with desk.press(load_config(tmp_path / "config.toml", {})) as opened:
        statuses: list[str] = []

        class Spying(Killed):
            def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
                try:
                    yield from Killed.deliver(self, messages)
                except KeyboardInterrupt:
                    statuses.append(opened.subscribers.get([1])[1].status)
                    raise

        press = replace(opened, open_transport=Spying)
        for number in range(400):
            press.subscribers.add(
                Subscriber(email=f"r{number}@example.org", created_at=LONG_AGO, confirmed_at=LONG_AGO)
            )
        with pytest.raises(KeyboardInterrupt):
            publish.run(press)
        assert statuses == ["bounced"]


def counted(press: Press) -> tuple[int, int]:
    report = publish.send(press)
    return report.cut, report.tally.sent if report.tally else 0


def test_a_weekly_reader_has_her_issue_once_the_relay_is_back_however_late(tmp_path: Path) -> None:
    desk, relay = Desk(tmp_path), Relay(down=True)
    with desk.press(load_config(tmp_path / "config.toml", {})) as opened:
        press = replace(opened, open_transport=lambda: relay)
        press.subscribers.add(
            Subscriber(email="ada@example.org", created_at=LONG_AGO, confirmed_at=LONG_AGO, cadence="weekly")
        )
        assert publish.run(press).cut == 1
        desk.clock.pass_(21 * HOUR)
        assert counted(press) == (1, 0)  # what is too old has expired, and is made anew
        relay.down = False

        assert [counted(press) for _ in range(3)] == [(0, 1), (0, 0), (0, 0)]
        assert relay.got == ["ada@example.org"]
        assert press.ledger.counts(now=press.clock.now()) == {"sent": 1}
        assert FRIDAY in press.editions.days()
        assert {one.id for one in PAPERS} > next(iter(press.ledger.seen([1]).values()))


@pytest.mark.parametrize("before", [0, 1])
def test_an_issue_that_expired_past_its_hour_comes_with_the_next_the_first_one_too(tmp_path: Path, before: int) -> None:
    desk, relay = Desk(tmp_path), Relay(down=True)
    with desk.press(load_config(tmp_path / "config.toml", {})) as opened:
        press = replace(opened, open_transport=lambda: relay)
        press.subscribers.add(Subscriber(email="ada@example.org", created_at=LONG_AGO, confirmed_at=LONG_AGO))
        if before:
            relay.down = False
            desk.source.lists[FRIDAY - timedelta(days=1)] = (paper(8, "An old language model"),)
            publish.run(press, FRIDAY - timedelta(days=1))
            relay.down, relay.got = True, []
        assert publish.run(press).cut == 1
        desk.clock.pass_(48 * HOUR)
        relay.down = False
        desk.source.lists[FRIDAY + timedelta(days=2)] = (paper(9, "A new language model"),)

        report = publish.run(press)

        assert (report.cut, relay.got) == (1, ["ada@example.org"])
        had = press.ledger.seen([1])[1]
        assert {"2611.00009", PAPERS[0].id, PAPERS[1].id} <= had, "Friday's and Sunday's"


@pytest.mark.parametrize("before", [0, 1])
def test_an_issue_that_expired_after_the_next_was_cut_comes_with_the_one_after_that(
    tmp_path: Path, before: int
) -> None:
    """A run that came late, a mail server that was away over the next hour: the first expires, the second goes."""
    desk, relay = Desk(tmp_path), Relay()
    for days in range(1, 3):
        one = paper(8 + days, f"A language model of day {days}")
        desk.source.lists[FRIDAY + timedelta(days=days)] = (one,)
    desk.source.lists[FRIDAY - timedelta(days=1)] = (paper(8, "An old language model"),)
    with desk.press(load_config(tmp_path / "config.toml", {})) as opened:
        press = replace(opened, open_transport=lambda: relay)
        press.subscribers.add(Subscriber(email="ada@example.org", created_at=LONG_AGO, confirmed_at=LONG_AGO))
        if before:
            publish.run(press, FRIDAY - timedelta(days=1))
        relay.down, relay.got = True, []
        desk.clock.pass_(14 * HOUR)
        assert publish.run(press).cut == 1, "on Friday at 23:00, and good until Saturday at 19:00"
        desk.clock.pass_(10 * HOUR)
        assert publish.run(press).cut == 1, "on Saturday at 9:00"
        desk.clock.pass_(11 * HOUR)
        relay.down = False
        assert counted(press) == (0, 1), "Saturday's; Friday's has expired"
        desk.clock.pass_(13 * HOUR)

        assert publish.run(press).cut == 1

        had = press.ledger.seen([1])[1]
        assert {"2611.00009", "2611.00010", PAPERS[1].id} <= had, "the best of Friday's too"
        assert relay.got == ["ada@example.org"] * 2
        desk.clock.pass_(24 * HOUR)
        assert publish.run(press).cut == 0, "and only once"


def test_what_the_operator_cancelled_is_not_cut_again(tmp_path: Path) -> None:
    desk, relay = Desk(tmp_path), Relay(down=True)
    with desk.press(load_config(tmp_path / "config.toml", {})) as opened:
        press = replace(opened, open_transport=lambda: relay)
        press.subscribers.add(Subscriber(email="ada@example.org", created_at=LONG_AGO, confirmed_at=LONG_AGO))
        assert publish.run(press).cut == 1
        relay.down = False
        assert press.ledger.cancel(day=FRIDAY, now=press.clock.now()) == 1

        assert [counted(press) for _ in range(2)] == [(0, 0), (0, 0)]
        assert relay.got == []
