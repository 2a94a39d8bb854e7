"""Open sockets under the SMTP loop: one channel a connection."""

from __future__ import annotations

import contextlib
import selectors
import ssl
import time
from typing import TYPE_CHECKING

from newsletter.model.mail import Reply
from newsletter.send.doubt import CLOSED, GARBAGE, HUNG_UP
from newsletter.send.transports.chunking import window_for
from newsletter.send.transports.conversation import Conversation
from newsletter.send.transports.wire import ProtocolFault

if TYPE_CHECKING:
    import socket

    from newsletter.model.mail import Outcome
    from newsletter.send.transports.opening import Link
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
        window = min(window, window_for(site.nearest(link.rtt)))
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


def goodbye(sock: socket.socket, seconds: float) -> None:
    """QUIT, wait this long for the answer (RFC 5321 4.1.1.10), close."""
    with contextlib.suppress(OSError):
        sock.settimeout(max(seconds, 0.001))
        sock.sendall(b"QUIT\r\n")
        if seconds:
            sock.recv(READ)
    with contextlib.suppress(OSError):
        sock.close()
