"""An issue that several readers share, with everything but a reader's own values already in its place."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from newsletter.compose.digester import Digester
    from newsletter.compose.splice import Placed
    from newsletter.model.edition import Card, Issue

_KEPT = 4096  # issues seen lately; those that came twice have about 10 kB of octets of their own


@dataclass(frozen=True, slots=True)
class Laid:
    """A part in quoted-printable, as chunks in order; every other one is a reader's value, and `pick` takes these
    from hers (None: there are none).
    """

    chunks: list[bytes]
    pick: Callable[[Mapping[str, bytes]], Any] | None

    def fill(self, values: Mapping[str, bytes]) -> list[bytes]:
        """The part for one reader, as `splice.join` gives it."""
        chunks = self.chunks.copy()
        if self.pick is not None:
            chunks[1::2] = self.pick(values)
        return chunks


@dataclass(frozen=True, slots=True)
class Ready:
    """Both parts of an issue, and its own values as text."""

    html: Laid
    text: Laid
    texts: dict[str, str]


def lay(placed: Placed, told: Mapping[str, bytes]) -> Laid:
    """Pieces in order, the papers' numbers and the issue's own values (`told`) filled in."""
    chunks: list[bytes] = []
    spots: list[str] = []
    fixed: list[bytes] = []
    for piece, number in placed:
        fixed.append(piece.coded[0])
        for name, octets in zip(piece.slots, piece.coded[1:], strict=True):
            if name == "number" and number:
                fixed += (number.encode(), octets)
            elif name in told:
                fixed += (told[name], octets)
            else:
                chunks += (b"".join(fixed), b"")
                spots.append(name)
                fixed = [octets]
    chunks.append(b"".join(fixed))
    return Laid(chunks, _picker(spots))


def _picker(names: list[str]) -> Callable[[Mapping[str, bytes]], Any] | None:
    """All at once, in C: votes make about fifty places. Of a single name `itemgetter` would give no tuple."""
    if len(names) == 1:
        return lambda values: (values[names[0]],)
    return itemgetter(*names) if names else None


class SharedIssues:
    """Issues that came more than once, by their identity: whoever composes many mails hands over the same object."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], tuple[Issue, Mapping[str, Card], Digester, list[Ready | None]]] = {}

    def get(self, digester: Digester, issue: Issue, cards: Mapping[str, Card]) -> Ready | None:
        """The issue made ready, from the second time on that it comes; None where it cannot be."""
        key = (id(issue), id(digester))  # both are kept below, so that nothing else gets their identity
        known = self._seen.get(key)
        if known is None or known[1] is not cards:
            if len(self._seen) >= _KEPT:
                self._seen.clear()
            self._seen[key] = (issue, cards, digester, [])
            return None
        if not known[3]:
            known[3].append(digester.ready(issue, cards))
        return known[3][0]
