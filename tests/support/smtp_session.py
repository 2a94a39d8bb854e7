"""One connection of the scripted SMTP server: reads strictly, answers by script, notes what the client does wrong."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import struct
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from tests.support.smtp_script import Drop, Late, Stall, Taken, Then

if TYPE_CHECKING:
    from tests.support.smtp_script import Answer, Phase
    from tests.support.smtp_server import SmtpServer


@dataclass(frozen=True)
class Accepted:
    """A message that is this server's responsibility now."""

    sender: str
    recipient: str
    message_id: str
    data: bytes = field(repr=False)
    connection: int = 1
    answered: bool = True  # False: the script kept the 250 from the client


class Hangup(Exception):  # noqa: N818  # not an error: the connection ends here
    """Ends one connection's thread."""


class Session:
    """One connection: reads commands strictly, answers by script, keeps what it takes."""

    def __init__(self, server: SmtpServer, sock: socket.socket, number: int) -> None:
        self.server, self.sock, self.number = server, sock, number
        self.buffer = b""
        self.secure = self.greeted = self.esmtp = self.logged_in = False
        self.transaction = self.taken = 0
        self._clear()

    def _clear(self) -> None:
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.parameters: dict[str, str] = {}
        self.refused = False  # something of this transaction was refused: what was pipelined after it is excused
        self.chunks: list[bytes] | None = None
        self.broken = False  # a BDAT failed: RSET is due

    def run(self) -> None:
        if self.server.implicit_tls:
            self._secure()
        too_many = self.server.open_now() > self.server.most_connections
        self.say("banner", "421 4.7.0 too many connections" if too_many else "220 mx.test ESMTP")
        if too_many:
            raise Hangup
        while True:
            line = self._line()
            with contextlib.suppress(UnicodeDecodeError):
                self.server.commands.append(f"{self.number}: {line.decode()}")
            self._command(line)

    # Reading

    def _fill(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise Hangup
        self.buffer += data

    def _line(self) -> bytes:
        while b"\n" not in self.buffer:
            if len(self.buffer) > 4096:
                self.server.fault("a command line without an end")
                raise Hangup
            self._fill()
        line, _, self.buffer = self.buffer.partition(b"\n")
        if not line.endswith(b"\r") or b"\r" in line[:-1]:
            self.server.fault(f"bare CR or LF in a command: {line[:60]!r}")
        if len(line) > 1000:
            self.server.fault("a command line over 1000 octets")
        return line.removesuffix(b"\r")

    def _offers(self, keyword: str) -> bool:
        return self.esmtp and any(one.split()[0] == keyword for one in self.server.extensions)

    def _early(self) -> bool:
        """Whether the client went on without waiting for the answer that is about to be given."""
        if self.buffer:
            return True
        self.sock.setblocking(False)
        try:
            if isinstance(self.sock, ssl.SSLSocket):
                return self.sock.pending() > 0
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            self.sock.setblocking(True)

    # Answering

    def say(self, phase: Phase, usual: str, argument: str = "") -> str:
        """Give the scripted or the usual answer; returns what the client was told."""
        answer = self.server.answer(phase, self.number, self.transaction, argument)
        return self._give(usual if answer is None else answer, usual)

    def _give(self, answer: Answer, usual: str) -> str:
        match answer:
            case str():
                return self._text(answer)
            case bytes():
                self.sock.sendall(answer)
                return answer.decode("latin-1")
            case Late(seconds=seconds, answer=inner):
                self.server.pause(seconds)
                return self._give(usual if inner is None else inner, usual)
            case Taken(answer=inner):
                return self._give(inner, usual)
            case Then(first=first, second=second):
                self._give(first, usual)
                return self._give(second, usual)
            case Stall(seconds=seconds):
                self.server.pause(seconds)
                raise Hangup
            case Drop(reset=reset):
                if reset:
                    self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise Hangup

    def _text(self, text: str) -> str:
        lines = text.split("\n")
        code = lines[0][:3]
        wire = [line if line[:3] == code and line[3:4] in {"-", " "} else f"{code}-{line}" for line in lines[:-1]]
        wire = [f"{code}-{line[4:]}" for line in wire]
        last = lines[-1] if lines[-1][:3] == code else f"{code} {lines[-1]}"
        self.sock.sendall("\r\n".join([*wire, last]).encode("utf-8", "surrogateescape") + b"\r\n")
        if code == "421":
            raise Hangup
        return text

    # Commands

    def _command(self, line: bytes) -> None:
        word, _, rest = line.decode("utf-8", "replace").partition(" ")
        verb = word.upper()
        groupable = verb == "BDAT" or (verb in {"MAIL", "RCPT", "RSET"} and self._offers("PIPELINING"))
        if not groupable and verb != "QUIT" and self._early():
            self.server.fault(f"{verb} was followed by more without waiting for its answer")
        if verb not in {"EHLO", "HELO", "LHLO", "NOOP", "RSET", "QUIT"} and not self.greeted:
            self.server.fault(f"{verb} before EHLO")
        handler = getattr(self, f"_on_{verb.lower()}", None)
        if handler is None:
            self.server.fault(f"an unknown command: {line[:60]!r}")
            self._text("500 5.5.1 what?")
            return
        handler(rest)

    def _on_ehlo(self, name: str) -> None:
        if self.server.lmtp:
            self.server.fault("EHLO to an LMTP server")
        self._hello(name)

    def _on_lhlo(self, name: str) -> None:
        if not self.server.lmtp:
            self.server.fault("LHLO to an SMTP server")
        self._hello(name)

    def _hello(self, name: str) -> None:
        if not (("." in name or ":" in name) and name.isascii()):
            self.server.fault(f"EHLO without a full name: {name!r}")
        offered = list(self.server.extensions)
        if self.server.tls and not self.secure:
            offered.append("STARTTLS")
        if self.server.users and (self.secure or not self.server.tls):
            offered.append("AUTH PLAIN LOGIN")
        self._clear()
        told = self.say("ehlo", "\n".join(["250 mx.test", *offered]), name)
        self.greeted = self.esmtp = told.startswith("250")

    def _on_helo(self, name: str) -> None:
        self._clear()
        self.greeted = self.say("helo", "250 mx.test", name).startswith("250")
        self.esmtp = False

    def _on_starttls(self, _: str) -> None:
        if self.server.tls is None:
            self.server.fault("STARTTLS was not offered")
        if self.say("starttls", "220 2.0.0 go ahead").startswith("220"):
            self._secure()

    def _secure(self) -> None:
        assert self.server.tls is not None
        self.buffer = b""
        try:
            self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
        except (ssl.SSLError, OSError):
            raise Hangup from None
        self.secure, self.greeted = True, False

    def _on_auth(self, rest: str) -> None:
        if self.server.tls and not self.secure:
            self.server.fault("AUTH in clear")
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            _, user, password = base64.b64decode(initial or self._asked("")).decode().split("\0")
        else:
            user = base64.b64decode(self._asked("VXNlcm5hbWU6")).decode()
            password = base64.b64decode(self._asked("UGFzc3dvcmQ6")).decode()
        good = self.server.users.get(user) == password
        told = self.say("auth", "235 2.7.0 welcome" if good else "535 5.7.8 bad credentials", user)
        self.logged_in = told.startswith("235")

    def _asked(self, challenge: str) -> str:
        self._text(f"334 {challenge}")
        return self._line().decode()

    def _on_mail(self, rest: str) -> None:
        if self.sender is not None or self.broken:
            self.server.fault("nested MAIL: the transaction before it is still open")
            self._text("503 5.5.1 sender already specified")
            return
        address, parameters = self._path(rest, "FROM:")
        known = {"SIZE": "SIZE", "BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "RET": "DSN", "ENVID": "DSN"}
        self._check_parameters(parameters, known)
        self.transaction += 1
        usual = "250 2.1.0 sender ok"
        if self.server.users and not self.logged_in:
            usual = "530 5.7.0 authentication required"
        if self.say("mail", usual, address).startswith("2"):
            self.sender, self.parameters = address, parameters
        else:
            self.refused = True

    def _on_rcpt(self, rest: str) -> None:
        address, parameters = self._path(rest, "TO:")
        self._check_parameters(parameters, {"NOTIFY": "DSN", "ORCPT": "DSN"})
        if self.sender is None:
            if not self.refused:
                self.server.fault("RCPT without MAIL")
            self._text("503 5.5.1 need MAIL")
            return
        if self.say("rcpt", "250 2.1.5 recipient ok", address).startswith("2"):
            self.recipients.append(address)
        else:
            self.refused = True

    def _on_data(self, _: str) -> None:
        if not self.recipients:
            if not self.refused:
                self.server.fault("DATA without a recipient")
            told = self._text(self.server.data_without_recipient)
        else:
            told = self.say("data", "354 go ahead", self.recipients[0])
        if not told.startswith("354"):
            self.refused = True
            return
        body = self._body()
        if not self._offers("PIPELINING") and self._early():
            self.server.fault("the final dot was followed by more without waiting for its answer")
        self._finish(body)

    def _body(self) -> bytes:
        while not (self.buffer.startswith(b".\r\n") or b"\r\n.\r\n" in self.buffer):
            self._fill()
        if self.buffer.startswith(b".\r\n"):
            body, self.buffer = b"", self.buffer[3:]
        else:
            body, _, self.buffer = self.buffer.partition(b"\r\n.\r\n")
            body += b"\r\n"
        for line in body.split(b"\r\n"):
            if line == b"." or (line.startswith(b".") and not line.startswith(b"..")):
                self.server.fault(f"a line that begins with a dot was not stuffed: {line[:40]!r}")
        return body.replace(b"\r\n..", b"\r\n.").removeprefix(b"." if body.startswith(b"..") else b"")

    def _on_bdat(self, rest: str) -> None:
        size, _, last = rest.partition(" ")
        if not self._offers("CHUNKING"):
            self.server.fault("BDAT without CHUNKING")
        unknown = self.server.answer("bdat", self.number, self.transaction, (self.recipients or [""])[0])
        if unknown is not None:  # nothing of the chunk is read: its octets come as commands
            self._give(unknown, "")
            return
        while len(self.buffer) < int(size):
            self._fill()
        chunk, self.buffer = self.buffer[: int(size)], self.buffer[int(size) :]
        if not self._offers("PIPELINING") and self._early():
            self.server.fault("a chunk was followed by more without waiting for its answer")
        if not self.recipients:
            if not self.refused:
                self.server.fault("BDAT without a recipient")
            self.broken = True
            self._text("554 5.5.1 no valid recipients")
            return
        self.chunks = [*(self.chunks or []), chunk]
        if last.upper() == "LAST":
            self._finish(b"".join(self.chunks))
        else:
            self._text("250 2.0.0 chunk ok")

    def _finish(self, body: bytes) -> None:
        """The end of the message: check it, decide, keep it before the answer leaves (RFC 5321 6.1)."""
        recipients, chunked = self.recipients, self.chunks is not None
        if not recipients:
            self._clear()
            self._text("554 5.5.1 no valid recipients")
            return
        self._check_body(body)
        for recipient in recipients:  # LMTP answers for each; we are sent one recipient at a time
            answer = self.server.answer("dot", self.number, self.transaction, recipient)
            usual = f"250 2.0.0 taken as {self.number}.{self.transaction}"
            took = answer is None or isinstance(answer, Taken) or _is_good(answer)
            if took:
                found = BytesHeaderParser().parsebytes(body)["Message-ID"] or ""
                told = not isinstance(answer, Taken)
                self.server.keep(Accepted(self.sender or "", recipient, found, body, self.number, told))
                self.taken += 1
            self._clear()
            self.broken = chunked and not took
            self._give(usual if answer is None else answer, usual)
        if self.server.close_after and self.taken >= self.server.close_after:
            if self.server.goodbye:
                self._text(self.server.goodbye)
            raise Hangup

    def _check_body(self, body: bytes) -> None:
        declared = self.parameters.get("SIZE")
        if declared is not None and int(declared) != len(body):
            self.server.fault(f"SIZE={declared}, but {len(body)} octets came")
        if body.count(b"\n") != body.count(b"\r\n") or body.count(b"\r") != body.count(b"\r\n"):
            self.server.fault("bare CR or LF in the body")
        if b"\0" in body:
            self.server.fault("NUL in the body")
        if max(map(len, body.split(b"\r\n"))) > 998:
            self.server.fault("a body line over 998 octets")
        if not body.isascii() and self.parameters.get("BODY") != "8BITMIME":
            self.server.fault("8-bit content without BODY=8BITMIME")

    def _path(self, rest: str, prefix: str) -> tuple[str, dict[str, str]]:
        path, _, words = rest.partition("> ")
        path = path.removesuffix(">")
        if not path.upper().startswith(prefix + "<") or any(c in path[len(prefix) + 1 :] for c in " <>"):
            self.server.fault(f"not a path: {rest[:60]!r}")
        address = path[len(prefix) + 1 :]
        parameters = dict(word.partition("=")[::2] for word in words.split())
        if not address.isascii() and "SMTPUTF8" not in (*parameters, *self.parameters):
            self.server.fault("a non-ASCII address without SMTPUTF8")
        return address, parameters

    def _check_parameters(self, parameters: dict[str, str], known: dict[str, str]) -> None:
        for name in parameters:
            if name not in known or not self._offers(known[name]):
                self.server.fault(f"the parameter {name} was not offered")

    def _on_rset(self, _: str) -> None:
        self._clear()
        self.say("rset", "250 2.0.0 flushed")

    def _on_noop(self, _: str) -> None:
        self.say("noop", "250 2.0.0 ok")

    def _on_quit(self, _: str) -> None:
        self.say("quit", "221 2.0.0 bye")
        raise Hangup


def _is_good(answer: Answer) -> bool:
    """Whether a client that hears this answer knows that its message was taken."""
    if isinstance(answer, Late):
        return answer.answer is None or _is_good(answer.answer)
    if isinstance(answer, Then):
        return _is_good(answer.first)
    text = answer.decode("latin-1") if isinstance(answer, bytes) else answer
    return isinstance(text, str) and text.startswith("2")
