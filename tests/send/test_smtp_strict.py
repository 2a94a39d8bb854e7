"""Servers that do not do what they offer, or answer before they are asked: nobody is lost, refused or taken as sent."""

from __future__ import annotations

import pytest

from newsletter.model.mail import Deferred, Delivered, Refused, Uncertain
from tests.send.sending import MODES, send
from tests.support.smtp_server import ALL, PIPELINED, Event, SmtpServer

UNKNOWN = "502 5.5.1 command not implemented"


@pytest.mark.parametrize("unknown", [UNKNOWN, "500 5.5.2 what?", "503 5.5.1 bad sequence of commands"])
def test_chunks_that_are_offered_and_not_known_cost_nobody_her_mail(unknown: str) -> None:
    with SmtpServer(extensions=ALL, script={"bdat": unknown}) as server:
        out = send(server, 40, connections=3)
    assert {type(one) for one in out.values()} == {Delivered}
    assert server.recipients == sorted(f"r{n}@example.org" for n in range(1, 41))


def test_chunks_that_are_not_known_any_more_leave_in_doubt_what_was_under_way_and_refuse_nobody() -> None:
    def from_the_fifth_on(event: Event) -> str | None:
        return UNKNOWN if event.asked > 4 else None

    with SmtpServer(extensions=ALL, script={"bdat": from_the_fifth_on}) as server:
        out = send(server, 40)
    doubts = {n for n, one in out.items() if isinstance(one, Uncertain)}
    assert len(doubts) <= 3  # the window of a near server, without the one that was answered
    assert {type(out[n]) for n in out.keys() - doubts} == {Delivered}
    assert server.recipients == sorted(f"r{n}@example.org" for n in out.keys() - doubts)


def test_a_mail_that_is_refused_by_both_ways_is_refused() -> None:
    with SmtpServer(extensions=ALL, script={"bdat": UNKNOWN, "dot": "554 5.6.0 not like this"}) as server:
        out = send(server, 1)
    assert [(type(one).__name__, getattr(one, "fault", "")) for one in out.values()] == [("Refused", "message")]


@pytest.mark.parametrize("extensions", [MODES["step"], PIPELINED], ids=["step", "pipeline"])
def test_a_server_that_takes_a_mail_before_it_was_sent_is_not_believed(extensions: tuple[str, ...]) -> None:
    def hasty(event: Event) -> bytes | None:
        return b"354 go on\r\n250 2.0.0 taken\r\n" if event.argument == "r3@example.org" else None

    with SmtpServer(extensions=extensions, script={"data": hasty}) as server:
        out = send(server, 6)
    assert isinstance(out[3], Deferred)
    assert not out[3].charged
    assert {type(out[n]) for n in out if n != 3} == {Delivered}


def test_a_mail_that_is_refused_as_an_unknown_command_among_mails_that_are_taken_holds_nobody_up() -> None:
    with SmtpServer(extensions=ALL, script={"dot": {"r3@example.org": "503 5.5.1 eh?"}}) as server:
        out = send(server, 24, connections=2)
    assert isinstance(out[3], Refused)
    assert server.recipients == sorted(f"r{n}@example.org" for n in out if n != 3)
