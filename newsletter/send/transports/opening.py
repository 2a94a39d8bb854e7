"""Opening an SMTP connection: connect, banner, EHLO, STARTTLS, AUTH, each within its deadline; blocking steps."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import select
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NoReturn

from newsletter.errors import NewsletterError, RelayConfigError, RelayError
from newsletter.model.mail import Reply
from newsletter.send.transports.wire import Features, ProtocolFault, ReplyReader, features_of
from newsletter.send.verdict import judge, words

if TYPE_CHECKING:
    from newsletter.send.transports.patience import Patience
    from newsletter.send.verdict import Phase

QUIET = 8.0  # seconds without a greeting, after which TLS is tried; postscreen greets after 6
UNTRUSTED = frozenset({18, 19, 20, 21})  # X509_V_ERR_*: self-signed, or no known issuer (openssl verify(1))
Security = Literal["none", "starttls", "tls"]


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


def open_link(relay: Relay, patience: Patience, tls: ssl.SSLContext, *, probe: bool = False) -> Link:
    """Raises RelayError (later is the cure) or RelayConfigError (a person must look), naming host, port and cure.

    `probe`: when no greeting comes, find out whether the port wants TLS. For a check, not for a slow server in a run.
    """
    opening = _Opening(relay, patience, tls)
    try:
        return opening.run(probe=probe)
    except BaseException:  # edge: whatever ends the opening, the socket is closed
        opening.drop()
        raise


class _Opening:
    def __init__(self, relay: Relay, patience: Patience, tls: ssl.SSLContext) -> None:
        self._relay, self._patience, self._tls = relay, patience, tls
        self._sock: socket.socket | None = None
        self._reader = ReplyReader()
        self._features = Features()
        self._rtt = 0.0

    def run(self, *, probe: bool) -> Link:
        relay = self._relay
        self._sock = self._connect()
        if relay.security == "tls":
            self._handshake()
        elif probe:
            self._look_for_tls()
        self._expect("banner", self._patience.banner)
        self._hello()
        if relay.security == "starttls":
            self._starttls()
        if relay.username:
            self._login()
        self._sock.settimeout(None)
        return Link(self._sock, self._features, self._rtt)

    def drop(self) -> None:
        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.close()

    def _connect(self) -> socket.socket:
        try:
            if self._relay.host.startswith("/"):
                sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                sock.settimeout(self._patience.connect)
                sock.connect(self._relay.host)
                return sock
            sock = socket.create_connection((self._relay.host, self._relay.port), timeout=self._patience.connect)
        except socket.gaierror as error:
            self._fail_later(
                f"the name of the mail relay is not known ({error.strerror})", "Check [delivery] host, and DNS."
            )
        except OSError as error:
            said = error.strerror or str(error) or type(error).__name__
            self._fail_later(
                f"no connection ({said})", "Is the mail server up, and are [delivery] host and port the right ones?"
            )
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _look_for_tls(self) -> None:
        """A port for implicit TLS (RFC 8314 3.3) keeps silent in clear: told apart from a slow server by trying."""
        assert self._sock is not None
        wait = min(QUIET, self._patience.banner)
        if self._relay.host.startswith("/") or select.select([self._sock], [], [], wait)[0]:
            return
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # nothing is sent over it
        try:
            with socket.create_connection((self._relay.host, self._relay.port), timeout=wait) as sock:
                tls.wrap_socket(sock, server_hostname=self._relay.host).close()
        except OSError:  # ssl.SSLError is one
            return
        self._fail_config("it says nothing in clear, but speaks TLS from the start", _wrong_port("banner"))

    def _hello(self) -> None:
        relay = self._relay
        word = "LHLO" if relay.lmtp else "EHLO"
        asked = time.monotonic()
        reply = self._ask(f"{word} {relay.helo_name}", self._patience.command, "ehlo")
        self._rtt = time.monotonic() - asked
        if reply.code // 100 == 2:
            self._features = features_of(self._reader.lines)
            return
        if not relay.lmtp and reply.code // 100 == 5 and reply.code not in {530, 535, 554}:
            reply = self._ask(f"HELO {relay.helo_name}", self._patience.command, "ehlo")  # RFC 5321 3.2
        self._features = Features()
        self._require("ehlo", reply)

    def _starttls(self) -> None:
        """RFC 3207: never without TLS where TLS was asked for, and nothing said in clear before it is believed."""
        if not self._features.has("STARTTLS"):
            self._fail_config(
                "the server does not offer STARTTLS, so neither mail nor password was sent",
                'Set [delivery] security = "tls" (usually port 465), or "none" only for a relay on this machine.',
            )
        reply = self._ask("STARTTLS", self._patience.command, "starttls")
        self._require("starttls", reply)
        if self._reader.partial or self._pending():
            self._fail_config(
                "the server sent data in clear after STARTTLS", "Someone may be tampering with this connection."
            )
        self._handshake()
        self._reader = ReplyReader()
        self._hello()

    def _pending(self) -> bool:
        assert self._sock is not None
        self._sock.setblocking(False)
        try:
            return bool(self._sock.recv(1, socket.MSG_PEEK))
        except (BlockingIOError, ConnectionError):
            return False
        finally:
            self._sock.settimeout(self._patience.command)

    def _handshake(self) -> None:
        assert self._sock is not None
        self._sock.settimeout(self._patience.connect)
        try:
            self._sock = self._tls.wrap_socket(self._sock, server_hostname=self._relay.host)
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

    def _login(self) -> None:
        """RFC 4954; a password leaves this machine under TLS only."""
        assert self._sock is not None
        if not isinstance(self._sock, ssl.SSLSocket) and not is_loopback(self._sock):
            self._fail_config(
                "the password was not sent, since the connection is not encrypted",
                'Set [delivery] security to "starttls" or "tls".',
            )
        user, password = self._relay.username, self._relay.password
        if "PLAIN" in self._features.auth:
            token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
            reply = self._ask(f"AUTH PLAIN {token}", self._patience.command, "auth")
        elif "LOGIN" in self._features.auth:
            reply = self._ask("AUTH LOGIN", self._patience.command, "auth")
            for secret in (user, password):
                if reply.code // 100 == 3:
                    reply = self._ask(base64.b64encode(secret.encode()).decode(), self._patience.command, "auth")
        else:
            offered = ", ".join(sorted(self._features.auth)) or "no login at all"
            self._fail_config(
                f"the server offers {offered} where we can do PLAIN or LOGIN",
                "Leave [delivery] username blank if this relay wants no login.",
            )
        if reply.code // 100 == 3:
            reply = Reply(535, "", "the server went on asking after the login")
        self._require("auth", reply)

    def _ask(self, command: str, seconds: float, phase: Phase) -> Reply:
        assert self._sock is not None
        try:
            self._sock.settimeout(seconds)
            self._sock.sendall(f"{command}\r\n".encode())
        except OSError as error:
            self._fail_later(f"the connection broke ({error.strerror or error})", _try_later())
        return self._read(seconds, phase)

    def _expect(self, phase: Phase, seconds: float) -> None:
        self._require(phase, self._read(seconds, phase))

    def _read(self, seconds: float, phase: Phase) -> Reply:
        """One reply within an overall deadline: a server that drips octets is not waited for any longer."""
        assert self._sock is not None
        until = time.monotonic() + seconds
        self._reader.lines = []
        try:
            while True:
                # Past the deadline the least time-out is left, and it runs out at once.
                self._sock.settimeout(max(0.000_001, until - time.monotonic()))
                data = self._sock.recv(4096)
                if not data:
                    self._fail_later(f"the server closed the connection ({_PHASES[phase]})", _wrong_port(phase))
                replies = list(self._reader.feed(data))
                if replies:
                    return self._single(replies, phase)
        except TimeoutError:
            self._fail_later(f"no answer within {seconds:g} s ({_PHASES[phase]})", _wrong_port(phase))
        except ProtocolFault as error:
            self._fail_later(f"this does not speak SMTP ({error})", _wrong_port(phase))
        except OSError as error:
            self._fail_later(f"the connection broke ({error.strerror or error})", _try_later())

    def _single(self, replies: list[Reply], phase: Phase) -> Reply:
        if len(replies) > 1:
            if phase == "starttls":
                self._fail_config(
                    "the server sent data in clear after STARTTLS", "Someone may be tampering with this connection."
                )
            self._fail_later(f"it answers twice ({_PHASES[phase]})", _try_later())
        return replies[0]

    def _require(self, phase: Phase, reply: Reply) -> None:
        verdict = judge(phase, reply)
        if verdict.kind == "go-on":
            return
        what = f"{_PHASES[phase]}, the server said: {words(reply)}"
        if verdict.kind == "relay-config":
            self._fail_config(what, _CURES.get(verdict.cause, "Ask whoever runs the relay."))
        self._fail_later(what, _turned_off(reply) if phase == "banner" else _try_later())

    def _fail_later(self, what: str, cure: str) -> NoReturn:
        raise RelayError(f"Mail relay {self._relay.where}: {what}.", cure=cure)

    def _fail_config(self, what: str, cure: str) -> NoReturn:
        raise RelayConfigError(f"Mail relay {self._relay.where}: {what}.", cure=cure)


_PHASES: dict[Phase, str] = {
    "connect": "at the connection",
    "banner": "at its greeting",
    "ehlo": "at EHLO",
    "starttls": "at STARTTLS",
    "auth": "at the login",
}
_CURES = {
    "login": "Check [delivery] username and password; some providers want an app password.",
    "relay": 'Ask whoever runs the relay why TLS is refused; security = "tls" on port 465 may work.',
}


def _try_later() -> str:
    return "Nothing was lost; run this again later."


def _turned_off(reply: Reply) -> str:
    """A server that refuses at its greeting refuses the machine (RFC 5321 3.1), not the mail."""
    if reply.code // 100 != 5:
        return _try_later()
    return "It takes no mail from this machine's address; its words say why. Send through a provider with a login."


def _wrong_port(phase: Phase) -> str:
    if phase == "banner":
        return 'Port 465 wants security = "tls", ports 587 and 25 "starttls" or "none": a mismatch looks like this.'
    return _try_later()


def is_loopback(sock: socket.socket) -> bool:
    """Whether the other end is this machine."""
    if sock.family == socket.AF_UNIX:
        return True
    return ipaddress.ip_address(sock.getpeername()[0].partition("%")[0]).is_loopback


__all__ = ["Link", "NewsletterError", "Relay", "Security", "is_loopback", "open_link"]
