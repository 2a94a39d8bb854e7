"""An issue that several readers share, with everything but a reader's own values already in its place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import itemgetter, mul
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from newsletter.compose.body import AFTER_HTML, BEFORE_HTML, BEFORE_TEXT, ONLY_TEXT, QUOTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from newsletter.compose.digester import Digester
    from newsletter.compose.splice import Placed
    from newsletter.model.edition import Card, Issue

_KEPT = 4096  # issues seen lately; those that came twice have about 10 kB of octets of their own
NOTHING = ""  # a place of no octets
# (the boundary, whether a reader's values are the same octets in both parts, but for those of `WRAPPED`, and where
# "view online" leads).
Shape: TypeAlias = tuple[bytes, bool, str]
Spot: TypeAlias = "bytes | tuple[str, tuple[bytes, ...]]"  # octets, or a value's name and the octets around its places
_ALONE = (b"", b"")
_LONG = 512  # octets
IN_TEXT = "text."  # before the name of a value in the text part, where it stands in another form
WRAPPED = frozenset({"reason"})  # the value that always does: a sentence, wrapped at 72 columns


@dataclass(frozen=True, slots=True)
class Laid:
    """Octets with places for a reader's values.

    The value that stands most `often`, for votes it is about a hundred times, is what the `pieces` are joined with, in
    C and at once; the others are inside the few pieces that `own` lists.
    """

    often: str  # empty: there are no places
    pieces: list[bytes]
    own: tuple[tuple[int, list[bytes], Callable[[Mapping[str, bytes]], Any]], ...]  # (which piece, chunks, values)

    def fill(self, values: Mapping[str, bytes], before: bytes = b"") -> bytes:
        """The octets for one reader, after `before`."""
        pieces = self.pieces.copy()
        for place, blank, pick in self.own:
            chunks = blank.copy()
            chunks[1::2] = pick(values)
            pieces[place] = b"".join(chunks)
        pieces[0] = before + pieces[0]
        return values[self.often].join(pieces) if self.often else b"".join(pieces)


@dataclass(frozen=True)
class Ready:
    """An issue for many readers: `mail` is all after the headers, `text` the same for those who want only text.

    A reader's values are named as in `facts.SLOTS`, in the text part with `IN_TEXT` before it: where both parts are
    `alike`, only those of `WRAPPED` are. `size` is that of the HTML part without values, `places` says how often each
    of these stands in it. `subject` is empty when it holds something of the reader's own; then it is made from
    `texts`, the issue's own values, and hers.
    """

    mail: Laid
    of_text: list[Spot]
    size: int
    places: Mapping[str, int]
    subject: str
    texts: dict[str, str]

    @cached_property
    def text(self) -> Laid:
        return _lay([ONLY_TEXT + QUOTED, *self.of_text])

    def fits(self, values: Mapping[str, bytes], most: int) -> bool:
        """Whether the HTML part has at most so many octets with these values."""
        many = self.places
        size: int = self.size + sum(map(mul, many.values(), map(len, map(values.__getitem__, many))))
        return size <= most


def make_ready(
    html: Placed,
    text: Placed,
    told: tuple[Mapping[str, bytes], Mapping[str, bytes]],
    subject: str,
    texts: dict[str, str],
    shape: Shape,
) -> Ready:
    """From the pieces of both parts in order; `told` are the issue's own values in HTML and in text."""
    line, alike, _ = shape
    of_html = list(_spots(html, told[0], lambda name: name))
    of_text = list(_spots(text, told[1], lambda name: name if alike and name not in WRAPPED else IN_TEXT + name))
    mail = [
        BEFORE_TEXT % (line, line) + QUOTED,
        *of_text,
        BEFORE_HTML % line + QUOTED,
        *of_html,
        AFTER_HTML % line,
    ]
    return Ready(
        mail=_lay(mail),
        of_text=of_text,
        size=sum(len(spot) if isinstance(spot, bytes) else sum(map(len, spot[1])) for spot in of_html),
        places=_places(of_html),
        subject=subject,
        texts=texts,
    )


def _spots(placed: Placed, told: Mapping[str, bytes], called: Callable[[str], str]) -> Iterable[Spot]:
    """Pieces in order as octets and places; the papers' numbers and the issue's own values are octets already."""
    for piece, number in placed:
        if piece.slots and piece.pick is None and piece.slots[0] != "number" and piece.slots[0] not in told:
            yield called(piece.slots[0]), piece.coded  # votes, nothing else
            continue
        yield piece.coded[0]
        for name, octets in zip(piece.slots, piece.coded[1:], strict=True):
            if name == "number" and number:
                yield number.encode()
            else:
                yield told[name] if name in told else (called(name), _ALONE)
            yield octets


def _places(spots: Iterable[Spot]) -> Counter[str]:
    places: Counter[str] = Counter()
    for spot in spots:
        if isinstance(spot, tuple):
            places[spot[0]] += len(spot[1]) - 1
    return places


def _lay(spots: Sequence[Spot]) -> Laid:
    places = _places(spots)
    often = max(places, key=places.__getitem__) if places else ""
    pieces: list[bytes | list[Spot]] = [b""]

    def add(spot: Spot) -> None:
        last = pieces[-1]
        if isinstance(last, list):
            last.append(spot)
        elif last:
            pieces[-1] = [last, spot]
        else:
            pieces[-1] = spot if isinstance(spot, bytes) else [spot]

    for spot in spots:
        if isinstance(spot, tuple) and spot[0] == often:
            add(spot[1][0])
            pieces += spot[1][1:]  # no copies: they are shared with the other issues
        elif spot:
            add(spot)
    own = []
    for place, piece in enumerate(pieces):
        if isinstance(piece, list):
            chunks, names = _chunks(piece)
            pieces[place] = b"".join(chunks) if not any(names) else b""
            if any(names):
                own.append((place, [*map(_kept, chunks)], _picker(names)))
    return Laid(often, [*map(_kept, cast("list[bytes]", pieces))], tuple(own))


@lru_cache(maxsize=4096)
def _kept(octets: bytes) -> bytes:
    """The same octets, once for all issues: 560 issues of 16 topics have 1,300 different pieces, 0.8 MB in all."""
    return octets


def _chunks(piece: Iterable[Spot]) -> tuple[list[bytes], list[str]]:
    """(octets, and every other one a place; the names of the places). Long octets are not copied: with `NOTHING` in a
    place beside them, they stay the ones that other issues have.
    """
    chunks: list[bytes] = []
    names: list[str] = []
    fixed: list[bytes] = []

    def place(name: str) -> None:
        chunks.extend((b"".join(fixed), b""))
        names.append(name)
        fixed.clear()

    def add(octets: bytes) -> None:
        if fixed and len(octets) >= _LONG:
            place(NOTHING)
        fixed.append(octets)
        if len(octets) >= _LONG:
            place(NOTHING)

    for spot in piece:
        if isinstance(spot, bytes):
            add(spot)
            continue
        for octets in spot[1][:-1]:
            add(octets)
            place(spot[0])
        add(spot[1][-1])
    return [*chunks, b"".join(fixed)], names


def _picker(names: list[str]) -> Callable[[Mapping[str, bytes]], Any]:
    """All at once, in C. Of a single name `itemgetter` would give no tuple."""
    return itemgetter(*names) if len(names) > 1 else lambda values: (values[names[0]],)


class SharedIssues:
    """Issues that came more than once, by their identity: whoever composes many mails hands over the same object."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], tuple[Issue, Mapping[str, Card], Digester, dict[Shape, Ready | None]]] = {}

    def get(
        self, digester: Digester, issue: Issue, cards: Mapping[str, Card], shape: Shape, *, again: bool
    ) -> Ready | None:
        """The issue made ready, from the second time on that it comes, or when it is known to come `again`; None where
        it cannot be.
        """
        key = (id(issue), id(digester))  # both are kept below, so that nothing else gets their identity
        known = self._seen.get(key)
        if known is None or known[1] is not cards:
            if len(self._seen) >= _KEPT:
                self._seen.clear()
            self._seen[key] = known = (issue, cards, digester, {})
            if not again:
                return None
        made = known[3]
        try:
            return made[shape]
        except KeyError:
            ready = made[shape] = digester.ready(issue, cards, shape)
            return ready
