"""TLS and login: no mail and no password leaves in clear, and each failure names the relay and its cure."""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from newsletter.send.transports.patience import Patience
from tests.send.ledger import message
from tests.send.sending import send, send_broken, transport
from tests.send.test_smtp_faults import short
from tests.support.smtp_server import PIPELINED, Drop, SmtpServer, Stall

if TYPE_CHECKING:
    from newsletter.model.mail import Outcome

USERS = {"ada": "pässword"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def server_side(authority: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost",)), **options).configure_cert(context)
    return context


def delivered(out: dict[int, Outcome]) -> bool:
    return {short(one) for one in out.values()} == {("delivered",)}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_and_password_travel_under_tls(authority: trustme.CA, trusting: ssl.SSLContext, security: str) -> None:
    with SmtpServer(tls=server_side(authority), implicit_tls=security == "tls", users=USERS) as server:
        login = {"username": "ada", "password": "pässword"}
        out = send(server, 30, security=security, host="localhost", tls=trusting, connections=3, **login)
    assert delivered(out)
    assert len(server.accepted) == 30
    assert server.faults == []


def test_a_large_body_fits_through_tls(authority: trustme.CA, trusting: ssl.SSLContext) -> None:

    body = b"a: b\r\n\r\n" + b"x" * 76 + b"\r\n" * 1 + (b"y" * 76 + b"\r\n") * 40_000
    with SmtpServer(tls=server_side(authority)) as server:
        rows = [message(n, data=body) for n in (1, 2)]
        out = send(server, rows, security="starttls", host="localhost", tls=trusting, patience=Patience())
    assert delivered(out)
    assert [one.data for one in server.accepted] == [body, body]
    assert server.faults == []


def test_login_works_when_only_the_older_mechanism_is_offered() -> None:
    script: Any = {"ehlo": "250 mx.test\nAUTH LOGIN"}
    with SmtpServer(users=USERS, script=script) as server:
        assert delivered(send(server, username="ada", password="pässword"))
    assert server.faults == []


BAD_TLS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("a certificate for another name", {}, {"names": ("mail.example.org",)}, "certificate is not valid for this host"),
    (
        "an expired certificate",
        {},
        {"not_after": datetime.now(UTC) - timedelta(days=1), "not_before": datetime.now(UTC) - timedelta(days=9)},
        "certificate has expired",
    ),
    ("STARTTLS refused for good", {"starttls": "502 5.5.1 no"}, {}, "RelayConfigError"),
    ("STARTTLS refused for now", {"starttls": "454 4.7.0 later"}, {}, "RelayError"),
    ("a hangup at STARTTLS", {"starttls": Drop()}, {}, "RelayError"),
    ("silence at STARTTLS", {"starttls": Stall(2)}, {}, "RelayError"),
    ("a command slipped in before the handshake", {"starttls": b"220 go\r\n250 AUTH PLAIN\r\n"}, {}, "tampering"),
    ("half a command slipped in", {"starttls": b"220 go\r\n250"}, {}, "tampering"),
]


@pytest.mark.parametrize(
    ("script", "certificate", "said"), [row[1:] for row in BAD_TLS], ids=[row[0] for row in BAD_TLS]
)
def test_broken_tls_sends_neither_mail_nor_password(
    authority: trustme.CA, trusting: ssl.SSLContext, script: Any, certificate: dict[str, Any], said: str
) -> None:
    names = certificate.pop("names", ("localhost",)) if "names" in certificate else ("localhost",)
    with SmtpServer(tls=server_side(authority, *names, **certificate), script=script, users=USERS) as server:
        out, error = send_broken(
            server, 3, security="starttls", host="localhost", tls=trusting, username="ada", password="pässword"
        )
    assert said in error
    assert f"localhost:{server.port}" in error
    assert {short(one) for one in out.values()} <= {("deferred", False)}
    assert server.accepted == []
    assert not any("AUTH" in line or "MAIL" in line for line in server.commands)


def test_a_certificate_that_nobody_vouches_for_is_refused(authority: trustme.CA) -> None:
    with SmtpServer(tls=server_side(authority)) as server:
        _, error = send_broken(server, security="starttls", host="localhost")
    assert error.startswith("RelayConfigError")
    assert "certificate" in error
    assert "SSL_CERT_FILE=/path/to/it.pem" in error


def test_stripped_starttls_ends_before_the_password() -> None:
    with SmtpServer(users=USERS) as server:
        _, error = send_broken(server, security="starttls", username="ada", password="pässword")
    assert error.startswith("RelayConfigError")
    assert "does not offer STARTTLS" in error
    assert 'security = "tls"' in error
    assert not any("AUTH" in line for line in server.commands)


def test_tls_on_a_port_that_greets_in_clear_says_which_setting_to_change() -> None:
    with SmtpServer() as server:
        _, error = send_broken(server, security="tls")
    assert 'security = "starttls"' in error


def test_clear_text_on_a_port_that_waits_for_tls_says_which_setting_to_change(authority: trustme.CA) -> None:
    with SmtpServer(tls=server_side(authority), implicit_tls=True) as server:
        one = transport(server, security="none")
        problem = one.check()
        one.close()
    assert problem is not None
    assert problem.lasting
    assert 'Port 465 wants security = "tls"' in problem.cure


def test_a_server_that_is_slow_to_greet_is_spoken_to_by_nobody_else_in_a_run() -> None:
    with SmtpServer(script={"banner": Stall(0.5)}) as server:
        send_broken(server, security="none")
    assert server.faults == []


AUTHS: list[tuple[Any, str]] = [
    ("535 5.7.8 bad credentials", "RelayConfigError"),
    ("534 5.7.9 too weak", "RelayConfigError"),
    ("454 4.7.0 temporary failure", "RelayError"),
    ("421 4.3.2 going down", "RelayError"),
    (Drop(), "RelayError"),
]


@pytest.mark.parametrize(("answer", "kind"), AUTHS)
def test_a_failed_login_stops_the_run_and_touches_nobody(answer: Any, kind: str) -> None:
    with SmtpServer(users=USERS, script={"auth": answer}) as server:
        out, error = send_broken(server, 5, username="ada", password="pässword", connections=4)
    assert error.startswith(kind + ":")
    assert {short(one) for one in out.values()} <= {("deferred", False)}
    if kind == "RelayConfigError":  # a wrong password is not tried again and again: providers lock accounts
        assert sum("AUTH" in line for line in server.commands) == 1
        assert "username and password" in error


def test_a_relay_without_login_is_told_apart_from_a_wrong_password() -> None:
    with SmtpServer() as server:
        _, error = send_broken(server, username="ada", password="pässword")
    assert "username blank" in error


def test_the_password_shows_in_no_log_and_in_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), SmtpServer(users={"ada": "other"}) as server:
        one = transport(server, username="ada", password="s3cret-pass")
        problem = one.check()
        one.close()
    assert problem is not None
    assert "s3cret-pass" not in caplog.text + repr(problem) + repr([site.relay for site in one._sites])


def test_a_good_relay_has_no_problem_and_is_left_politely(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    with SmtpServer(extensions=PIPELINED, tls=server_side(authority), users=USERS) as server:
        one = transport(
            server, security="starttls", host="localhost", tls=trusting, username="ada", password="pässword"
        )
        assert one.check() is None
        one.close()
    assert server.commands[-1] == "1: QUIT"
    assert server.faults == []


def test_a_password_goes_in_clear_to_this_machine_only() -> None:
    import socket

    from newsletter.send.transports.opening import is_loopback

    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as one:
        assert is_loopback(one)
