"""Which items are one paper: by arXiv id, DOI, title, and at last by the words of the abstract."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter.model.paper import identity_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from newsletter.model.paper import Paper

JACCARD = 0.5  # facts/ranking: different papers of one day never exceeded 0.315
CONTAINED = 0.9  # of the shorter abstract's words: feeds cut abstracts short
WORDS = 25  # a shorter abstract is a teaser, and teasers are alike
DAYS = 3  # a list may show a paper some days after the feed did
RARE = 40
_SHARED = 3
_LOOKED_AT = 20
_UNNAMED = 3_000

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Item:
    """A paper with the keys it is known by. `source` and `day` are empty for a paper from our own store."""

    paper: Paper
    keys: tuple[str, ...]
    source: str = ""
    day: date | None = None


@dataclass
class _Names:
    """What a group is called: two of these may only become one when no two names contradict each other."""

    arxiv: set[str] = field(default_factory=set)
    dois: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class _Groups:
    """Union-find that refuses to join what has two arXiv ids, or two DOIs of one registrar."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._parent = list(range(len(items)))
        self._names = [_names(item) for item in items]

    def root(self, node: int) -> int:
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def join(self, one: int, other: int, *, surely: bool = False) -> bool:
        first, second = sorted((self.root(one), self.root(other)))
        if first == second:
            return True
        here, there = self._names[first], self._names[second]
        if not surely and not _agree(here, there):
            return False
        self._parent[second] = first
        here.arxiv |= there.arxiv
        for registrar, found in there.dois.items():
            here.dois[registrar] |= found
        return True


def _names(item: Item) -> _Names:
    names = _Names()
    if item.paper.arxiv_id:
        names.arxiv.add(item.paper.arxiv_id)
    for key in item.keys:
        if key.startswith("doi:"):
            doi = key.removeprefix("doi:")
            names.dois[doi.partition("/")[0]].add(doi)
    return names


def _agree(here: _Names, there: _Names) -> bool:
    """False when both are named in one system and have no name of it in common."""
    pairs = [(here.arxiv, there.arxiv)]
    pairs += [(found, there.dois.get(registrar, set())) for registrar, found in here.dois.items()]
    return all(not one or not other or one & other for one, other in pairs)


def groups(items: Sequence[Item]) -> list[list[int]]:
    """Positions of the items, those of one paper together, in the order of their first members."""
    joined = _Groups(items)
    for kind in ("arxiv:", "doi:", "title:"):
        heads: dict[str, list[int]] = defaultdict(list)
        for place, item in enumerate(items):
            for key in item.keys:
                if key.startswith(kind):
                    known = heads[key]
                    if not any(joined.join(head, place, surely=kind == "arxiv:") for head in known):
                        known.append(place)
    for one, other in _alike(items):
        joined.join(one, other)
    together: dict[int, list[int]] = defaultdict(list)
    for place in range(len(items)):
        together[joined.root(place)].append(place)
    return list(together.values())


def keyed(paper: Paper, keys: Iterable[str] = ()) -> tuple[str, ...]:
    """All keys of a paper: its own and those it was found by."""
    return tuple(dict.fromkeys((*identity_keys(paper), *keys)))


def _alike(items: Sequence[Item]) -> list[tuple[int, int]]:
    """Pairs of items of different sources whose abstracts are the same text, where one of them has no arXiv id."""
    words = [_words(item) for item in items]
    unnamed = [place for place, item in enumerate(items) if words[place] and not item.paper.arxiv_id][:_UNNAMED]
    if not unnamed:
        return []
    where: dict[str, list[int]] = defaultdict(list)
    for place, found in enumerate(words):
        for word in found:
            where[word].append(place)
    pairs: list[tuple[int, int]] = []
    for place in unnamed:
        rare = sorted(words[place], key=lambda word: (len(where[word]), word))[:RARE]
        shared = Counter(other for word in rare for other in where[word][:200])
        likely = sorted((other for other, n in shared.items() if n >= _SHARED), key=lambda o: (-shared[o], o))
        pairs.extend(
            (place, other)
            for other in likely[:_LOOKED_AT]
            if other != place and _near(items[place], items[other]) and _same_text(words[place], words[other])
        )
    return pairs


def _words(item: Item) -> frozenset[str]:
    found = frozenset(_WORD.findall(item.paper.abstract.casefold())) if item.day is not None else frozenset[str]()
    return found if len(found) >= WORDS else frozenset()


def _near(one: Item, other: Item) -> bool:
    if one.source == other.source or one.day is None or other.day is None:
        return False
    return abs((one.day - other.day).days) <= DAYS


def _same_text(one: frozenset[str], other: frozenset[str]) -> bool:
    both = len(one & other)
    return both >= JACCARD * len(one | other) or both >= CONTAINED * min(len(one), len(other))
