"""Open sockets under the SMTP loop: one channel a connection, and the threads that open new ones."""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.model.mail import Reply
from newsletter.send.doubt import CLOSED, GARBAGE, HUNG_UP
from newsletter.send.transports.chunking import window_for
from newsletter.send.transports.conversation import Conversation
from newsletter.send.transports.opening import open_link
from newsletter.send.transports.wire import ProtocolFault

if TYPE_CHECKING:
    from newsletter.model.mail import Outcome
    from newsletter.send.transports.opening import Link, Relay
    from newsletter.send.transports.patience import Patience
    from newsletter.send.transports.relays import Site

READ = 65536
BUFFERS = 64  # for one sendmsg; IOV_MAX is 1024


class Channel:
    """A socket and its conversation. `readable` says that TLS holds octets which the selector cannot see."""

    def __init__(self, link: Link, patience: Patience, site: Site, *, window: int, most: int, several: bool) -> None:
        self.site = site
        self.sock = link.sock
        self.sock.setblocking(False)
        window = min(window, window_for(link.rtt))
        self.talk = Conversation(
            link.features, patience, site.chunking, lmtp=site.relay.lmtp, window=window, most=most, several=several
        )
        self.events = selectors.EVENT_READ
        self.used = time.monotonic()

    @property
    def readable(self) -> bool:
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def read(self) -> bytes | None:
        """What has come in; b"" at the end, None when there is nothing yet."""
        try:
            data = self.sock.recv(READ)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except ssl.SSLEOFError:
            return b""
        self.used = time.monotonic()
        return data

    def hear(self, outcomes: list[Outcome]) -> Reply | None:
        """Read, and let the conversation judge it; a Reply says why the connection is over."""
        try:
            data = self.read()
            if data:
                self.talk.receive(data, outcomes)
        except ProtocolFault as fault:
            return Reply(0, "", f"{GARBAGE}: {fault}")
        except OSError as error:
            return self.broke(error)
        if self.talk.closing is None and data == b"":
            return Reply(0, "", HUNG_UP if self.talk.answered else CLOSED)
        return self.talk.closing

    def broke(self, error: OSError) -> Reply:
        """A reset is what a hangup looks like to whoever has just written."""
        if self.talk.answered and isinstance(error, ConnectionError):
            return Reply(0, "", HUNG_UP)
        return Reply(0, "", f"the connection broke: {error.strerror or error}")

    def write(self) -> None:
        """As much as the kernel takes now."""
        while self.talk.out:
            buffers = [buffer for buffer, _ in self.talk.out]
            try:
                if isinstance(self.sock, ssl.SSLSocket):
                    self.talk.wrote(self.sock.send(buffers[0]))
                else:
                    self.talk.wrote(self.sock.sendmsg(buffers[:BUFFERS]))
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return

    def goodbye(self, seconds: float) -> None:
        goodbye(self.sock, seconds)

    def abandon(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.close()


class Openings:
    """Opens connections in threads of their own, so that a slow greeting holds up nobody; `bell` rings for each.

    A thread that is done waits for the next order; there are never more than were under way at once.
    """

    def __init__(self, relay: Relay, patience: Patience, tls: ssl.SSLContext) -> None:
        self._relay, self._patience, self._tls = relay, patience, tls
        self.bell, self._rope = socket.socketpair()
        self.bell.setblocking(False)
        self.under_way = 0
        self._threads = 0
        self._closed = False
        self._orders: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Link | NewsletterError] = queue.SimpleQueue()

    def begin(self) -> None:
        self.under_way += 1
        if self.under_way > self._threads:
            self._threads += 1
            threading.Thread(target=self._work, name="smtp-open", daemon=True).start()
        self._orders.put(True)

    def finished(self) -> list[Link | NewsletterError]:
        with contextlib.suppress(BlockingIOError):
            self.bell.recv(READ)
        results: list[Link | NewsletterError] = []
        while not self._results.empty():
            self.under_way -= 1
            results.append(self._results.get())
        return results

    def close(self) -> None:
        self._closed = True
        for _ in range(self._threads):
            self._orders.put(False)
        for result in self.finished():
            if not isinstance(result, NewsletterError):
                result.sock.close()
        self.bell.close()
        self._rope.close()

    def _work(self) -> None:
        while self._orders.get():
            try:
                result: Link | NewsletterError = open_link(self._relay, self._patience, self._tls)
            except NewsletterError as error:
                result = error
            if self._closed:
                if not isinstance(result, NewsletterError):
                    result.sock.close()
                return
            self._results.put(result)
            with contextlib.suppress(OSError):
                self._rope.send(b".")


def goodbye(sock: socket.socket, seconds: float) -> None:
    """QUIT, wait this long for the answer (RFC 5321 4.1.1.10), close."""
    with contextlib.suppress(OSError):
        sock.settimeout(max(seconds, 0.001))
        sock.sendall(b"QUIT\r\n")
        if seconds:
            sock.recv(READ)
    with contextlib.suppress(OSError):
        sock.close()
