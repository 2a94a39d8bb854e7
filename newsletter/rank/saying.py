"""How much a paper says of a question, from its letters alone: only words that may be meant are looked at closely."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, is_stop, plain, stem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from newsletter.model.paper import Paper

K1 = 1.2
B = 0.75
USUAL = 1_340.0  # letters of a title (twice) and an abstract: the median of 12,542 papers
TITLE = 2  # times that a word of the title counts
KIN = 0.25  # of a word from the same root: "compressed" for "compression"
MOST_AUTHORS = 50  # whose names count
LONGEST = 64  # words of a question that count

_WORD = re.compile(r"[^\W_]+\+*")
_ROOTS = ("ation", "ition", "ative", "ator", "able", "ment", "ness", "ion", "ive", "ity", "or", "er", "ly")
_STEM = 4  # letters that a root has at least


def spoken_words(text: str) -> list[str]:
    """The stems of a question in order, hyphens split, without stop words and single letters."""
    return [stem(word) for word in _WORD.findall(plain(text.casefold())) if _tells(word)]


def root(stemmed: str) -> str:
    """What words of one family share: `compress` of compression, compressed and compressor."""
    for ending in _ROOTS:
        if stemmed.endswith(ending) and len(stemmed) - len(ending) >= _STEM:
            return stemmed[: -len(ending)]
    return stemmed


def _tells(word: str) -> bool:
    return not is_stop(word) and (len(word) > 1 or word.isdigit())


@dataclass(frozen=True, slots=True)
class Said:
    """What a paper says of a question: 0 to 1 each, whatever other papers say."""

    words: float  # its words and adjacent pairs
    letters: float  # the question itself, letter for letter


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """A question made ready. `rarity` holds its stems and adjacent pairs (`token_shar`) with what each is worth."""

    rarity: Mapping[str, float]
    letters: str  # the question as texts would say it
    _begin: tuple[str, ...]  # how words begin that may be meant: as a root does
    _known: dict[str, tuple[str, float]] = field(default_factory=dict)  # word -> (the stem that it says, how far)

    def said(self, paper: Paper) -> Said:
        """BM25 (Robertson and Zaragoza 2009, eq. 3.15) with a fixed usual length, as a share of what can be reached."""
        title, abstract = paper.title[:TITLE_LIMIT], paper.abstract[:BODY_LIMIT]
        norm = K1 * (1 - B + B * (TITLE * len(title) + len(abstract)) / USUAL)
        counts: dict[str, float] = {}
        letters = 0
        for text, times in ((title, TITLE), (abstract, 1), ("; ".join(paper.authors[:MOST_AUTHORS]), 1)):
            flat = _flat(text)
            for term, share in self._met(flat):
                counts[term] = counts.get(term, 0.0) + times * share
            letters += times * flat.count(self.letters) if self.letters else 0
        whole = sum(self.rarity.values()) * (K1 + 1)
        score = sum(self.rarity[term] * count * (K1 + 1) / (count + norm) for term, count in sorted(counts.items()))
        return Said(round(score / whole, 6) if whole else 0.0, round(letters / (letters + norm), 6) if letters else 0.0)

    def _met(self, flat: str) -> Iterator[tuple[str, float]]:
        before: tuple[str, float, int] | None = None
        for place in sorted(self._places(flat)):
            match = _WORD.match(flat, place)
            if match is None:
                continue
            known = self._known.get(word := match[0])
            if known is None:
                known = self._known[word] = self._meant(word)
            term, share = known
            if not share:
                continue
            yield known
            if before is not None and (pair := f"{before[0]}_{term}") in self.rarity:
                between = flat[before[2] : place]
                if not any(map(_tells, _WORD.findall(between))):
                    yield pair, min(share, before[1])
            before = term, share, match.end()

    def _places(self, flat: str) -> set[int]:
        """Where words begin that may be meant; a third of what a regular expression takes for it."""
        places = set()
        for begin in self._begin:
            at = flat.find(begin)
            while at >= 0:
                if not at or not flat[at - 1].isalnum():
                    places.add(at)
                at = flat.find(begin, at + 1)
        return places

    def _meant(self, word: str) -> tuple[str, float]:
        stemmed = stem(word)
        if stemmed in self.rarity:
            return stemmed, 1.0
        family = root(stemmed)
        kin = next((term for term in self.rarity if "_" not in term and root(term) == family), "")
        return kin, KIN if kin else 0.0


def _flat(text: str) -> str:
    """In lower case, without TeX commands and accents."""
    flat = plain(text.casefold()) if "\\" in text else text.casefold()
    if flat.isascii():
        return flat
    return "".join(c for c in unicodedata.normalize("NFKD", flat) if not unicodedata.combining(c))


def wording(text: str, idf: Callable[[str], float]) -> Wording:
    """Read a question. `idf` says how rare a term is."""
    stems = spoken_words(text)[:LONGEST]
    counts = Counter([*stems, *map("_".join, pairwise(stems))])
    roots = {root(one).rstrip("y") or one for one in stems}
    begin = {one for one in roots if not any(one != other and one.startswith(other) for other in roots)}
    return Wording(
        rarity={term: idf(term) * count for term, count in counts.items()},
        letters=" ".join(_flat(text).split()) if stems else "",
        _begin=tuple(sorted(begin)),
    )
