"""Who drives an opening to its end: a caller that waits for one, or the SMTP loop for several beside its mails."""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import select
import selectors
import socket
import ssl
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError, RelayError
from newsletter.send.transports.opening import Link, Opening

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.send.transports.opening import Place, Relay, Steps, Wait
    from newsletter.send.transports.patience import Patience

QUIET = 8.0  # seconds without a greeting, after which TLS is tried; postscreen greets after 6
FRESH = 60.0  # seconds that a name's addresses are used again without asking


def open_link(relay: Relay, patience: Patience, tls: ssl.SSLContext, *, probe: bool = False) -> Link:
    """Wait for a connection. Raises RelayError (later is the cure) or RelayConfigError (a person must look).

    `probe`: when no greeting comes, find out whether the port wants TLS. For a check, not for a slow server in a run.
    """
    opening = Opening(relay, patience, tls)
    look = partial(_wants_tls, relay, min(QUIET, patience.banner)) if probe else None
    return driven(opening, opening.steps(addresses(relay), look=look))


def driven(opening: Opening, steps: Steps[Link]) -> Link:
    """Wait for whatever it waits for, to its end; its socket is closed when that is an error."""
    try:
        events, until = next(steps)
        while True:
            assert opening.sock is not None
            if _is_ready(opening.sock, events, until):
                events, until = next(steps)
            else:
                events, until = steps.throw(TimeoutError("timed out"))
    except StopIteration as done:
        link: Link = done.value
        return link
    except BaseException:  # edge: whatever ends the opening, the socket is closed
        opening.drop()
        raise


def addresses(relay: Relay) -> Sequence[Place]:
    """Where to connect to, in the order to be tried. Raises RelayError for a name that is not known."""
    if relay.host.startswith("/"):
        return [(socket.AF_UNIX, relay.host)]
    try:
        found = socket.getaddrinfo(relay.host, relay.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # not only gaierror: the resolver may lack a socket
        said = getattr(error, "strerror", None) or str(error)
        what = f"Mail relay {relay.where}: the name of the mail relay is not known ({said})."
        raise RelayError(what, cure="Check [delivery] host, and DNS.") from error
    return [(family, address) for family, _, _, _, address in found]


def _is_ready(sock: socket.socket, events: int, until: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, events)
        return bool(selector.select(max(0.0, until - time.monotonic())))


def _wants_tls(relay: Relay, wait: float, sock: socket.socket) -> bool:
    """A port for implicit TLS (RFC 8314 3.3) keeps silent in clear: told apart from a slow server by trying."""
    if relay.host.startswith("/") or select.select([sock], [], [], wait)[0]:
        return False
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # nothing is sent over it
    try:
        with socket.create_connection((relay.host, relay.port), timeout=wait) as other:
            tls.wrap_socket(other, server_hostname=relay.host).close()
    except OSError:  # ssl.SSLError is one
        return False
    return True


class Openings:
    """Connections to one relay that are being opened: `bell` is readable when one of them may go on.

    Whoever owns them calls `finished` then, when `deadline` has passed, and after `begin`. A name is looked up in a
    thread of its own, since that cannot be waited for otherwise.
    """

    def __init__(self, relay: Relay, patience: Patience, tls: ssl.SSLContext) -> None:
        self._relay, self._patience, self._tls = relay, patience, tls
        self.bell = selectors.DefaultSelector()
        self.under_way = 0
        self._told, self._teller = socket.socketpair()
        self._told.setblocking(False)
        self.bell.register(self._told, selectors.EVENT_READ)
        self._active: dict[Opening, tuple[Steps[Link], Wait, int]] = {}
        self._places: Sequence[Place] = ()
        self._known_until = 0.0
        self._asked = False
        self._round = 0  # what was asked before the last `abandon` fails nobody who came after it
        self._answers: queue.SimpleQueue[tuple[int, Sequence[Place] | NewsletterError]] = queue.SimpleQueue()

    def begin(self) -> None:
        self.under_way += 1

    def deadline(self) -> float | None:
        """When the next of them has waited long enough (monotonic seconds)."""
        return min((until for _, (_, until), _ in self._active.values()), default=None)

    def finished(self) -> list[Link | NewsletterError]:
        """Take each as far as it goes now; those that are at their end, well or not."""
        results = self._look_up()
        for key, _ in self.bell.select(0):
            if isinstance(key.data, Opening):
                self._go_on(key.data, results)
        now = time.monotonic()
        for opening in [one for one, (_, (_, until), _) in self._active.items() if until <= now]:
            self._go_on(opening, results, late=True)
        while self._places and self.under_way > len(self._active) + len(results):
            opening = Opening(self._relay, self._patience, self._tls)
            self._active[opening] = (opening.steps(self._places), (0, 0.0), -1)
            self._go_on(opening, results)
        self.under_way -= len(results)
        return results

    def abandon(self) -> None:
        """Give up all that are under way."""
        for opening, (_, _, number) in self._active.items():
            if number >= 0:
                self.bell.unregister(number)
            opening.drop()
        self._active.clear()
        self.under_way = 0
        self._round += 1

    def close(self) -> None:
        self.abandon()
        self.bell.close()
        self._told.close()
        self._teller.close()

    def _go_on(self, opening: Opening, results: list[Link | NewsletterError], *, late: bool = False) -> None:
        steps, _, number = self._active[opening]
        if number >= 0:
            self.bell.unregister(number)  # what it waits for next may be another socket
        try:
            wait = steps.throw(TimeoutError("timed out")) if late else next(steps)
            assert opening.sock is not None
            self.bell.register(opening.sock, wait[0], opening)
        except StopIteration as done:
            del self._active[opening]
            results.append(done.value)
        except NewsletterError as error:
            del self._active[opening]
            opening.drop()
            results.append(error)
        except BaseException:  # edge: what nobody expected is raised, with nothing left behind that hides it
            del self._active[opening]
            opening.drop()
            raise
        else:
            self._active[opening] = (steps, wait, opening.sock.fileno())

    def _look_up(self) -> list[Link | NewsletterError]:
        """Have the relay's addresses at hand; an answer that says no is that of all who wait for it."""
        with contextlib.suppress(BlockingIOError):
            self._told.recv(64)
        while not self._answers.empty():
            self._asked = False
            asked_in, answer = self._answers.get()
            if isinstance(answer, NewsletterError):
                if asked_in != self._round:
                    continue
                return [answer] * (self.under_way - len(self._active))
            self._places, self._known_until = answer, time.monotonic() + FRESH
        if self.under_way > len(self._active) and time.monotonic() >= self._known_until and not self._asked:
            self._places, self._asked = (), True
            if _is_number(self._relay):
                self._ask(self._round)
                return self._look_up()
            threading.Thread(target=self._ask, args=(self._round,), name="smtp-names", daemon=True).start()
        return []

    def _ask(self, asked_in: int) -> None:
        try:
            self._answers.put((asked_in, addresses(self._relay)))
        except NewsletterError as error:
            self._answers.put((asked_in, error))
        with contextlib.suppress(OSError):
            self._teller.send(b".")


def _is_number(relay: Relay) -> bool:
    """Whether the host is an address already, or the path of a socket."""
    if relay.host.startswith("/"):
        return True
    try:
        ipaddress.ip_address(relay.host.partition("%")[0])
    except ValueError:
        return False
    return True
