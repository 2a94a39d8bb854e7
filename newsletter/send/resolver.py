"""The DNS by dnspython: five questions, each with a limit of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dns.exception
import dns.resolver
import dns.reversename

from newsletter.errors import LaterError
from newsletter.send.spf import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

EACH = 4.0  # seconds for one question, all name servers and tries together


class Resolver:
    """Asks the name servers of this machine, or those given. Fits `ports.Dns`."""

    def __init__(self, servers: Sequence[str] = (), *, port: int = 53, each: float = EACH) -> None:
        """Raises LaterError when the machine names no server."""
        try:
            self._resolver = dns.resolver.Resolver(configure=not servers)
        except dns.exception.DNSException as error:
            cure = "Name a server in /etc/resolv.conf; the network may be down."
            raise LaterError("this machine knows no DNS server.", cure=cure) from error
        if servers:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port
        self._resolver.timeout = each / 2
        self._resolver.lifetime = each

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(b"".join(one.strings).decode("utf-8", "replace") for one in self._ask(name, "TXT"))

    def mail_servers(self, name: str) -> tuple[str, ...]:
        records = sorted(self._ask(name, "MX"), key=lambda one: (one.preference, one.exchange))
        return tuple(one.exchange.to_text(omit_final_dot=True).removesuffix(".") for one in records)

    def has_address(self, name: str) -> bool:
        return bool(self._ask(name, "A") or self._ask(name, "AAAA"))

    def addresses(self, name: str) -> tuple[str, ...]:
        return tuple(one.to_text() for kind in ("A", "AAAA") for one in self._ask(name, kind))

    def names_of(self, address: str) -> tuple[str, ...]:
        name = dns.reversename.from_address(address).to_text()
        return tuple(one.target.to_text(omit_final_dot=True).lower() for one in self._ask(name, "PTR"))

    def _ask(self, name: str, kind: str) -> list[Any]:
        """The records. A name that cannot stand in the DNS has none."""
        try:
            return list(self._resolver.resolve(f"{name.rstrip('.')}.", kind, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.resolver.LifetimeTimeout, dns.resolver.NoNameservers, dns.resolver.YXDOMAIN, OSError) as error:
            cure = "Try again later; `dig` asks the same by hand."
            raise LaterError(f"no answer from the DNS about {kind} of {shown(name, 80)}.", cure=cure) from error
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return []
