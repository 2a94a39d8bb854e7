"""Each answer and fault of the rules for bulk mail, given by a scripted server: what the ledger then says.

The rows are those of "in which phase did it fail" and "by code"; the rules S1 to S17 are named in the tests that
follow, and in test_smtp_faults, test_smtp_setup and test_smtp_properties.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.model.mail import NewDelivery
from newsletter.send.drain import DrainPolicy, drain
from tests.send.ledger import DAY, HandClock, message
from tests.send.sending import SHORT, transport
from tests.support.fake_ledger import FakeLedger
from tests.support.smtp_server import PIPELINED, Drop, SmtpServer, Stall, Taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.model.mail import Delivery, Message
    from newsletter.send.tally import Tally

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
MINUTE, HOUR = 60.0, 3600.0
READERS = 3  # the first one meets the answer, the others are well


def drained(
    script: dict[Any, Any], *, on_uncertain: Any = "resend", hours: float = 20, **options: Any
) -> tuple[FakeLedger, Tally, SmtpServer]:
    ledger, clock = FakeLedger(), HandClock()
    clock.at = NOW
    rows = [NewDelivery("digest", DAY, n, "{}", NOW + timedelta(hours=hours)) for n in range(1, READERS + 1)]
    ledger.queue(rows, at=NOW)

    def render(deliveries: Sequence[Delivery]) -> Iterator[Message]:
        for row in deliveries:
            yield message(row.id)

    with SmtpServer(script=script, extensions=options.pop("extensions", PIPELINED)) as server:
        way = transport(server, **({"patience": SHORT} | options))
        try:
            policy = DrainPolicy(on_uncertain=on_uncertain)
            tally = drain(ledger, way, render, clock=clock, owner="t", policy=policy, sleep=clock.sleep)
        finally:
            way.close()
    assert server.faults == []
    return ledger, tally, server


def first(ledger: FakeLedger) -> tuple[str, int, float]:
    """(state, tries counted, seconds until the next) of the reader who met the answer."""
    one = ledger.standing(kind="digest", day=DAY, subscriber_id=1, now=NOW)
    assert one is not None
    wait = (one.not_before - NOW).total_seconds() if one.not_before else 0.0
    return one.state, ledger.records[1].seen().attempt - 1, wait


# (phase, answer) -> state, tries counted, least and most seconds to the next, whose fault a refusal is.
TABLE: list[tuple[str, Any, str, int, float, float, str]] = [
    ("mail", "452 4.3.1 out of quota", "deferred", 0, 20, 40, ""),
    ("mail", "550 5.7.1 sender not verified", "deferred", 0, 25 * MINUTE, 40 * MINUTE, ""),
    ("data", "451 4.3.0 not now", "deferred", 1, 20, 40, ""),
    ("data", "554 5.7.1 we do not want it", "refused", 0, 0, 0, "policy"),
    ("data", Drop(), "deferred", 0, 20, 40, ""),
    ("dot", Drop(), "deferred", 1, 20, 40, ""),
    ("dot", Taken(Drop()), "deferred", 1, 20, 40, ""),
    ("dot", Stall(3.0), "deferred", 1, 20, 40, ""),
    ("dot", "250 2.0.0 queued as A1", "sent", 0, 0, 0, ""),
    ("rcpt", "421 4.3.2 shutting down", "deferred", 0, 20, 40, ""),
    ("rcpt", "451 4.4.1 no answer from host", "deferred", 1, 20, 40, ""),
    ("rcpt", "450 4.7.1 greylisted, see the page", "deferred", 1, 5 * MINUTE, 7 * MINUTE, ""),
    ("rcpt", "451 4.7.0 temporarily deferred", "deferred", 1, 5 * MINUTE, 7 * MINUTE, ""),
    ("rcpt", "450 4.7.28 unusual rate of mail", "deferred", 0, 20, 40, ""),
    ("rcpt", "452 4.3.1 insufficient system storage", "deferred", 0, 20, 40, ""),
    ("rcpt", "451 4.7.650 TSS04 rate limit exceeded, retry", "deferred", 0, 20, 40, ""),
    ("rcpt", "452 4.5.3 too many recipients", "deferred", 0, 20, 40, ""),
    ("rcpt", "552 5.5.3 too many recipients", "deferred", 0, 20, 40, ""),
    ("rcpt", "450 4.2.1 mailbox busy", "deferred", 1, HOUR, 1.3 * HOUR, ""),
    ("rcpt", "452 4.2.2 mailbox full", "deferred", 1, HOUR, 1.3 * HOUR, ""),
    ("rcpt", "450 4.1.1 unknown for now", "deferred", 1, 20, 40, ""),
    ("rcpt", "450 4.1.8 sender's domain unknown for now", "deferred", 1, 20, 40, ""),
    ("rcpt", "550 5.1.1 no such user", "refused", 0, 0, 0, "address"),
    ("rcpt", "550 5.1.2 no such host", "refused", 0, 0, 0, "address"),
    ("rcpt", "501 5.1.3 bad address", "refused", 0, 0, 0, "address"),
    ("rcpt", "551 5.1.6 moved away", "refused", 0, 0, 0, "address"),
    ("rcpt", "556 5.1.10 null MX", "refused", 0, 0, 0, "address"),
    ("rcpt", "553 mailbox name not allowed", "refused", 0, 0, 0, "address"),
    ("rcpt", "550 5.2.1 account disabled", "refused", 0, 0, 0, "address"),
    ("rcpt", "550 5.7.13 account disabled", "refused", 0, 0, 0, "address"),
    ("rcpt", "552 5.2.2 over quota", "refused", 0, 0, 0, "mailbox-full"),
    ("dot", "552 5.2.3 too big for this mailbox", "refused", 0, 0, 0, "message"),
    ("dot", "552 5.3.4 message too big", "refused", 0, 0, 0, "message"),
    ("rcpt", "500 5.5.2 I do not know this", "refused", 0, 0, 0, "message"),
    ("dot", "554 5.6.0 bad content", "refused", 0, 0, 0, "message"),
    ("dot", "550 5.7.26 unauthenticated", "refused", 0, 0, 0, "policy"),
    ("dot", "550 5.7.515 sender does not meet the level", "refused", 0, 0, 0, "policy"),
    ("dot", "554 blocked, see the block list", "refused", 0, 0, 0, "policy"),
    ("rcpt", "499 something new", "deferred", 1, 20, 40, ""),
    ("rcpt", "599 something new", "refused", 0, 0, 0, "policy"),
    ("rcpt", "299 something new", "sent", 0, 0, 0, ""),
    ("rcpt", "250-first line\n250 second line", "sent", 0, 0, 0, ""),
    ("rcpt", "450-4.2.1 first line\n450 4.2.1 try again in 10 minutes", "deferred", 1, 10 * MINUTE, 11 * MINUTE, ""),
]


@pytest.mark.parametrize(("phase", "answer", "state", "tries", "least", "most", "fault"), TABLE)
def test_an_answer_puts_its_reader_where_it_belongs_and_costs_nobody_else(
    phase: str, answer: Any, state: str, tries: int, least: float, most: float, fault: str
) -> None:
    key = "b+1@news.example" if phase == "mail" else "r1@example.org"
    rule = {key: answer} if phase != "data" else (lambda event: answer if event.transaction == 1 else None)
    if phase == "data" and isinstance(answer, Drop):
        rule = lambda event: answer if event.asked <= READERS else None  # noqa: E731 - it moves on, and is asked again

    ledger, tally, _ = drained({phase: rule})

    found, counted, wait = first(ledger)
    if isinstance(answer, Drop) and phase == "data":
        assert found in {"sent", "deferred"}
        assert counted == 0, "before the dot nothing was delivered, and nobody is charged"
        return
    assert (found, counted) == (state, tries)
    assert least <= wait <= most
    assert [(one.subscriber_id, one.fault) for one in tally.refused] == ([(1, fault)] if fault else [])
    others = [ledger.records[n].state(NOW) for n in range(2, READERS + 1)]
    assert others == ["sent"] * (READERS - 1) or phase == "data"


@pytest.mark.parametrize(
    ("script", "options", "stop"),
    [
        ({"banner": "421 4.3.2 too busy"}, {}, "later"),
        ({"banner": "554 5.7.1 not from here"}, {}, "later"),
        ({"banner": Drop()}, {}, "later"),
        ({"banner": Stall(3.0)}, {}, "later"),
        ({"ehlo": "550 no", "helo": "550 no"}, {}, "later"),
        ({}, {"security": "starttls"}, "attention"),
        (
            {"auth": "454 4.7.0 temporary"},
            {"username": "u", "password": "p", "extensions": (*PIPELINED, "AUTH PLAIN")},
            "later",
        ),
        (
            {"auth": "535 5.7.8 wrong"},
            {"username": "u", "password": "p", "extensions": (*PIPELINED, "AUTH PLAIN")},
            "attention",
        ),
        (
            {"auth": "534 5.7.9 too weak"},
            {"username": "u", "password": "p", "extensions": (*PIPELINED, "AUTH PLAIN")},
            "attention",
        ),
        ({"mail": "530 5.7.0 log in first"}, {}, "attention"),
    ],
)
def test_what_fails_before_a_mail_is_the_relays_affair_and_every_row_stays_open_and_uncharged(
    script: dict[Any, Any], options: dict[str, Any], stop: str
) -> None:
    ledger, tally, _ = drained(script, **options)
    assert tally.stop == stop
    assert tally.refused == []
    states = {one.state(NOW) for one in ledger.records.values()}
    assert states <= {"queued", "deferred"}
    assert {one.seen().attempt for one in ledger.records.values()} == {1}


@pytest.mark.parametrize(
    ("on_uncertain", "state"), [("resend", "deferred"), ("hold", "uncertain"), ("drop", "cancelled")]
)
def test_silence_after_the_dot_is_what_the_operator_said(on_uncertain: str, state: str) -> None:
    ledger, _, server = drained({"dot": {"r1@example.org": Taken(Drop())}}, on_uncertain=on_uncertain)
    assert first(ledger)[0] == state
    assert server.recipients.count("r1@example.org") == 1


def test_one_that_is_too_late_to_try_again_has_expired() -> None:
    ledger, _, _ = drained({"rcpt": {"r1@example.org": "452 4.2.2 full"}}, hours=0.5)
    assert first(ledger)[0] == "expired"
