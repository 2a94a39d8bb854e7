"""An LMTP door (RFC 2033): the mail server hands a returned mail over, and keeps it until what it says is stored."""

from __future__ import annotations

import logging
import socketserver
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from newsletter.errors import LaterError, StoreError, UsageError
from newsletter.returns.mime import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)
Taken = Literal["taken", "unknown"]
_LINE = 4096  # octets of a command (RFC 5321 section 4.5.3.1.4 asks for 512)
_SILENCE = 300.0  # seconds without a command (RFC 5321 section 4.5.3.2.7)
_MOST = 20  # talks at the same time
_RECIPIENTS = 100  # of one mail (RFC 5321 section 4.5.3.1.8)
_SIZE = 50 * 1024 * 1024  # octets of one mail


@contextmanager
def open_door(host: str, port: int, take: Callable[[bytes], Taken]) -> Iterator[int]:
    """Listen until the block ends; gives the port. `take` acts on one mail and returns when that is durable.

    Raises UsageError when the address is taken or not ours.
    """
    try:
        server = _Server((host, port), take)
    except OSError as error:
        raise UsageError(
            f"Returned mail cannot be taken at {host}:{port}: {error.strerror or error}.",
            cure="Is it running already? Choose another `port` in [[returns]].",
        ) from None
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="lmtp", daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, place: tuple[str, int], take: Callable[[bytes], Taken]) -> None:
        super().__init__(place, _Talk)
        self.take = take
        self.room = threading.BoundedSemaphore(_MOST)

    def handle_error(self, request: object, client_address: object) -> None:
        """The other side hung up, or there is a bug: the mail server keeps its mail and tries again."""
        del request, client_address
        log.warning("a talk with the mail server ended early: %s", sys.exc_info()[0])


class _Talk(socketserver.StreamRequestHandler):
    server: _Server
    timeout = _SILENCE

    def handle(self) -> None:
        if not self.server.room.acquire(blocking=False):
            self._say("421 4.3.2 too many talks at once")
            return
        try:
            self._say("220 newsletter LMTP")
            self._converse()
        except (TimeoutError, ConnectionError):
            return
        finally:
            self.server.room.release()

    def _converse(self) -> None:
        sender, recipients = False, list[str]()
        while line := self.rfile.readline(_LINE):
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            verb = verb.upper()
            if verb == "LHLO":
                self._say("250-newsletter", "250-PIPELINING", "250-8BITMIME", f"250-SIZE {_SIZE}", "250 SMTPUTF8")
                sender, recipients = False, []
            elif verb == "MAIL" and not sender:
                sender, recipients = True, []
                self._say("250 2.1.0 ok")
            elif verb == "RCPT" and sender and len(recipients) < _RECIPIENTS:
                recipients.append(_path(rest))
                self._say("250 2.1.5 ok")
            elif verb == "RCPT" and sender:
                self._say("452 4.5.3 too many recipients")
            elif verb == "DATA" and recipients:
                self._say("354 end with a dot")
                self._say(*self._body(recipients))
                sender, recipients = False, []
            elif verb in {"RSET", "NOOP"}:
                sender, recipients = (sender, recipients) if verb == "NOOP" else (False, [])
                self._say("250 2.0.0 ok")
            elif verb == "QUIT":
                self._say("221 2.0.0 bye")
                return
            else:
                out_of_turn = verb in {"MAIL", "RCPT", "DATA"}
                self._say("503 5.5.1 not now" if out_of_turn else "500 5.5.2 what is that?")

    def _body(self, recipients: list[str]) -> list[str]:
        """Read to the dot and act; an answer for each recipient (RFC 2033 section 4.2)."""
        data, size, fresh = bytearray(), 0, True
        while (line := self.rfile.readline(_LINE)) != b".\r\n" or not fresh:
            if not line:
                raise ConnectionError
            if fresh and line.startswith(b"."):
                line = line[1:]
            fresh = line.endswith(b"\r\n")  # a dot after a bare LF ends nothing
            size += len(line)
            if len(data) < LIMIT:
                data += line
        if size > _SIZE:
            return ["552 5.3.4 too big"] * len(recipients)
        return [self._take(one, bytes(data)) for one in recipients]

    def _take(self, recipient: str, data: bytes) -> str:
        try:
            taken = self.server.take(b"Delivered-To: " + recipient.encode("latin-1") + b"\r\n" + data)
        except (LaterError, StoreError) as error:
            log.warning("a returned mail could not be taken: %s", error)
            return "451 4.3.0 not now, try again"
        if taken == "unknown":
            return (
                "550 5.7.1 this address takes bounces, complaints and mails to leave; a person reads the From address"
            )
        return "250 2.0.0 taken"

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


def _path(rest: str) -> str:
    """The address of `TO:<address> PARAMETERS`, without what could end a header line."""
    inner = rest.partition("<")[2].partition(">")[0]
    return "".join(c for c in inner if " " < c < "\x7f")[:320]
