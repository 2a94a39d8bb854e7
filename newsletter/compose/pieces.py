"""A compiled document in pieces: papers that were compiled, and the store of all that stands around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.compose.slots import cut
from newsletter.compose.splice import Fragment, fragment

if TYPE_CHECKING:
    from newsletter.compose.layout import Key, Layout
    from newsletter.compose.view import CardView
    from newsletter.model.edition import Card


class CannotCutError(Exception):
    """A template (of the operator's) whose pieces depend on their places: mails are rendered whole, one by one."""


@dataclass(slots=True)
class Entry:
    """A paper in a pool: how it looks, and its pieces once they are compiled. True of this very card and sentence."""

    card: Card
    why: tuple[str, tuple[tuple[str, ...], ...]]  # the sentence, and the reasons that it is made of
    view: CardView
    serial: int  # never given twice by one Digester
    words: int  # of the view
    html: Fragment | None = None
    text: Fragment | None = None

    def piece(self, part: int) -> Fragment:
        """HTML for 0, text for 1; KeyError before it is compiled."""
        if (found := self.text if part else self.html) is None:
            raise KeyError(self.serial)
        return found


def keep(document: str, store: dict[Key, Fragment], plan: Layout) -> list[Fragment]:
    """Put the pieces of a document into the store; returns those of the papers, in order."""
    pieces = cut(document)
    if [label for label, _ in pieces] != [label for label, _, _ in plan]:
        raise CannotCutError
    papers = []
    for (label, content), (_, key, _) in zip(pieces, plan, strict=True):
        piece = fragment(content)
        if label == "card":
            papers.append(piece)
        else:
            store[key] = same(store.get(key), piece)
    return papers


def same(old: Fragment | None, new: Fragment) -> Fragment:
    """A piece has to be the same wherever it stands."""
    if old is not None and (old.coded != new.coded or old.slots != new.slots):
        raise CannotCutError
    return new
