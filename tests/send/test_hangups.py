"""Servers that hang up: nobody is lost, and what they fall over is not sent to them again and again."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.errors import RelayError
from newsletter.model.mail import Delivered
from newsletter.send.drain import DrainPolicy
from newsletter.send.transports.chunking import MOST, Chunking
from newsletter.send.transports.health import Health
from newsletter.send.transports.limits import Limits
from newsletter.send.transports.patience import Patience
from tests.send.ledger import NOW, HandClock, MemoryLedger, delivery, message
from tests.send.sending import MODES, drained_to, transport
from tests.support.smtp_server import ALL, PIPELINED, Drop, Event, SmtpServer, Taken, Then

if TYPE_CHECKING:
    from newsletter.send.tally import Tally

ROWS, VICTIM = 400, 77
WHOM = f"r{VICTIM}@example.org"


def taken(script: Any, *, extensions: tuple[str, ...], rows: int = ROWS) -> tuple[MemoryLedger, Tally, Counter[str]]:
    """The ledger, the tally, and how often the server took each reader's mail."""
    ledger, clock = MemoryLedger(delivery(n) for n in range(1, rows + 1)), HandClock()
    with SmtpServer(script=script, extensions=extensions) as server:
        tally = drained_to(server, ledger, clock=clock, policy=DrainPolicy(claim=50))
    assert server.faults == []
    return ledger, tally, Counter(server.recipients)


@pytest.mark.parametrize("mode", MODES)
def test_a_mail_that_a_server_takes_and_hangs_up_over_is_not_sent_again_with_each_claim(mode: str) -> None:
    ledger, tally, took = taken({"dot": {WHOM: Taken(Drop())}}, extensions=MODES[mode])

    assert tally.sent >= ROWS - 1 - 3 * (mode == "chunks")
    assert took[WHOM] <= (2 if mode == "chunks" else 1), "once more where it may be innocent, then by the clock"
    assert ledger.not_before[VICTIM] >= NOW + timedelta(seconds=20)
    assert set(took) == {f"r{n}@example.org" for n in range(1, ROWS + 1)} - {
        f"r{n}@example.org" for n, state in ledger.states().items() if state != "sent" and n != VICTIM
    }


def test_a_mail_that_a_server_hangs_up_over_before_it_takes_it_is_met_again_once_and_then_by_the_clock() -> None:
    ledger, tally, took = taken({"rcpt": {WHOM: Drop()}}, extensions=PIPELINED)

    assert (tally.sent, took[WHOM]) == (ROWS - 1, 0)
    assert ledger.not_before[VICTIM] >= NOW + timedelta(seconds=20)
    assert ledger.rows[VICTIM].attempt == 1, "nobody is charged for it"


def test_a_server_that_hangs_up_after_each_mail_gets_them_all() -> None:
    for extensions in (PIPELINED, ALL):
        with SmtpServer(extensions=extensions, close_after=1) as server:
            ledger, clock = MemoryLedger(delivery(n) for n in range(1, 13)), HandClock()
            tally = drained_to(server, ledger, clock=clock, policy=DrainPolicy(patience=timedelta(minutes=5)))
        assert set(ledger.states().values()) == {"sent"}, tally
        assert set(server.recipients) == {f"r{n}@example.org" for n in range(1, 13)}


def test_after_a_hangup_that_left_several_in_doubt_no_more_are_under_way_than_it_had_taken() -> None:
    chunking = Chunking()
    chunking.ended(50, doubtful=16)
    assert chunking.most == MOST
    chunking.ended(3, doubtful=5)
    assert chunking.most == 3
    chunking.ended(0, doubtful=3)
    assert chunking.most == 1
    grown = []
    for _ in range(5):
        chunking.ended(100, doubtful=0)
        grown.append(chunking.most)
    assert grown == [2, 4, 8, 16, 16]


def test_connections_that_are_lost_together_are_one_failure_of_the_relay() -> None:
    health, lost = Health((60.0, 60.0), 4), RelayError("the server closed the connection")
    for _ in range(4):
        health.failed(lost)
    assert health.fault is None
    for _ in range(2):
        health.not_before = 0.0
        health.failed(lost)
    assert health.fault is lost


@pytest.mark.parametrize("extensions", [PIPELINED, ALL])
@pytest.mark.parametrize("batches", [[(4, 5), (4, 5)], [(9, 5), (4, 5), (4, 6)]])
def test_mails_that_a_server_hangs_up_over_after_as_many_others_are_not_taken_for_its_limit(
    extensions: tuple[str, ...], batches: list[tuple[int, int]]
) -> None:
    """So many good mails and then a bad one: the same each time, or another where a connection has carried more."""
    script: Any = {"rcpt": {f"r{n}@example.org": Drop() for n in (5, 6)}}
    with SmtpServer(script=script, extensions=extensions) as server:
        way = transport(server, patience=Patience(), backoff=(0.01,) * 9)
        for place, (good, bad) in enumerate(batches, 1):
            list(way.deliver(message(n) for n in [*range(100 * place, 100 * place + good), bad]))
        known = server.connections
        out = list(way.deliver(message(n) for n in range(900, 940)))
        way.close()
    assert ({type(one) for one in out}, len(out)) == ({Delivered}, 40)
    assert server.connections - known <= 1, "forty mails on one connection"


def test_a_limit_is_known_after_two_hangups_over_different_mails_that_no_connection_outdid() -> None:
    assert [Limits().after(5, 6, ()), Limits().after(0, 1, ())] == [None, None]
    told = Limits()
    assert [told.after(5, 6, [2]), told.after(5, 12, [3])] == [None, 5]
    quiet = Limits()
    assert [quiet.after(5, None, []), quiet.after(5, None, [])] == [None, 5]
    poisoned = Limits()
    assert [poisoned.after(5, 6, []), poisoned.after(5, 6, [])] == [None, None]
    outdone = Limits()
    assert [outdone.after(5, 6, [8]), outdone.after(5, 12, [])] == [None, None]


def has_had_enough_after(most: int) -> dict[str, Any]:
    """As Exim: every third recipient is not known, and a connection on which so many were refused ends at RSET."""
    refused: Counter[int] = Counter()

    def rcpt(event: Event) -> str | None:
        if int(event.argument[1:].partition("@")[0]) % 3:
            return None
        refused[event.connection] += 1
        return "550 no such user here"

    def rset(event: Event) -> Then | None:
        return Then("554 Too many nonmail commands", Drop()) if refused[event.connection] > most else None

    return {"rcpt": rcpt, "rset": rset}


@pytest.mark.parametrize("mode", MODES)
def test_a_server_that_bears_ten_refusals_a_connection_gets_every_mail_in_one_run(mode: str) -> None:
    ledger, clock = MemoryLedger(delivery(n) for n in range(1, 121)), HandClock()
    with SmtpServer(script=has_had_enough_after(10), extensions=MODES[mode]) as server:  # type: ignore[arg-type]
        tally = drained_to(server, ledger, clock=clock)
    assert (tally.sent, len(tally.refused), tally.deferred) == (80, 40, 0)
    assert server.recipients == sorted(f"r{n}@example.org" for n in range(1, 121) if n % 3)
    assert server.faults == []


@pytest.mark.parametrize("mode", MODES)
def test_a_server_that_hangs_up_at_reset_has_nobody_refused_but_those_that_it_refuses(mode: str) -> None:
    ledger, clock = MemoryLedger(delivery(n) for n in range(1, 121)), HandClock()
    with SmtpServer(script=has_had_enough_after(1), extensions=MODES[mode]) as server:  # type: ignore[arg-type]
        drained_to(server, ledger, clock=clock)
    states = ledger.states()
    assert {states[n] for n in states if not n % 3} <= {"refused", "deferred", "queued"}
    assert {states[n] for n in states if n % 3} <= {"sent", "deferred", "queued"}
    assert mode == "chunks" or {ledger.rows[n].attempt for n in states if n % 3} == {1}, "in chunks some are in doubt"
    assert len(server.recipients) == len(set(server.recipients))
