"""How fast one provider is sent mail: up by one, down by half, within bounds, and at no cost to the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.mail import Deferred, Delivered, Refused, Reply, Uncertain, WarmUp
from newsletter.send.gate import Gate
from newsletter.send.manners import COOL, STEP, STOP, Lane, Signal, heard, provider_of, signal_of
from tests.send.ledger import DAY, NOW, HandClock, MemoryLedger, delivery, message
from tests.send.sending import drained, drained_to
from tests.send.test_drain import ScriptedTransport, accept
from tests.support.smtp_server import PIPELINED, SmtpServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from newsletter.model.mail import Delivery, Dropped, Message, Outcome
    from newsletter.send.tally import Tally

signals = st.sampled_from(get_args(Signal))
steps = st.lists(st.tuples(signals, st.floats(0, 400), st.integers(0, 64)), max_size=60)


def fed(lane: Lane, *given: Signal, now: float = 0.0, flying: int = 0) -> Lane:
    for signal in given:
        lane = heard(lane, signal, now=now, flying=flying)
    return lane


@given(most=st.integers(1, 1000), path=steps)
def test_the_limit_never_leaves_its_bounds_and_one_mail_may_always_go_after_the_pause(most: int, path: object) -> None:
    lane, now = Lane(float(most), float(most)), 0.0
    for signal, wait, flying in path:  # type: ignore[attr-defined]
        now += wait
        lane = heard(lane, signal, now=now, flying=flying)
        assert 1 <= lane.limit <= most
        assert lane.not_before <= now + STOP
        assert lane.may_go(0, lane.not_before)
        assert not lane.may_go(most, now)


@given(limit=st.floats(1, 64), flying=st.integers(0, 64))
def test_a_busy_answer_halves_the_limit_and_those_that_left_before_say_nothing_more(limit: float, flying: int) -> None:
    before = Lane(64.0, limit)
    once = heard(before, "busy", now=0.0, flying=flying)
    assert once.limit == max(1.0, min(limit, flying + 1) / 2)
    assert fed(once, *["busy"] * flying).limit == once.limit
    again = fed(once, *["busy"] * (flying + 1), flying=0)
    assert again.limit == max(1.0, min(once.limit, 1) / 2)


@given(limit=st.integers(1, 32))
def test_a_round_of_acceptances_adds_one(limit: int) -> None:
    lane = fed(Lane(64.0, float(limit)), *["taken"] * limit)
    assert limit + 0.7 < lane.limit <= limit + 1


def test_whoever_accepts_long_enough_is_forgotten_about() -> None:
    lane = fed(Lane(16.0, 16.0), "busy", flying=15)
    assert lane.limit == 8.0
    assert not lane.is_free(0.0)
    assert fed(lane, *["taken"] * 200).is_free(0.0)


def test_a_rate_limit_stops_ten_minutes_begins_with_one_and_adds_one_each_five_clean_minutes() -> None:
    lane = fed(Lane(8.0, 8.0), "rate", flying=7)
    assert not lane.may_go(0, STOP - 1)
    assert lane.may_go(0, STOP)
    assert not lane.may_go(1, STOP)
    limits = []
    for minute in range(40):
        lane = heard(lane, "taken", now=STOP + 60.0 * minute, flying=0)
        limits.append(int(lane.limit))
    assert limits == [1 + minute // (STEP // 60) if minute < 35 else 8 for minute in range(40)]
    assert not lane.slow


def test_a_single_greylisting_means_nothing_and_a_wave_of_them_a_pause() -> None:
    lane = Lane(16.0, 16.0)
    assert fed(lane, "greylist", *["taken"] * 19) == replace(lane, recent=(True, *[False] * 19))
    wave = fed(lane, *["greylist", "taken"] * 6)
    assert (wave.may_go(0, COOL - 1), wave.may_go(0, COOL)) == (False, True)


def test_a_relay_that_is_too_fast_for_is_left_for_seconds_and_longer_each_time() -> None:
    lane, waits = Lane(64.0, 64.0), []
    for _ in range(7):
        now = lane.not_before
        lane = heard(replace(lane, deaf=0), "relay", now=now, flying=0)
        waits.append(lane.not_before - now)
    assert waits == [2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize(
    ("outcome", "signal"),
    [
        (Delivered(1), "taken"),
        (Deferred(1, Reply(421, "4.7.28", "unusual rate of mail"), charged=False), "rate"),
        (Deferred(1, Reply(452, "4.3.1", "insufficient system storage"), charged=False), "rate"),
        (Deferred(1, Reply(421, "4.7.0", "RP-001 rate limited: too many connections"), charged=False), "rate"),
        (Deferred(1, Reply(421, "4.3.2", "going down"), charged=False), "busy"),
        (Deferred(1, Reply(421, "", "busy"), charged=False), "busy"),
        (Deferred(1, Reply(451, "4.4.2", "timed out"), charged=True), "busy"),
        (Deferred(1, Reply(454, "", "Throttling failure: Maximum sending rate exceeded."), charged=False), "relay"),
        (Deferred(1, Reply(450, "4.7.1", "greylisted")), "greylist"),
        (Deferred(1, Reply(452, "4.2.2", "full")), "other"),
        (Deferred(1, Reply(0, "", "the server closed the connection"), charged=False), "other"),
        (Refused(1, Reply(550, "5.7.1", "blocked"), "policy"), "other"),
        (Uncertain(1, Reply(0)), "other"),
    ],
)
def test_an_answer_says_as_much_of_our_pace_as_it_does(outcome: Outcome, signal: Signal) -> None:
    assert signal_of(outcome) == signal


def test_domains_of_one_provider_share_its_lane() -> None:
    names = ("gmail.com", "googlemail.com", "hotmail.com", "me.com", "example.org")
    assert [provider_of(name) for name in names] == [
        "gmail.com",
        "gmail.com",
        "outlook.com",
        "icloud.com",
        "example.org",
    ]


def run(
    rows: int,
    answer: Callable[[Message], Outcome],
    *,
    address: Callable[[int], str],
    clock: HandClock | None = None,
    **more: object,
) -> tuple[MemoryLedger, Tally, HandClock]:
    clock = clock or HandClock()
    ledger = MemoryLedger(delivery(n) for n in range(1, rows + 1))

    def render(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        for row in deliveries:
            yield message(row.id, to=address(row.id))

    tally = drained(ledger, ScriptedTransport(answer), clock=clock, render=render, **more)
    return ledger, tally, clock


def test_a_provider_that_limits_us_is_left_alone_while_the_others_get_their_mail() -> None:
    asked: list[str] = []

    def answer(one: Message) -> Outcome:
        asked.append(one.recipient)
        if "mail.com" in one.recipient:
            return Deferred(one.delivery_id, Reply(421, "4.7.28", "unusual rate"), charged=False)
        return accept(one)

    names = ("gmail.com", "googlemail.com", "example.org", "example.net")
    ledger, tally, _ = run(400, answer, address=lambda n: f"r{n}@{names[n % 4]}")

    assert (tally.sent, tally.stop) == (200, "")
    assert sum("mail.com" in one for one in asked) == 1, "one answer is enough"
    assert tally.deferred == 200
    waits = [when - NOW for when in ledger.not_before.values()]
    assert sum(wait >= timedelta(seconds=STOP) for wait in waits) == 199
    assert all(row.attempt == 1 for row in ledger.rows.values()), "nobody is charged for it"
    assert tally.notes == ["gmail.com finds us too fast and is left alone for a while: 421 4.7.28 unusual rate"]


class Wall:
    """A board in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[float, str]] = {}

    def read(self) -> dict[str, tuple[float, str]]:
        return dict(self.kept)

    def write(self, provider: str, until: float, said: str) -> None:
        self.kept[provider] = (until, said)


def test_what_one_process_learned_of_a_provider_holds_for_the_others() -> None:
    board = Wall()
    limited = Deferred(1, Reply(421, "4.7.28", "unusual rate"), charged=False)
    run(1, lambda _: limited, address=lambda _: "a@gmail.com", board=board)
    assert board.kept == {"gmail.com": (NOW.timestamp() + STOP, "421 4.7.28 unusual rate")}

    ledger, tally, _ = run(3, accept, address=lambda n: f"r{n}@googlemail.com", board=board)
    assert (tally.sent, tally.deferred) == (0, 3)

    later = HandClock()
    later.at = NOW + timedelta(seconds=STOP + 1)
    ledger, tally, _ = run(3, accept, address=lambda n: f"r{n}@googlemail.com", board=board, clock=later)
    assert set(ledger.states().values()) == {"sent"}


def test_a_relay_that_stays_too_busy_ends_the_run_for_now_and_nobody_is_charged() -> None:
    busy = Reply(454, "", "Throttling failure: Maximum sending rate exceeded.")
    ledger, tally, _ = run(
        500, lambda one: Deferred(one.delivery_id, busy, charged=False), address=lambda n: f"r{n}@d{n % 9}.example"
    )
    assert tally.sent == 0
    assert set(ledger.states().values()) <= {"deferred", "queued"}
    assert all(row.attempt == 1 for row in ledger.rows.values())


class DailyCap:
    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, now: datetime) -> datetime | None:
        self.left -= 1
        return None if self.left >= 0 else now + timedelta(hours=10)

    def give_back(self, now: datetime) -> None:
        self.left += 1


def test_a_days_cap_puts_issues_off_to_the_next_and_lets_notices_through() -> None:
    clock = HandClock()
    ledger = MemoryLedger(replace(delivery(n), kind="confirm" if n > 8 else "digest") for n in range(1, 11))
    tally = drained(ledger, ScriptedTransport(accept), clock=clock, quota=DailyCap(5))
    assert (tally.sent, tally.deferred, tally.stop) == (7, 0, "")
    assert tally.notes == ["3 issues wait for another day, by [delivery] warm_up"]
    assert set(ledger.not_before.values()) == {NOW + timedelta(hours=10)}


def test_a_warm_up_grows_from_its_first_day_and_ends_of_itself() -> None:
    plan = WarmUp(200, DAY, 1.5)
    caps = [plan.cap(DAY + timedelta(days=n)) for n in (-1, 0, 1, 2, 10, 40)]
    assert caps == [0, 200, 300, 450, 11533, None]


def test_a_queue_of_one_provider_that_was_busy_for_a_moment_leaves_within_the_same_run() -> None:
    busy = {f"r{n}@example.org" for n in (40, 41)}
    ledger, clock = MemoryLedger(delivery(n) for n in range(1, 601)), HandClock()
    rule = {"rcpt": lambda event: "421 4.3.2 busy" if event.argument in busy else None}
    with SmtpServer(extensions=PIPELINED, script=rule) as server:
        tally = drained_to(server, ledger, clock=clock)
    assert tally.sent == 598
    assert (tally.deferred, tally.stop) == (2, ""), "what was kept back and sent after all is not counted as put off"
    assert clock.at - NOW < timedelta(minutes=5)
    assert server.faults == []


def test_who_is_kept_back_comes_again_by_how_fast_her_provider_takes_mail() -> None:
    clock = HandClock()
    gate = Gate(clock, lambda: 16)
    busy = Deferred(1, Reply(421, "4.3.2", "busy"), charged=False)
    gate.heard(busy, delivery(1), "example.org")
    assert not gate.knows("example.org"), "too early to say"
    for n in range(2, 12):
        while (held := gate.wait(delivery(n), "example.org")) is not None:
            assert held == (None, "example.org is sent 1 at a time")
        clock.sleep(0.5)
        gate.heard(Delivered(n), delivery(n), "example.org")
    assert gate.knows("example.org")

    waits = [(gate.too_long("example.org") - clock.at).total_seconds() for _ in range(100)]
    steps = {round(later - sooner, 3) for sooner, later in pairwise(waits)}
    assert waits[0] == pytest.approx(2, abs=0.5)
    assert steps < {step / 1000 for step in range(50, 501)}, "half a second a mail, several at a time by now"
    assert gate.waits
    assert gate.comes_back(clock.at + timedelta(seconds=5), within=60)
    assert not gate.comes_back(clock.at + timedelta(seconds=61), within=60)
