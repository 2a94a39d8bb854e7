"""A mail server hands returned mail over by LMTP, and keeps it until what it says is stored."""

from __future__ import annotations

import smtplib
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.config import read_config
from newsletter.errors import BusyError, UsageError
from newsletter.model.subscriber import Subscriber
from newsletter.returns.intake.lmtp import open_door
from newsletter.stages.receiving import receive
from newsletter.wiring import open_doors, open_press
from tests.returns.test_tend import START
from tests.support import returned_mail as mail
from tests.support.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.model.mail import Note
    from newsletter.press import Press


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    config = read_config({"newsletter": {"secret": mail.SECRET}}, {}, tmp_path / "config.toml")
    with open_press(config, clock=FakeClock(START)) as opened:
        opened.subscribers.add(Subscriber(email=mail.ADA))
        yield opened


def hand_over(port: int, data: bytes, to: str) -> tuple[int, bytes]:
    with smtplib.LMTP("127.0.0.1", port) as client:
        client.ehlo("mx.example.org")
        client.mail("")
        client.rcpt(to)
        return client.data(data)


def status(press: Press) -> str:
    return press.subscribers.get([1])[1].status


def test_a_bounce_is_acted_on_before_the_mail_server_may_forget_it(press: Press) -> None:
    told: list[Note] = []
    bounce = mail.postfix("papers@papers.example").replace(b"Delivered-To: papers@papers.example\r\n", b"")
    with open_door("127.0.0.1", 0, lambda data: receive(press, data, watch=told.append)) as port:
        assert hand_over(port, bounce, mail.verp()) == (250, b"2.0.0 taken")  # only the envelope has her mark
        assert status(press) == "bounced"
        assert hand_over(port, bounce, mail.verp()) == (250, b"2.0.0 taken")
        assert hand_over(port, mail.letter("x@y", "Out of office"), mail.verp()) == (250, b"2.0.0 taken")
        assert hand_over(port, mail.letter("x@y", "Hello?"), "leave@bounces.papers.example")[0] == 550

    assert [note.text for note in told] == ["not written to any more: there is no such mailbox"]


def test_while_the_database_is_away_the_mail_server_keeps_the_mail(press: Press) -> None:
    class Away:
        def __getattr__(self, name: str) -> Any:
            raise BusyError("the database is locked.")

    away = replace(press, returns=Away())  # type: ignore[arg-type]
    with open_door("127.0.0.1", 0, lambda data: receive(away, data, watch=print)) as port:
        assert hand_over(port, mail.postfix(mail.verp()), mail.verp()) == (451, b"4.3.0 not now, try again")
    assert status(press) == "active"


def talk(port: int, *commands: bytes) -> list[str]:
    """What the door answers to octets as they are, until it has nothing more to say."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(b"".join(commands) + b"QUIT\r\n")
        said = b""
        while piece := line.recv(4096):
            said += piece
    return [one[:7].rstrip() for one in said.decode().split("\r\n") if one and one[3] == " "]


def test_each_recipient_has_an_answer_and_nothing_goes_out_of_turn() -> None:
    got: list[bytes] = []

    def take(data: bytes) -> Any:
        got.append(data)
        return "taken"

    with open_door("127.0.0.1", 0, take) as port:
        talked = talk(
            port,
            b"DATA\r\nRCPT TO:<a@b>\r\nEHLO x\r\nLHLO x\r\nDATA\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nNOOP\r\n",
            b"RCPT TO:<a@b> NOTIFY=NEVER\r\nRCPT TO:<c\r\n@d>\r\n",
            b"DATA\r\n..dots\r\nend\n.\nmore\r\n.\r\n",
            b"RSET\r\nDATA\r\n",
        )

    assert talked == [
        *("220 new", "503 5.5", "503 5.5", "500 5.5", "250 SMT", "503 5.5", "250 2.1", "503 5.5", "250 2.0"),
        *("250 2.1", "250 2.1", "500 5.5", "354 end", "250 2.0", "250 2.0", "250 2.0", "503 5.5", "221 2.0"),
    ]
    body = b"\r\n.dots\r\nend\n.\nmore\r\n"
    assert got == [b"Delivered-To: a@b" + body, b"Delivered-To: c" + body]


def test_a_line_that_is_cut_within_a_mail_gives_nothing() -> None:
    got: list[bytes] = []
    with (
        open_door("127.0.0.1", 0, lambda data: got.append(data) or "taken") as port,  # type: ignore[func-returns-value]
        socket.create_connection(("127.0.0.1", port), 5) as line,
    ):
        line.sendall(b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nSubject: x\r\n\r\n.")
        line.shutdown(socket.SHUT_WR)
        while line.recv(4096):
            pass

    assert got == []


def test_a_place_that_is_taken_is_said_with_its_cure(press: Press) -> None:
    with (
        open_door("127.0.0.1", 0, lambda _: "taken") as port,
        pytest.raises(UsageError, match=r"cannot be taken at 127\.0\.0\.1"),
        open_door("127.0.0.1", port, lambda _: "taken"),
    ):
        pass


def test_serve_opens_the_doors_that_are_configured_and_tend_leaves_them_alone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"newsletter": {"secret": mail.SECRET}, "returns": [{"kind": "lmtp", "host": "127.0.0.1", "port": port}]}
    with open_press(read_config(given, {}, tmp_path / "config.toml"), clock=FakeClock(START)) as press:
        press.subscribers.add(Subscriber(email=mail.ADA))
        assert press.mailboxes == ()
        told: list[Note] = []
        with open_doors(press, told.append) as ports:
            assert ports == (port,)
            assert hand_over(port, mail.postfix(mail.verp()), mail.verp())[0] == 250
        assert status(press) == "bounced"
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", port), 5)
