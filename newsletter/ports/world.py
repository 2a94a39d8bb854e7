"""The clock, the run book and the DNS, as protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from newsletter.model.mail import Note, Run


class Clock(Protocol):
    """The wall clock, UTC."""

    def now(self) -> datetime: ...


class Runs(Protocol):
    """What was run, when, and what it said."""

    def begin(self, command: str, day: date, *, at: datetime) -> int: ...

    def note(self, run_id: int, notes: Sequence[Note]) -> None: ...

    def finish(self, run_id: int, outcome: str, *, at: datetime) -> None: ...

    def last(
        self, *, limit: int = 10, command: str | None = None, day: date | None = None, before: int | None = None
    ) -> tuple[Run, ...]:
        """Newest first; `before` is the id of a run that all of them came before."""

    def sweep(self, *, before: datetime, limit: int) -> int:
        """Erase up to so many runs that began before then, with their notes; returns how many."""


class Dns(Protocol):
    """Records by name. A name or a record that is not there is an empty tuple; no answer at all is a LaterError."""

    def texts(self, name: str) -> tuple[str, ...]:
        """The TXT records, the strings of each joined without a gap (RFC 7208 3.3)."""

    def mail_servers(self, name: str) -> tuple[str, ...]:
        """The hosts of the MX records, best first, without the last dot; `""` is the null MX (RFC 7505)."""

    def has_address(self, name: str) -> bool:
        """Whether there is an A or an AAAA record."""

    def addresses(self, name: str) -> tuple[str, ...]:
        """The A and AAAA records."""

    def names_of(self, address: str) -> tuple[str, ...]:
        """The PTR records of an IP address, without the last dot."""
