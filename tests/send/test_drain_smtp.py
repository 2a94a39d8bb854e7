"""The drain over a real SMTP connection: pace, leases, stops and kills of the relay."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.send.drain import DrainPolicy, Pulsing, drain
from newsletter.send.pace import Rate
from newsletter.send.transports.patience import Patience
from tests.send.ledger import MemoryLedger, delivery, message
from tests.send.sending import transport
from tests.support.smtp_server import ALL, PIPELINED, Late, SmtpServer, Stall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.model.mail import Delivery, Dropped, Message
    from newsletter.send.tally import Tally


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Fresh(MemoryLedger):
    """Rows that are due now, by the wall clock."""

    def __init__(self, count: int) -> None:
        super().__init__(delivery(n, hours=10**6) for n in range(1, count + 1))


def render(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
    for row in deliveries:
        yield message(row.id)


def run(
    ledger: MemoryLedger, server: SmtpServer, *, stop: Any = lambda: False, policy: Any = None, **options: Any
) -> Tally:
    one = transport(server, patience=Patience(), **options)
    assert isinstance(one, Pulsing)
    try:
        return drain(ledger, one, render, clock=WallClock(), owner="test", policy=policy, stop=stop)  # type: ignore[arg-type]
    finally:
        one.close()


def test_the_asked_rate_is_held_on_the_wire() -> None:
    took: list[float] = []
    while not took or (took[-1] > 1.8 and len(took) < 4):  # a busy machine may be late now and then, never early
        with SmtpServer(extensions=PIPELINED) as server:
            begun = time.monotonic()
            tally = run(Fresh(61), server, policy=DrainPolicy(rate=Rate(40.0)), connections=4)
            took.append(time.monotonic() - begun)
        assert tally.sent == 61
    assert min(took) == pytest.approx(1.5, rel=0.2)  # 60 intervals of 25 ms, and a connection to open


def test_a_lease_is_renewed_while_a_slow_server_thinks() -> None:
    ledger = Fresh(1)
    with SmtpServer(extensions=PIPELINED, script={"dot": Late(1.6)}) as server:
        tally = run(ledger, server, policy=DrainPolicy(lease=timedelta(seconds=0.9)))
    assert tally.sent == 1
    assert ledger.calls.count("renew") >= 2


def test_a_quiet_stop_ends_within_its_grace_and_doubts_only_what_was_on_the_wire() -> None:
    ledger = Fresh(200)
    with SmtpServer(extensions=PIPELINED, script={"dot": lambda e: Stall() if e.asked > 50 else None}) as server:
        begun = time.monotonic()
        tally = run(
            ledger,
            server,
            stop=lambda: len(server.accepted) >= 50,
            policy=DrainPolicy(grace=0.5, on_uncertain="hold"),
            connections=3,
        )
        took = time.monotonic() - begun
    assert took < 4
    assert tally.stop == "asked"
    assert 50 <= tally.sent <= 53
    assert tally.uncertain <= 3
    states = ledger.states()
    assert sum(state == "sent" for state in states.values()) == tally.sent
    assert set(states.values()) <= {"sent", "uncertain", "queued", "deferred"}
    assert ledger.leased == {}


def test_a_relay_that_dies_in_mid_run_leaves_the_rest_for_a_later_run_and_doubles_nobody() -> None:
    ledger = Fresh(100)
    with SmtpServer(extensions=PIPELINED) as server:
        tally = run(
            ledger, server, stop=lambda: len(server.accepted) >= 40 and server.stop() is None and False, connections=2
        )
    assert tally.stop == "later"
    assert str(server.port) in tally.stopped_by
    sent = {f"r{n}@example.org" for n, state in ledger.states().items() if state == "sent"}
    assert sent <= set(server.recipients)
    assert len(set(server.recipients)) == len(server.recipients)
    assert ledger.leased == {}


@pytest.mark.parametrize("extensions", [PIPELINED, ALL])
@pytest.mark.parametrize("goodbye", ["", "421 4.7.0 enough for now"])
@pytest.mark.parametrize("count", [7, 33])  # 7: nothing else is left to send when the server hangs up
def test_a_server_that_closes_after_some_mails_is_met_again_at_once(
    extensions: tuple[str, ...], goodbye: str, count: int
) -> None:
    ledger = Fresh(count)
    with SmtpServer(extensions=extensions, close_after=5, goodbye=goodbye) as server:
        tally = run(ledger, server)
    assert (tally.sent, tally.deferred, tally.uncertain, tally.stop) == (count, 0, 0, "")
    assert set(server.recipients) == {f"r{n}@example.org" for n in range(1, count + 1)}


def test_a_mail_that_is_answered_with_nonsense_is_refused_at_its_third_try() -> None:
    ledger = Fresh(4)
    ends = []
    with SmtpServer(extensions=PIPELINED, script={"rcpt": {"r2@example.org": b"\xff\x00 what?\r\n"}}) as server:
        for _ in range(4):
            tally = run(ledger, server, backoff=(0.01, 0.01, 0.01))
            ends.append((tally.sent, tally.deferred, [one.fault for one in tally.refused]))
            ledger.not_before.clear()
    assert ends == [(3, 1, []), (0, 1, []), (0, 0, ["message"]), (0, 0, [])]


def test_mails_over_the_servers_size_wait_for_the_operator_and_nobody_loses_hers() -> None:
    ledger = Fresh(12)
    with SmtpServer(extensions=("PIPELINING", "SIZE 20")) as server:
        tally = run(ledger, server, policy=DrainPolicy())
    assert (tally.stop, tally.refused, server.accepted) == ("attention", [], [])
    assert "the server takes 20 at most" in tally.stopped_by
    assert set(ledger.states().values()) == {"deferred", "queued"}
