"""What comes back from asking the world over HTTP: values, never exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsletter.collect.body import OPEN_LIMIT, PACKED_LIMIT
from newsletter.collect.guard import QUIET
from newsletter.model.paper import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

TEN_MINUTES: Final = 600.0
AGAIN: Final = "It is asked again with the next run."


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole body, unpacked. Header names are lower case."""

    url: str
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")[:300]

    @property
    def last_modified(self) -> str:
        return self.headers.get("last-modified", "")[:100]


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: what we have is still true."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer that can be used. `later`: the same request may work with the next run."""

    reason: str
    cure: str = AGAIN
    status: int = 0
    later: bool = True


Answer = Fetched | NotModified | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds and bytes. `budget` bounds one session (one source's fetch), `deadline` one request with its body."""

    budget: float = TEN_MINUTES
    deadline: float = 60.0
    quiet: float = QUIET
    tries: int = 4
    packed: int = PACKED_LIMIT
    unpacked: int = OPEN_LIMIT


@dataclass(frozen=True, slots=True)
class Again:
    """A failure that may be tried again: after `wait` seconds when the server said so, at most `tries` times."""

    failed: Failed
    lane: str
    wait: float | None = None
    tries: int = 99


def unheard(name: str, answer: Answer) -> Problem | None:
    """What keeps a source from being heard, when it was asked once to see whether it answers."""
    return Problem(name, answer.reason, answer.cure) if isinstance(answer, Failed) else None


def check(place: str = "") -> str:
    """The cure for a wrong address."""
    return f"Check the address{' ' + place[:200] if place else ''} in config.toml."


def verdict(status: int, wait: float | None, lane: str) -> Failed | Again:
    """What a status without a body to use means (RFC 9110 15, RFC 6585 4)."""
    if status == 429:
        return Again(Failed("too many requests (429)", AGAIN, 429), lane, wait)
    if status >= 500 or status in {408, 425}:
        return Again(Failed(f"the server is in trouble ({status})", AGAIN, status), lane, wait)
    if status in {401, 403}:
        return Failed(f"the server refuses us ({status})", "Check the address, and the key if there is one.", status)
    if status in {404, 410}:
        return Failed(f"nothing is there ({status})", check(), status, later=False)
    return Failed(f"the server did not accept the question ({status})", check(), status, later=False)
