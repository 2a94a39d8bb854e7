"""What `doctor` asks the DNS: a page beside `ports.py`."""

from __future__ import annotations

from typing import Protocol


class Dns(Protocol):
    """Records by name. A name or a record that is not there is an empty tuple; no answer at all is a LaterError."""

    def texts(self, name: str) -> tuple[str, ...]:
        """The TXT records, the strings of each joined without a gap (RFC 7208 3.3)."""

    def mail_servers(self, name: str) -> tuple[str, ...]:
        """The hosts of the MX records, best first, without the last dot; `""` is the null MX (RFC 7505)."""

    def has_address(self, name: str) -> bool:
        """Whether there is an A or an AAAA record."""
