"""Connections are opened beside the mails that are under way: none of them holds up another, or is left behind."""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from newsletter.errors import NewsletterError, RelayError
from newsletter.send.transports.opening import Opening, Relay
from newsletter.send.transports.openings import Openings, driven
from newsletter.send.transports.patience import Patience
from newsletter.send.transports.relays import Site, Way
from tests.support.smtp_server import SmtpServer

if TYPE_CHECKING:
    from newsletter.send.transports.opening import Link

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def all_of(openings: Openings, many: int) -> list[Link | NewsletterError]:
    results: list[Link | NewsletterError] = []
    until = time.monotonic() + 60
    with selectors.DefaultSelector() as selector:
        selector.register(openings.bell, selectors.EVENT_READ)
        while len(results) < many:
            assert time.monotonic() < until
            results += openings.finished()
            selector.select(0.01)
    return results


def silent() -> socket.socket:
    """A server that takes connections and never greets."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)
    return listener


def relay_at(listener: socket.socket) -> Relay:
    return Relay(host="127.0.0.1", port=listener.getsockname()[1], security="none")


def test_a_relay_whose_first_address_takes_no_connection_is_reached_at_the_next() -> None:
    closed = silent()
    nobody = closed.getsockname()
    closed.close()
    with SmtpServer() as server:
        opening = Opening(Relay(host="relay.example.org", port=25, security="none"), Patience(), TLS)
        places = [(socket.AF_INET, nobody), (socket.AF_INET, (server.host, server.port))]
        link = driven(opening, opening.steps(places))
        assert link.sock.getpeername() == (server.host, server.port)
        link.sock.close()


def test_a_relay_whose_first_address_keeps_silent_is_reached_at_the_next() -> None:
    """A filtered address takes its own time, not that of the others."""
    with SmtpServer() as server:
        opening = Opening(Relay(host="relay.example.org", port=25, security="none"), Patience(connect=0.3), TLS)
        steps = opening.steps([(socket.AF_INET, ("192.0.2.1", 25)), (socket.AF_INET, (server.host, server.port))])
        wait = next(steps)
        begun = time.monotonic()
        while wait[1] - begun < 0.31 and time.monotonic() < wait[1]:
            time.sleep(0.05)
        events, until = steps.throw(TimeoutError("timed out"))
        assert until > time.monotonic()
        with selectors.DefaultSelector() as selector:
            assert opening.sock is not None
            selector.register(opening.sock, events)
            assert selector.select(60)
        opening.drop()


def test_an_address_of_a_family_that_this_machine_lacks_is_passed_over() -> None:
    with SmtpServer() as server:
        opening = Opening(Relay(host="relay.example.org", port=25, security="none"), Patience(), TLS)
        link = driven(opening, opening.steps([(9999, ("::1", 25)), (socket.AF_INET, (server.host, server.port))]))
        assert link.sock.getpeername() == (server.host, server.port)
        link.sock.close()


def test_what_nobody_expected_is_raised_and_leaves_no_socket_behind() -> None:
    """A name of ours that no octets stand for, say."""
    with SmtpServer() as server:
        relay = Relay(host="127.0.0.1", port=server.port, security="none", helo_name="\udcff")
        openings = Openings(relay, Patience(), TLS)
        openings.begin()
        openings.begin()
        with pytest.raises(UnicodeEncodeError):
            all_of(openings, 1)
        openings.abandon()
        assert (openings.under_way, openings.deadline()) == (0, None)
        openings.close()


def test_several_connections_are_opened_side_by_side_and_each_counts_once() -> None:
    with SmtpServer() as server:
        openings = Openings(Relay(host="localhost", port=server.port, security="none"), Patience(), TLS)
        for _ in range(3):
            openings.begin()
        links = all_of(openings, 3)
        assert openings.under_way == 0
        for link in links:
            assert not isinstance(link, NewsletterError)
            link.sock.close()
        openings.close()


def test_a_server_that_never_greets_is_given_up_when_its_time_is_over() -> None:
    with silent() as listener:
        openings = Openings(relay_at(listener), Patience(banner=0.2), TLS)
        openings.begin()
        openings.begin()
        for error in all_of(openings, 2):
            assert isinstance(error, RelayError)
            assert error.what == f"Mail relay {relay_at(listener).where}: no answer within 0.2 s (at its greeting)."
        assert (openings.under_way, openings.deadline()) == (0, None)
        openings.close()


def test_connections_that_nobody_waits_for_any_more_are_closed() -> None:
    with silent() as listener:
        openings = Openings(relay_at(listener), Patience(), TLS)
        openings.begin()
        openings.begin()
        assert openings.finished() == []
        ends = [listener.accept()[0] for _ in range(2)]
        openings.abandon()
        for end in ends:
            end.settimeout(60)
            assert end.recv(1) == b""
            end.close()
        assert (openings.under_way, openings.finished()) == (0, [])
        openings.close()


def test_a_name_that_nobody_knows_fails_for_all_who_asked_for_it() -> None:
    openings = Openings(Relay(host="relay.invalid", port=25, security="none"), Patience(), TLS)
    openings.begin()
    openings.begin()
    for error in all_of(openings, 2):
        assert isinstance(error, RelayError)
        assert "the name of the mail relay is not known" in error.what
    assert openings.under_way == 0
    openings.close()


def test_a_near_server_is_known_as_near_though_one_answer_waited_for_us_to_look() -> None:
    """Else more mails would be under way, and doubled by a kill, than keep the connection busy."""
    site = Site(Way(Relay(host="127.0.0.1", port=25, security="none")), 1, Patience(), TLS)
    assert [site.nearest(0.02), site.nearest(0.001), site.nearest(0.05)] == [0.02, 0.001, 0.001]
    site.openings.close()
