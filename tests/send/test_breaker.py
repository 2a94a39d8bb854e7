"""The breaker opens on what speaks against us, and on nothing that speaks against one reader."""

from __future__ import annotations

from newsletter.model.mail import Deferred, Delivered, Refused, Reply, Uncertain
from newsletter.send.breaker import Breaker

BLOCK = Refused(1, Reply(550, "5.7.1", "blocked"), "policy")
GOOD = Delivered(1)


def fed(*outcomes: tuple[object, str]) -> Breaker:
    breaker = Breaker()
    for outcome, domain in outcomes:
        breaker.record(outcome, domain)  # type: ignore[arg-type]
    return breaker


def test_three_blocks_in_a_row_open_it() -> None:
    assert fed((BLOCK, "a"), (BLOCK, "b")).reason == ""
    assert fed((BLOCK, "a"), (BLOCK, "b"), (BLOCK, "c")).reason == (
        "3 messages in a row were turned away, the last with: 550 5.7.1 blocked."
    )


def test_unknown_and_full_mailboxes_never_open_it() -> None:
    unknown = Refused(1, Reply(550, "5.1.1"), "address")
    full = Refused(1, Reply(552, "5.2.2"), "mailbox-full")
    grey = Deferred(1, Reply(451, "4.7.1"))
    silent = Uncertain(1, Reply(0))
    assert fed(*[(one, "a") for one in (unknown, full, grey, silent)] * 20).reason == ""


def test_a_success_in_between_starts_the_row_anew() -> None:
    assert fed(*[(BLOCK, "a"), (BLOCK, "b"), (GOOD, "c")] * 3).reason == ""


def test_ten_of_fifty_open_it_even_when_others_get_through() -> None:
    mixed = [(BLOCK, "a"), (GOOD, "c"), (BLOCK, "b"), (GOOD, "d")] * 5
    assert "10 of the last" in fed(*mixed).reason


def test_one_domain_that_blocks_us_is_closed_alone_once_others_take_mail() -> None:
    breaker = fed((GOOD, "b"), *[(BLOCK, "a")] * 3)
    assert breaker.reason == ""
    assert breaker.closed_domains == {"a": "550 5.7.1 blocked"}
