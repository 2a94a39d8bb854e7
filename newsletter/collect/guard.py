"""The socket under the HTTP client: a deadline for the whole request, and no way into private networks."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

QUIET = 20.0  # seconds without a byte


class Errand(threading.local):
    """What the request of this thread may do: until when, and whether a private address is its rightful goal."""

    until: float = 0.0
    private: bool = False

    def left(self, timeout: float | None) -> float:
        """The socket's next time-out. Raises httpcore.ReadTimeout when the request's time is up."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline of the request passed")
        return min(left, QUIET if timeout is None else timeout)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, errand: Errand) -> None:
        self._stream, self._errand = stream, errand

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._errand.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._errand.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._errand.left(timeout))
        return _Stream(secured, self._errand)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, errand: Errand, *, proxied: bool) -> None:
        self._errand, self._proxied = errand, proxied
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve once, judge the address, connect to that very address: a name cannot change its mind in between."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} was not found") from error
        places = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not (self._errand.private or self._proxied):
            places = [place for place in places if is_public(place)]
            if not places:
                raise httpcore.ConnectError(f"{host} is on a private network")
        trouble: Exception = httpcore.ConnectError(f"the name {host} has no address")
        for place in places:
            try:
                stream = self._real.connect_tcp(place, port, self._errand.left(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
                continue
            return _Stream(stream, self._errand)
        raise trouble


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open Internet: not loopback, private, link-local, shared, multicast."""
    try:
        found = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (mapped is None or bool(mapped.is_global))


class GuardedTransport(httpx.HTTPTransport):
    """httpx's own transport on guarded sockets; at most one idle connection a host is kept."""

    def __init__(self, errand: Errand, tls: ssl.SSLContext, proxy: str | None = None) -> None:
        super().__init__(
            verify=tls,
            proxy=proxy,
            trust_env=False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=30),
        )
        # httpx offers no public way to give its pool a network backend; the tests for dripped headers and for
        # redirects into private networks fail if this stops working.
        self._pool._network_backend = _Backend(errand, proxied=proxy is not None)  # noqa: SLF001
