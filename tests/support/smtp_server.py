"""A strict, scripted, real SMTP and LMTP server on loopback, for tests and (as `python -m`) for kill tests.

    with SmtpServer(script={"rcpt": "550 5.1.1 no such user"}) as server:
        ...  # send to ("127.0.0.1", server.port)
    server.accepted   # the messages that were answered with 250, or taken before the answer was lost
    server.faults     # what the client did against the RFCs: assert it is []

A script maps a phase (banner ehlo helo starttls auth mail rcpt data bdat dot rset noop quit) to an Answer, to a dict
(recipient or sender -> Answer) or to a function of an Event that gives an Answer or None (None: the usual answer).
As a process of its own: `python -m tests.support.smtp_server --port-file P --log L [--trouble SEED:RATE]` writes its
port to P and a JSON line for each accepted message to L, before the client hears of it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.support.smtp_script import Answer, Drop, Event, Late, Phase, Rule, Stall, Taken, Then, trouble
from tests.support.smtp_session import Accepted, Hangup, Session

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

__all__ = ["Accepted", "Answer", "Drop", "Event", "Late", "SmtpServer", "Stall", "Taken", "Then", "trouble"]

ALL = ("PIPELINING", "8BITMIME", "SIZE 10000000", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8", "CHUNKING")
PIPELINED = ("PIPELINING", "8BITMIME", "SIZE 10000000", "ENHANCEDSTATUSCODES")
STEPS = ("8BITMIME", "SIZE 10000000", "ENHANCEDSTATUSCODES")  # no PIPELINING: one command at a time


class SmtpServer:
    """One thread a connection. `host` may be the path of a Unix socket. `close_after=K` hangs up after K messages,
    silently or with `goodbye`.
    """

    def __init__(
        self,
        *,
        extensions: tuple[str, ...] = ALL,
        script: Mapping[Phase, Rule] | None = None,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        users: Mapping[str, str] | None = None,
        lmtp: bool = False,
        data_without_recipient: str = "554 5.5.1 no valid recipients",
        close_after: int = 0,
        goodbye: str = "",
        most_connections: int = 1000,
        log: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.extensions, self.script, self.tls, self.implicit_tls = extensions, dict(script or {}), tls, implicit_tls
        self.users, self.lmtp, self.data_without_recipient = dict(users or {}), lmtp, data_without_recipient
        self.close_after, self.goodbye, self.most_connections, self.log = close_after, goodbye, most_connections, log
        self.accepted: list[Accepted] = []
        self.faults: list[str] = []
        self.commands: list[str] = []  # "1: MAIL FROM:<...>", one a line, with the connection's number
        self.connections = 0
        self._open: set[socket.socket] = set()
        self.most_open = 0
        self._asked: dict[str, int] = {}
        self._lock = threading.Lock()
        self._done = threading.Event()
        self.host, self.port = host, port
        if host.startswith("/"):
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(host)
            self._listener.listen(200)
        else:
            self._listener = socket.create_server((host, port), backlog=200)
            self.host, self.port = self._listener.getsockname()[:2]

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        self._done.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    @property
    def recipients(self) -> list[str]:
        """Who was mailed, sorted, doubles included."""
        return sorted(one.recipient for one in self.accepted)

    def _serve(self) -> None:
        while not self._done.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                number = self.connections
                self._open.add(sock)
                self.most_open = max(self.most_open, len(self._open))
            threading.Thread(target=self._talk, args=(sock, number), daemon=True).start()

    def _talk(self, sock: socket.socket, number: int) -> None:
        session = Session(self, sock, number)
        try:
            session.run()
        except (Hangup, OSError):
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
            with contextlib.suppress(OSError):
                session.sock.close()

    def open_now(self) -> int:
        with self._lock:
            return len(self._open)

    def answer(self, event_phase: Phase, connection: int, transaction: int, argument: str) -> Answer | None:
        with self._lock:
            asked = self._asked[event_phase] = self._asked.get(event_phase, 0) + 1
        rule = self.script.get(event_phase)
        if isinstance(rule, Mapping):
            return rule.get(argument)
        if callable(rule):
            return rule(Event(event_phase, connection, transaction, argument, asked))
        return rule

    def fault(self, what: str) -> None:
        with self._lock:
            self.faults.append(what)

    def keep(self, one: Accepted) -> None:
        with self._lock:
            self.accepted.append(one)
            if self.log is not None:
                line = json.dumps(
                    {
                        "recipient": one.recipient,
                        "message_id": one.message_id,
                        "at": time.time(),
                        "answered": one.answered,
                    }
                )
                with self.log.open("a") as file:
                    file.write(line + "\n")

    def pause(self, seconds: float) -> None:
        self._done.wait(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted SMTP server on loopback.")
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--trouble", default="", help="SEED:RATE")
    parser.add_argument("--steps", action="store_true", help="offer no PIPELINING")
    asked = parser.parse_args()
    seed, _, rate = asked.trouble.partition(":")
    script = trouble(int(seed), float(rate)) if asked.trouble else {}
    extensions = STEPS if asked.steps else ALL
    with SmtpServer(script=script, log=asked.log, port=asked.port, extensions=extensions) as server:
        asked.port_file.write_text(str(server.port))
        threading.Event().wait()


if __name__ == "__main__":
    main()
