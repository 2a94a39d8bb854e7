"""Several relays: shares, one that is down, one that turns us away, one that wants a person."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.errors import RelayError
from newsletter.model.mail import Deferred, Delivered, Offered, RelayTrouble
from newsletter.model.paper import Problem
from newsletter.send.pace import Pacer, Rate
from newsletter.send.transports.opening import Relay
from newsletter.send.transports.relays import RESTS, Way
from newsletter.send.transports.smtp import SmtpTransport
from tests.send.sending import MODES, QUICK, SHORT, numbered
from tests.support.smtp_server import Drop, SmtpServer, Stall

if TYPE_CHECKING:
    from newsletter.model.mail import Outcome


def way(server: SmtpServer, **options: Any) -> Way:
    login = {"username": options.pop("username", ""), "password": options.pop("password", "")}
    relay = Relay(host=server.host, port=server.port, security="none", helo_name="sender.example.org", **login)
    return Way(relay, **options)


def through(*ways: Way, **options: Any) -> SmtpTransport:
    settings: dict[str, Any] = {"connections": 4, "patience": SHORT, "backoff": QUICK}
    return SmtpTransport(ways, **(settings | options))


def outcomes(transport: SmtpTransport, many: int) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    for one in transport.deliver(numbered(many)):
        assert one.delivery_id not in found
        found[one.delivery_id] = one
    return found


def all_arrived_once(*servers: SmtpServer, many: int) -> None:
    got = Counter(one for server in servers for one in server.recipients)
    assert got == Counter(f"r{n}@example.org" for n in range(1, many + 1))
    assert [fault for server in servers for fault in server.faults] == []


@pytest.mark.parametrize("mode", MODES)
def test_relays_share_the_mails_by_their_weights(mode: str) -> None:
    with SmtpServer(extensions=MODES[mode]) as one, SmtpServer(extensions=MODES[mode]) as other:
        transport = through(way(one, weight=3.0), way(other), connections=8)
        found = outcomes(transport, 400)
        transport.close()
    assert {type(each) for each in found.values()} == {Delivered}
    all_arrived_once(one, other, many=400)
    assert 230 <= len(one.accepted) <= 350
    assert transport.troubles() == ()


def test_one_relay_that_nobody_answers_at_costs_no_mail_and_no_try() -> None:
    with SmtpServer() as gone, SmtpServer() as other:
        gone.stop()
        transport = through(way(gone), way(other))
        found = outcomes(transport, 60)
        transport.close()
    assert {type(each) for each in found.values()} == {Delivered}
    all_arrived_once(other, many=60)
    (trouble,) = transport.troubles()
    assert (trouble.where, trouble.lasting) == (f"127.0.0.1:{gone.port}", False)
    assert "no connection" in trouble.said
    assert transport.worked() == (f"127.0.0.1:{other.port}",)


@pytest.mark.parametrize("phase", ["banner", "ehlo", "mail", "rcpt", "data"])
@pytest.mark.parametrize("answer", [Drop(), Stall(5.0), "421 4.3.2 going down"])
def test_a_relay_that_fails_before_the_dot_hands_its_mails_to_the_other_at_once(phase: Any, answer: Any) -> None:
    offered = MODES["pipeline"]  # with chunks what was written whole would be in doubt
    with SmtpServer(script={phase: answer}, extensions=offered) as bad, SmtpServer(extensions=offered) as good:
        transport = through(way(bad), way(good))
        found = outcomes(transport, 40)
        transport.close()
    assert Counter(type(each) for each in found.values()) == {Delivered: 40}
    all_arrived_once(good, many=40)


def test_a_relay_that_dies_in_the_middle_leaves_the_rest_to_the_other() -> None:
    with SmtpServer() as dies, SmtpServer() as other:
        transport = through(way(dies), way(other))
        found: dict[int, Outcome] = {}
        for outcome in transport.deliver(numbered(300)):
            found[outcome.delivery_id] = outcome
            if len(found) == 50:
                dies.stop()
        transport.close()
    delivered = [one for one in found.values() if isinstance(one, Delivered)]
    assert len(found) == 300
    assert len(delivered) >= 300 - 2 * 16  # those on the dying one's wire are in doubt
    assert not [one for one in found.values() if isinstance(one, Deferred)]
    assert {trouble.where for trouble in transport.troubles()} <= {f"127.0.0.1:{dies.port}"}


@pytest.mark.parametrize("reply", ["452 4.3.1 daily quota exceeded", "550 5.7.1 sender not verified here"])
def test_a_relay_that_does_not_take_our_sender_leaves_all_mail_to_the_other(reply: str) -> None:
    with SmtpServer(script={"mail": reply}) as full, SmtpServer() as other:
        transport = through(way(full), way(other))
        found = outcomes(transport, 1000)  # enough for both relays to be met on a busy machine
        transport.close()
    assert Counter(type(each) for each in found.values()) == {Delivered: 1000}
    all_arrived_once(other, many=1000)
    (trouble,) = transport.troubles()
    assert reply[4:] in trouble.said


def test_a_wrong_password_at_one_relay_is_tried_once_and_is_for_a_person() -> None:
    users = {"papers": "right"}
    with SmtpServer(users=users) as locked, SmtpServer() as other:
        transport = through(way(locked, username="papers", password="wrong"), way(other))
        found = outcomes(transport, 100)
        transport.close()
    assert Counter(type(each) for each in found.values()) == {Delivered: 100}
    assert locked.connections == 1
    assert [one.lasting for one in transport.troubles()] == [True]


def test_when_every_relay_is_down_the_run_ends_and_nobody_is_charged() -> None:
    with SmtpServer() as one, SmtpServer() as other:
        one.stop()
        other.stop()
        transport = through(way(one), way(other))
        found: list[Outcome] = []
        with pytest.raises(RelayError, match="no connection"):
            found.extend(transport.deliver(numbered(5)))
        transport.close()
    assert [(one.delivery_id, one.charged) for one in found if isinstance(one, Deferred)] == [(1, False)]


def test_a_relay_that_an_earlier_run_found_down_is_not_asked_and_named() -> None:
    with SmtpServer() as resting, SmtpServer() as other:
        transport = through(way(resting), way(other))
        transport.rest(f"127.0.0.1:{resting.port}", 600.0, "it was down a minute ago")
        outcomes(transport, 20)
        transport.close()
    assert (resting.connections, len(other.accepted)) == (0, 20)
    assert transport.troubles() == (
        RelayTrouble(f"127.0.0.1:{resting.port}", "it was down a minute ago", lasting=False),
    )


def test_a_relay_comes_back_when_its_rest_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.send.transports.relays.RESTS", (0.2, *RESTS))
    with (
        SmtpServer(script={"banner": lambda event: Drop() if event.asked < 5 else None}) as weak,
        SmtpServer() as other,
    ):
        transport = through(way(weak), way(other, pacer=Pacer(Rate(100.0))))
        found = outcomes(transport, 150)
        transport.close()
    assert Counter(type(each) for each in found.values()) == {Delivered: 150}
    assert len(weak.accepted) > 20
    assert transport.troubles() == ()


def test_a_relays_own_rate_holds_for_it_and_not_for_the_other() -> None:
    with SmtpServer() as slow, SmtpServer() as fast:
        transport = through(way(slow, pacer=Pacer(Rate(10.0))), way(fast))
        found = outcomes(transport, 300)
        transport.close()
    assert len(found) == 300
    all_arrived_once(slow, fast, many=300)
    assert len(slow.accepted) < 60


def test_the_words_of_an_answer_name_the_relay_that_gave_it() -> None:
    with SmtpServer() as one, SmtpServer() as other:
        transport = through(way(one), way(other))
        found = outcomes(transport, 2)
        transport.close()
    texts = {each.reply.text.partition("(via ")[2] for each in found.values() if isinstance(each, Delivered)}
    assert texts <= {f"127.0.0.1:{one.port})", f"127.0.0.1:{other.port})"}
    assert texts


def test_a_check_passes_when_one_relay_works_and_tells_of_each() -> None:
    with SmtpServer() as gone, SmtpServer() as other:
        gone.stop()
        transport = through(way(gone), way(other))
        assert transport.check() is None
        found = dict(transport.check_each())
        transport.close()
    offered, lost = found[f"127.0.0.1:{other.port}"], found[f"127.0.0.1:{gone.port}"]
    assert isinstance(offered, Offered)
    assert {"CHUNKING", "PIPELINING", "SIZE"} <= offered.keywords
    assert offered.size == 10_000_000
    assert isinstance(lost, Problem)
