"""Each reply and fault that a relay can give, at each phase, and what becomes of the reader it happens to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from newsletter.errors import RelayError
from newsletter.model.mail import Deferred, Delivered, Message, Refused, Uncertain
from newsletter.send.transports.chunking import window_for
from newsletter.send.transports.patience import Patience
from newsletter.send.verdict import words
from tests.send.ledger import message
from tests.send.sending import MODES, numbered, send, send_broken, transport
from tests.support.smtp_server import ALL, PIPELINED, STEPS, Drop, Event, Late, SmtpServer, Stall, Taken, Then

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.model.mail import Outcome

each_mode = pytest.mark.parametrize("extensions", MODES.values(), ids=MODES.keys())
EX = "r1@example.org"


def short(outcome: Outcome) -> tuple[Any, ...]:
    """An outcome as (kind, what distinguishes it)."""
    match outcome:
        case Delivered():
            return ("delivered",)
        case Deferred(charged=charged):
            return ("deferred", charged)
        case Refused(fault=fault):
            return ("refused", fault)
        case Uncertain():
            return ("uncertain",)
    return (outcome.state,)


@each_mode
def test_every_message_arrives_once_and_as_it_was(extensions: tuple[str, ...]) -> None:
    with SmtpServer(extensions=extensions) as server:
        out = send(server, 40, connections=3)
    assert {short(one) for one in out.values()} == {("delivered",)}
    assert server.recipients == sorted(f"r{n}@example.org" for n in range(1, 41))
    assert {one.data for one in server.accepted} == {one.data for one in numbered(40)}
    assert server.faults == []


# phase, answer, outcome of the reader it happens to
REPLIES: list[tuple[str, Any, tuple[Any, ...]]] = [
    # MAIL speaks of the sender
    ("mail", "451 4.7.0 quota of this account is used up", ("deferred", False)),
    ("mail", "550 5.7.1 sender not verified", ("refused", "sender")),
    ("mail", "553 5.1.8 bad sender domain", ("refused", "sender")),
    ("mail", "552 5.3.4 message too big", ("refused", "message")),
    ("mail", "503 5.5.1 sender already specified", ("refused", "message")),
    # RCPT
    ("rcpt", "450 4.2.0 greylisted", ("deferred", True)),
    ("rcpt", "451 4.7.1 try again later", ("deferred", True)),
    ("rcpt", "450 4.1.1 unknown for now", ("deferred", True)),
    ("rcpt", "452 4.2.2 mailbox full", ("deferred", True)),
    ("rcpt", "452 4.3.1 insufficient system storage", ("deferred", False)),
    ("rcpt", "452 4.5.3 too many recipients", ("deferred", False)),
    ("rcpt", "552 too many recipients", ("deferred", False)),
    ("rcpt", "450 4.7.28 unusual rate of mail", ("deferred", False)),
    ("rcpt", "499 what is this", ("deferred", True)),
    ("rcpt", "550 5.1.1 no such user", ("refused", "address")),
    ("rcpt", "550 no such user here", ("refused", "address")),
    ("rcpt", "551 user not local", ("refused", "address")),
    ("rcpt", "553 5.1.3 bad address syntax", ("refused", "address")),
    ("rcpt", "556 5.1.10 domain takes no mail", ("refused", "address")),
    ("rcpt", "550 5.2.1 mailbox disabled", ("refused", "address")),
    ("rcpt", "550 5.7.13 account disabled", ("refused", "address")),
    ("rcpt", "552 5.2.2 mailbox full", ("refused", "mailbox-full")),
    ("rcpt", "552 5.2.3 message too long for this mailbox", ("refused", "message")),
    ("rcpt", "550 5.7.1 blocked by a list", ("refused", "policy")),
    ("rcpt", "550 rejected, your address is on a blocklist", ("refused", "policy")),
    ("rcpt", "554 5.7.1 relay access denied", ("refused", "policy")),
    ("rcpt", "599 5.9.9 never heard of", ("refused", "policy")),
    ("rcpt", "501 5.5.4 syntax", ("refused", "message")),
    ("rcpt", b"550-5.1.1 no such\r\n550 5.1.1 user\r\n", ("refused", "address")),
    ("rcpt", b"550 5.1.1 caf\xe9 \xff\x00\r\n", ("refused", "address")),
    # DATA, before the body
    ("data", "451 4.3.0 try again", ("deferred", True)),
    ("data", "554 5.7.1 no", ("refused", "policy")),
    # the final dot
    ("dot", "250 2.0.0 queued", ("delivered",)),
    ("dot", "259 whatever", ("delivered",)),
    ("dot", "451 4.3.0 local error", ("deferred", True)),
    ("dot", "450 4.7.1 greylisted", ("deferred", True)),
    ("dot", "452 4.3.1 out of storage", ("deferred", False)),
    ("dot", "550 5.7.26 unauthenticated", ("refused", "policy")),
    ("dot", "550 5.7.515 access denied", ("refused", "policy")),
    ("dot", "554 rejected", ("refused", "policy")),
    ("dot", "550 rejected", ("refused", "policy")),
    ("dot", "550 5.1.1 no such user", ("refused", "address")),
    ("dot", "552 5.3.4 too big", ("refused", "message")),
    ("dot", "554 5.6.0 bad content", ("refused", "message")),
]


@each_mode
def test_each_reply_of_the_table_decides_for_its_reader_and_for_nobody_else(extensions: tuple[str, ...]) -> None:
    table = [row for row in REPLIES if row[0] != "data" or "CHUNKING" not in extensions]
    script: dict[Any, dict[str, Any]] = {"mail": {}, "rcpt": {}, "data": {}, "dot": {}}
    wanted: dict[int, tuple[Any, ...]] = {}
    for place, (phase, answer, expected) in enumerate(table):
        n = 2 * place + 2  # between any two there is a reader whom nothing happens to
        script[phase][f"b+{n}@news.example" if phase == "mail" else f"r{n}@example.org"] = answer
        wanted |= {n: expected, n + 1: ("delivered",)}
    with SmtpServer(extensions=extensions, script=script) as server:
        out = send(server, [one for one in numbered(2 * len(table) + 1) if one.delivery_id > 1])
    got = {n: short(one) for n, one in out.items()}
    assert {words(out[n].reply): got[n] for n in got if got[n] != wanted[n]} == {}  # type: ignore[union-attr]
    assert got == wanted
    assert server.faults == []
    assert server.recipients == sorted(f"r{n}@example.org" for n, kind in wanted.items() if kind == ("delivered",))


# what happens at the phase on every connection, and the outcome of a single message
BREAKS: list[tuple[str, Any, tuple[Any, ...] | type[Exception]]] = [
    ("banner", Drop(), RelayError),
    ("banner", Stall(), RelayError),
    ("banner", "421 4.3.2 not now", RelayError),
    ("banner", "554 5.7.1 not you", RelayError),
    ("banner", b"HTTP/1.1 400 Bad Request\r\n", RelayError),
    ("banner", b"220" + b" x" * 5000, RelayError),
    ("banner", b"220-again\r\n" * 3000, RelayError),
    ("ehlo", Drop(), RelayError),
    ("ehlo", "421 4.3.2 not now", RelayError),
    ("mail", Drop(), RelayError),
    ("mail", Stall(), RelayError),
    ("mail", b"\x00\x01garbage\r\n", RelayError),
    ("rcpt", Drop(), RelayError),
    ("rcpt", Drop(reset=True), RelayError),
    ("rcpt", Stall(), RelayError),
    ("rcpt", "421 4.7.0 too much", RelayError),
    ("data", Drop(), RelayError),
    ("data", Stall(), RelayError),
    ("data", "250 what", ("deferred", False)),
    ("dot", Drop(), ("uncertain",)),
    ("dot", Drop(reset=True), ("uncertain",)),
    ("dot", Stall(), ("uncertain",)),
    ("dot", b"rubbish\r\n", ("uncertain",)),
    ("dot", b"250" + b" x" * 5000, ("uncertain",)),
    ("dot", b"250-on and on\r\n" * 3000, ("uncertain",)),
    ("dot", "354 more", ("uncertain",)),
    ("dot", Taken(Drop()), ("uncertain",)),
    ("dot", Then("250 2.0.0 taken", Drop()), ("delivered",)),
    ("dot", Late(0.1), ("delivered",)),
    ("rcpt", Late(0.1), ("delivered",)),
]


CASES = [  # setting up is the same in each mode, and chunks know no DATA
    (name, phase, answer, expected)
    for name in MODES
    for phase, answer, expected in BREAKS
    if not (phase in {"banner", "ehlo"} and name != "pipeline") and not (phase == "data" and name == "chunks")
]


@pytest.mark.parametrize(("mode", "phase", "answer", "expected"), CASES)
def test_a_connection_that_breaks_tells_before_the_dot_from_after_it(
    mode: str, phase: Any, answer: Any, expected: Any
) -> None:
    extensions = MODES[mode]
    if extensions == ALL and phase in {"mail", "rcpt"} and expected is RelayError and answer != "421 4.7.0 too much":
        expected = ("uncertain",)  # its chunk was on the way with the envelope
    with SmtpServer(extensions=extensions, script={phase: answer}) as server:
        out, error = send_broken(server, [message(1)])
    if expected is RelayError:
        assert error.startswith(f"RelayError: Mail relay 127.0.0.1:{server.port}: ")
        assert {short(outcome) for outcome in out.values()} <= {("deferred", False)}
    else:
        assert {n: short(outcome) for n, outcome in out.items()} == {1: expected}
    assert server.faults == []


@each_mode
def test_messages_that_a_broken_relay_never_took_are_deferred_and_not_charged(extensions: tuple[str, ...]) -> None:
    with SmtpServer(extensions=extensions, script={"mail": "421 4.3.2 not now"}) as server:
        out, error = send_broken(server, 50)
    assert "421 4.3.2 not now" in error
    assert out
    assert {short(outcome) for outcome in out.values()} == {("deferred", False)}
    assert server.accepted == []


@each_mode
@pytest.mark.parametrize("goodbye", ["", "421 4.7.0 enough for now"])
@pytest.mark.parametrize("after", [1, 5])
def test_a_server_that_closes_after_some_messages_is_met_again_and_nobody_is_charged(
    extensions: tuple[str, ...], after: int, goodbye: str
) -> None:
    with SmtpServer(extensions=extensions, close_after=after, goodbye=goodbye) as server:
        out = send(server, 23, window=1)
    certain = {n: short(one) for n, one in out.items() if short(one) != ("uncertain",)}
    assert set(certain.values()) == {("delivered",)}
    if extensions != ALL or goodbye:
        assert len(certain) == 23
        assert server.recipients == sorted(f"r{n}@example.org" for n in range(1, 24))
    assert server.connections >= 4
    assert server.faults == []


@each_mode
def test_a_connection_is_given_up_after_the_configured_number_of_messages(extensions: tuple[str, ...]) -> None:
    with SmtpServer(extensions=extensions) as server:
        out = send(server, 25, messages_per_connection=10)
    assert {short(one) for one in out.values()} == {("delivered",)}
    assert server.connections == 3
    assert server.faults == []


def test_one_stalled_connection_does_not_hold_up_the_others() -> None:
    def stall_first(event: Event) -> Stall | None:
        return Stall() if event.argument == EX else None

    with SmtpServer(extensions=PIPELINED, script={"dot": stall_first}) as server:
        one = transport(server, connections=3)
        order = [(outcome.delivery_id, short(outcome)) for outcome in one.deliver(numbered(30))]
        one.close()
    assert order.index((1, ("uncertain",))) >= 27
    assert [what for n, what in sorted(order) if n != 1] == [("delivered",)] * 29


def test_a_server_that_takes_few_connections_gets_few() -> None:
    with SmtpServer(extensions=PIPELINED, most_connections=2) as server:
        out = send(server, 60, connections=6)
    assert {short(one) for one in out.values()} == {("delivered",)}
    assert server.faults == []


def test_an_old_server_without_ehlo_is_greeted_with_helo() -> None:
    with SmtpServer(extensions=(), script={"ehlo": "502 5.5.1 not implemented"}) as server:
        assert short(send(server)[1]) == ("delivered",)
    assert [line.split(": ")[1].split()[0] for line in server.commands[:3]] == ["EHLO", "HELO", "MAIL"]
    assert server.faults == []


def test_a_354_after_a_refused_recipient_is_answered_with_a_lone_dot_and_counts_as_refused() -> None:
    script = {"rcpt": {"r2@example.org": "550 5.1.1 no such user"}}
    with SmtpServer(extensions=PIPELINED, script=script, data_without_recipient="354 go on") as server:
        out = send(server, 3)
    assert [short(out[n]) for n in (1, 2, 3)] == [("delivered",), ("refused", "address"), ("delivered",)]
    assert server.faults == []


@each_mode
def test_lmtp_answers_for_each_recipient(extensions: tuple[str, ...]) -> None:
    script = {"dot": {"r2@example.org": "550 5.1.1 no such user"}}
    with SmtpServer(extensions=extensions, lmtp=True, script=script) as server:
        out = send(server, 3, lmtp=True)
    assert [short(out[n]) for n in (1, 2, 3)] == [("delivered",), ("refused", "address"), ("delivered",)]
    assert server.faults == []


def test_lmtp_goes_through_a_unix_socket(tmp_path: Path) -> None:
    with SmtpServer(host=str(tmp_path / "lmtp"), lmtp=True) as server:
        out = send(server, 3, lmtp=True)
    assert {short(one) for one in out.values()} == {("delivered",)}
    assert server.faults == []


def test_a_message_over_the_announced_size_is_not_even_offered() -> None:
    with SmtpServer(extensions=("SIZE 1000",)) as server:
        out = send(server, [message(1, data=b"x: y\r\n\r\n" + b"a\r\n" * 500), message(2)])
    assert out[1] == Refused(1, out[1].reply, "sender")  # type: ignore[union-attr] # the ledger keeps it for later
    assert out[1].reply.enhanced == "5.3.4"  # type: ignore[union-attr]
    assert short(out[2]) == ("delivered",)
    assert not any("SIZE=1508" in line for line in server.commands)


def test_an_internationalised_address_needs_smtputf8_and_is_refused_alone_without_it() -> None:
    rows = [message(1, to="jörg@example.org"), message(2, to="ada@bücher.example"), message(3)]
    with SmtpServer(extensions=STEPS) as server:
        out = send(server, rows)
    assert short(out[1]) == ("refused", "message")
    assert out[1].reply.enhanced == "5.6.7"  # type: ignore[union-attr]
    assert server.recipients == ["ada@xn--bcher-kva.example", "r3@example.org"]
    assert server.faults == []
    with SmtpServer(extensions=ALL) as server:
        out = send(server, rows)
    assert {short(one) for one in out.values()} == {("delivered",)}
    assert server.recipients == ["ada@bücher.example", "jörg@example.org", "r3@example.org"]
    assert server.faults == []


def test_eight_bit_content_goes_only_to_servers_that_offer_8bitmime() -> None:
    row = message(1, data="x: y\r\n\r\nnaïve\r\n".encode())
    with SmtpServer(extensions=("SIZE 1000",)) as server:
        assert short(send(server, [row])[1]) == ("refused", "message")
    with SmtpServer(extensions=STEPS) as server:
        assert short(send(server, [row])[1]) == ("delivered",)
    assert server.faults == []


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b"a: b\n\nx\n.\nMAIL FROM:<evil@x>\n", b"a: b\r\n\r\nx\r\n.\r\nMAIL FROM:<evil@x>\r\n"),
        (b"a: b\r\n\r\nx\r.\r\ry\n.\r\n", b"a: b\r\n\r\nx\r\n.\r\n\r\ny\r\n.\r\n"),
        (b"a: b\r\n\r\nno end", b"a: b\r\n\r\nno end\r\n"),
        (b".\r\n", b".\r\n"),
    ],
)
@each_mode
def test_a_body_cannot_smuggle_a_second_message(extensions: tuple[str, ...], data: bytes, sent: bytes) -> None:
    with SmtpServer(extensions=extensions) as server:
        assert short(send(server, [message(1, data=data)])[1]) == ("delivered",)
    assert [one.data for one in server.accepted] == [sent]
    assert server.faults == []


@pytest.mark.parametrize("data", [b"a: b\r\n\r\n\0\r\n", b"a: b\r\n\r\n" + b"x" * 999 + b"\r\n"])
def test_a_body_that_no_server_must_take_is_refused_here(data: bytes) -> None:
    with SmtpServer() as server:
        assert short(send(server, [message(1, data=data)])[1]) == ("refused", "message")
    assert server.accepted == []


@pytest.mark.parametrize("address", ["a@b.example>\r\nRCPT TO:<x@y", "a b@c.example", "", "<a@b.example>"])
def test_an_address_cannot_smuggle_a_command(address: str) -> None:
    with SmtpServer() as server:
        assert short(send(server, [Message(1, "b@x.example", address, b"a: b\r\n\r\n")])[1]) == ("refused", "message")
    assert not any("RCPT" in line for line in server.commands)


def test_delivery_notices_are_asked_for_only_where_they_are_offered() -> None:
    with SmtpServer(extensions=ALL) as server:
        send(server)
    assert any("RET=HDRS ENVID=1" in line for line in server.commands)
    assert any("NOTIFY=FAILURE ORCPT=rfc822;r1@example.org" in line for line in server.commands)
    with SmtpServer(extensions=STEPS) as server:
        send(server)
    assert not any("NOTIFY" in line or "ENVID" in line for line in server.commands)


def test_a_connection_that_died_while_nobody_looked_is_replaced() -> None:
    with SmtpServer(extensions=PIPELINED, close_after=1) as server:
        one = transport(server)
        first = list(one.deliver([message(1)]))
        second = list(one.deliver([message(2)]))
        one.close()
    assert [short(outcome) for outcome in first + second] == [("delivered",), ("delivered",)]
    assert server.faults == []


def test_a_sender_that_is_asked_to_hurry_does_not_wait_for_a_stalled_server() -> None:
    with SmtpServer(extensions=PIPELINED, script={"dot": Stall()}) as server:
        one = transport(server, patience=Patience())
        one.pulse = lambda: one.hurry(0.2)
        assert [short(outcome) for outcome in one.deliver([message(1)])] == [("uncertain",)]
        one.close()


def test_a_port_where_nobody_listens_is_named_in_the_error() -> None:
    with SmtpServer() as server:
        pass
    one = transport(server)
    problem = one.check()
    assert problem is not None
    assert str(server.port) in problem.what
    assert "[delivery] host and port" in problem.cure
    with pytest.raises(RelayError, match=str(server.port)):
        list(one.deliver([message(1)]))
    one.close()


def test_a_relay_that_wants_a_login_is_a_matter_for_the_operator() -> None:
    with SmtpServer(extensions=PIPELINED, users={"ada": "secret"}) as server:
        out, error = send_broken(server)
    assert error.startswith("RelayConfigError: ")
    assert "530" in error
    assert short(out[1]) == ("deferred", False)


@each_mode
def test_a_server_that_lost_the_thread_is_given_a_second_chance_on_a_fresh_connection(
    extensions: tuple[str, ...],
) -> None:
    def confused_once(event: Event) -> str | None:
        return "503 5.5.1 bad sequence" if event.argument == "r2@example.org" and event.connection == 1 else None

    with SmtpServer(extensions=extensions, script={"rcpt": confused_once}) as server:
        out = send(server, 3)
    assert {short(one) for one in out.values()} == {("delivered",)}
    assert server.connections == 2
    assert server.faults == []


def test_what_waits_behind_a_stalled_answer_goes_out_over_another_connection() -> None:
    def stall_first(event: Event) -> Stall | None:
        return Stall() if event.argument == EX else None

    with SmtpServer(extensions=PIPELINED, script={"dot": stall_first}) as server:
        one = transport(server, connections=2, patience=Patience(dot=2.5))
        order = [outcome.delivery_id for outcome in one.deliver(numbered(6))]
        one.close()
    assert order[-2:] == [1, 2]  # the second one's envelope rode on the first one's dot


def test_a_servers_limit_is_learned_so_that_no_chunk_is_sent_into_the_closing_door() -> None:
    with SmtpServer(extensions=ALL, close_after=5) as server:
        out = send(server, 100, window=4)
    doubts = [n for n, one in out.items() if short(one) == ("uncertain",)]
    assert len(doubts) <= 8  # two windows, until the limit was known
    assert all(short(out[n]) == ("delivered",) for n in out if n not in doubts)
    assert server.faults == []


def test_one_message_that_a_server_stumbles_over_is_put_off_and_the_others_arrive() -> None:
    with SmtpServer(extensions=PIPELINED, script={"rcpt": {"r5@example.org": Drop()}}) as server:
        out = send(server, 30)
    assert short(out[5]) == ("deferred", False)
    assert all(short(out[n]) == ("delivered",) for n in out if n != 5)
    assert server.faults == []


def test_a_near_server_has_few_messages_in_doubt_and_a_far_one_is_kept_busy() -> None:
    assert [window_for(rtt) for rtt in (0.0, 0.001, 0.008, 0.02, 0.3)] == [4, 4, 8, 16, 16]
