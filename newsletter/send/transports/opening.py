"""Opening an SMTP connection: connect, banner, EHLO, STARTTLS, AUTH, each within its deadline, in steps."""

from __future__ import annotations

import base64
import contextlib
import errno
import ipaddress
import os
import selectors
import socket
import ssl
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, TypeVar

from newsletter.errors import RelayConfigError, RelayError
from newsletter.model.mail import Reply
from newsletter.send.transports.opening_words import CURES, PHASES, try_later, turned_off, wrong_port
from newsletter.send.transports.wire import Features, ProtocolFault, ReplyReader, features_of
from newsletter.send.verdict import judge, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from newsletter.send.transports.patience import Patience
    from newsletter.send.verdict import Phase

UNIX = 1.0  # seconds for a server on this machine to take a connection
UNTRUSTED = frozenset({18, 19, 20, 21})  # X509_V_ERR_*: self-signed, or no known issuer (openssl verify(1))
Security = Literal["none", "starttls", "tls"]
Place: TypeAlias = tuple[int, Any]  # family and address, as `socket.connect` wants them
Wait: TypeAlias = tuple[int, float]  # selectors' events, and until when (monotonic seconds)
T = TypeVar("T")
Steps: TypeAlias = Generator[Wait, None, T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where the next hop is and how to talk to it. `host` may be the path of a Unix socket for LMTP."""

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)
    helo_name: str = "localhost"
    lmtp: bool = False

    @property
    def where(self) -> str:
        return self.host if self.host.startswith("/") else f"{self.host}:{self.port}"


@dataclass(slots=True)
class Link:
    """An open connection, greeted, secured and logged in; `rtt` is how many seconds the answer to EHLO took."""

    sock: socket.socket
    features: Features
    rtt: float = 0.0


class Opening:
    """`steps` yields what its socket has to be ready for, and until when; whoever drives it goes on when it is, and
    throws a TimeoutError into it when that moment has passed. Returns the Link.

    Raises RelayError (later is the cure) or RelayConfigError (a person must look), naming host, port and cure.
    """

    def __init__(self, relay: Relay, patience: Patience, tls: ssl.SSLContext) -> None:
        self._relay, self._patience, self._tls = relay, patience, tls
        self.sock: socket.socket | None = None
        self._reader = ReplyReader()
        self._features = Features()
        self._rtt = 0.0

    def steps(self, places: Sequence[Place], *, look: Callable[[socket.socket], bool] | None = None) -> Steps[Link]:
        """`look`: when a socket keeps silent in clear, says whether the port wants TLS."""
        relay = self._relay
        yield from self._connect(places)
        assert self.sock is not None
        if relay.security == "tls":
            yield from self._handshake()
        elif look is not None and look(self.sock):
            self._fail_config("it says nothing in clear, but speaks TLS from the start", wrong_port("banner"))
        yield from self._expect("banner", self._patience.banner)
        yield from self._hello()
        if relay.security == "starttls":
            yield from self._starttls()
        if relay.username:
            yield from self._login()
        return Link(self.sock, self._features, self._rtt)

    def drop(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.close()

    def _connect(self, places: Sequence[Place]) -> Steps[None]:
        """To the first of its addresses that answers; each has its own time, since a silent one says nothing of it."""
        failed = OSError("it has no address")
        for family, address in places:
            self.drop()
            try:
                self.sock = socket.socket(family, socket.SOCK_STREAM)
                yield from self._connect_to(self.sock, address, time.monotonic() + self._patience.connect)
            except OSError as error:
                failed = error
            else:
                return
        said = failed.strerror or str(failed) or type(failed).__name__
        self._fail_later(
            f"no connection ({said})", "Is the mail server up, and are [delivery] host and port the right ones?"
        )

    @staticmethod
    def _connect_to(sock: socket.socket, address: Any, until: float) -> Steps[None]:
        if sock.family == socket.AF_UNIX:  # at once, unless its queue is full: then it cannot be waited for
            sock.settimeout(UNIX)
            sock.connect(address)
            sock.setblocking(False)
            return
        sock.setblocking(False)
        found = sock.connect_ex(address)
        if found in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
            yield selectors.EVENT_WRITE, until
            found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if found:
            raise OSError(found, os.strerror(found))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _hello(self) -> Steps[None]:
        relay = self._relay
        word = "LHLO" if relay.lmtp else "EHLO"
        asked = time.monotonic()
        reply = yield from self._ask(f"{word} {relay.helo_name}", self._patience.command, "ehlo")
        self._rtt = time.monotonic() - asked
        if reply.code // 100 == 2:
            self._features = features_of(self._reader.lines)
            return
        if not relay.lmtp and reply.code // 100 == 5 and reply.code not in {530, 535, 554}:
            reply = yield from self._ask(f"HELO {relay.helo_name}", self._patience.command, "ehlo")  # RFC 5321 3.2
        self._features = Features()
        self._require("ehlo", reply)

    def _starttls(self) -> Steps[None]:
        """RFC 3207: never without TLS where TLS was asked for, and nothing said in clear before it is believed."""
        if not self._features.has("STARTTLS"):
            self._fail_config(
                "the server does not offer STARTTLS, so neither mail nor password was sent",
                'Set [delivery] security = "tls" (usually port 465), or "none" only for a relay on this machine.',
            )
        reply = yield from self._ask("STARTTLS", self._patience.command, "starttls")
        self._require("starttls", reply)
        if self._reader.partial or self._pending():
            self._fail_config(
                "the server sent data in clear after STARTTLS", "Someone may be tampering with this connection."
            )
        yield from self._handshake()
        self._reader = ReplyReader()
        yield from self._hello()

    def _pending(self) -> bool:
        assert self.sock is not None
        try:
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except (BlockingIOError, ConnectionError):
            return False

    def _handshake(self) -> Steps[None]:
        assert self.sock is not None
        until = time.monotonic() + self._patience.connect
        try:
            sock = self._tls.wrap_socket(self.sock, server_hostname=self._relay.host, do_handshake_on_connect=False)
            self.sock = sock
            yield from _ready(sock.do_handshake, selectors.EVENT_READ, until)
        except ssl.SSLCertVerificationError as error:
            cure = "Use the name that the certificate names as [delivery] host, or have it renewed."
            if error.verify_code in UNTRUSTED:
                cure = (
                    "It is signed by itself or by an authority that this machine does not know: name a file with that "
                    "certificate in the environment, SSL_CERT_FILE=/path/to/it.pem, or have one of a public authority."
                )
            self._fail_config(f"its certificate is not valid for this host ({error.verify_message})", cure)
        except ssl.SSLError as error:
            hint = 'Port 587 and 25 want security = "starttls", port 465 wants "tls".'
            self._fail_config(f"no TLS connection ({error.reason or error})", hint)
        except OSError as error:
            self._fail_later(f"the connection broke in the TLS handshake ({error.strerror or error})", "")

    def _login(self) -> Steps[None]:
        """RFC 4954; a password leaves this machine under TLS only."""
        assert self.sock is not None
        if not isinstance(self.sock, ssl.SSLSocket) and not is_loopback(self.sock):
            self._fail_config(
                "the password was not sent, since the connection is not encrypted",
                'Set [delivery] security to "starttls" or "tls".',
            )
        user, password = self._relay.username, self._relay.password
        if "PLAIN" in self._features.auth:
            token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
            reply = yield from self._ask(f"AUTH PLAIN {token}", self._patience.command, "auth")
        elif "LOGIN" in self._features.auth:
            reply = yield from self._ask("AUTH LOGIN", self._patience.command, "auth")
            for secret in (user, password):
                if reply.code // 100 == 3:
                    said = base64.b64encode(secret.encode()).decode()
                    reply = yield from self._ask(said, self._patience.command, "auth")
        else:
            offered = ", ".join(sorted(self._features.auth)) or "no login at all"
            self._fail_config(
                f"the server offers {offered} where we can do PLAIN or LOGIN",
                "With XOAUTH2 alone, ask for an app password or take another relay; without any login, leave "
                "[delivery] username blank.",
            )
        if reply.code // 100 == 3:
            reply = Reply(535, "", "the server went on asking after the login")
        self._require("auth", reply)

    def _ask(self, command: str, seconds: float, phase: Phase) -> Steps[Reply]:
        assert self.sock is not None
        until, left = time.monotonic() + seconds, f"{command}\r\n".encode()
        try:
            while left:
                left = left[(yield from _ready(partial(self.sock.send, left), selectors.EVENT_WRITE, until)) :]
        except OSError as error:
            self._fail_later(f"the connection broke ({error.strerror or error})", try_later())
        return (yield from self._read(seconds, phase))

    def _expect(self, phase: Phase, seconds: float) -> Steps[None]:
        self._require(phase, (yield from self._read(seconds, phase)))

    def _read(self, seconds: float, phase: Phase) -> Steps[Reply]:
        """One reply within an overall deadline: a server that drips octets is not waited for any longer."""
        assert self.sock is not None
        until = time.monotonic() + seconds
        self._reader.lines = []
        try:
            while True:
                data = yield from _ready(partial(self.sock.recv, 4096), selectors.EVENT_READ, until)
                if not data:
                    self._fail_later(f"the server closed the connection ({PHASES[phase]})", wrong_port(phase))
                replies = list(self._reader.feed(data))
                if replies:
                    return self._single(replies, phase)
                if time.monotonic() >= until:
                    raise TimeoutError  # noqa: TRY301 - as when nothing comes
        except TimeoutError:
            self._fail_later(f"no answer within {seconds:g} s ({PHASES[phase]})", wrong_port(phase))
        except ProtocolFault as error:
            self._fail_later(f"this does not speak SMTP ({error})", wrong_port(phase))
        except OSError as error:
            self._fail_later(f"the connection broke ({error.strerror or error})", try_later())

    def _single(self, replies: list[Reply], phase: Phase) -> Reply:
        if len(replies) > 1:
            if phase == "starttls":
                self._fail_config(
                    "the server sent data in clear after STARTTLS", "Someone may be tampering with this connection."
                )
            self._fail_later(f"it answers twice ({PHASES[phase]})", try_later())
        return replies[0]

    def _require(self, phase: Phase, reply: Reply) -> None:
        verdict = judge(phase, reply)
        if verdict.kind == "go-on":
            return
        what = f"{PHASES[phase]}, the server said: {words(reply)}"
        if verdict.kind == "relay-config":
            self._fail_config(what, CURES.get(verdict.cause, "Ask whoever runs the relay."))
        self._fail_later(what, turned_off(reply) if phase == "banner" else try_later())

    def _fail_later(self, what: str, cure: str) -> NoReturn:
        raise RelayError(f"Mail relay {self._relay.where}: {what}.", cure=cure)

    def _fail_config(self, what: str, cure: str) -> NoReturn:
        raise RelayConfigError(f"Mail relay {self._relay.where}: {what}.", cure=cure)


def _ready(act: Callable[[], T], events: int, until: float) -> Steps[T]:
    """What `act` gives once its socket lets it."""
    while True:
        try:
            return act()
        except BlockingIOError:
            yield events, until
        except ssl.SSLWantReadError:
            yield selectors.EVENT_READ, until
        except ssl.SSLWantWriteError:
            yield selectors.EVENT_WRITE, until


def is_loopback(sock: socket.socket) -> bool:
    """Whether the other end is this machine."""
    if sock.family == socket.AF_UNIX:
        return True
    return ipaddress.ip_address(sock.getpeername()[0].partition("%")[0]).is_loopback
