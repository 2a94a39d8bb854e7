"""What searches, look-ups and summaries need from the world, as protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from newsletter.model.paper import Paper, Problem
    from newsletter.model.search import Unread, Within


class WordSearch(Protocol):
    """The part of `Papers` that finds them by what they say."""

    def search(
        self, words: Sequence[str], *, limit: int, every: bool | None = None, within: Within | None = None
    ) -> tuple[str, ...]:
        """Paper ids by word, best first (full text over the whole history). A word with blanks is a phrase.
        `every`: True, papers that say all of them; False, papers that say one; None, all before one.
        """

    def last(self) -> int:
        """The number of the newest paper: a search within `upto` this one does not see later ones."""


class Lookup(Protocol):
    """Papers by name, from a place that knows them all: for what a reader brings. Never raises for its faults."""

    def by_id(self, arxiv_ids: Sequence[str]) -> tuple[tuple[Paper, ...], tuple[Problem, ...]]: ...

    def by_author(self, author: str) -> tuple[tuple[Paper, ...], tuple[Problem, ...]]:
        """The papers of an arXiv author id, such as `warner_s_1`, or an ORCID."""


class Summarizer(Protocol):
    """A language model that tells a paper in a sentence or two. What it says is not believed unless checked."""

    name: str

    def tell(self, paper: Paper, language: str = "") -> tuple[str, int, int] | Problem:
        """(text, tokens of the question, tokens of the answer); never raises for its faults.

        `language` is the English name of the one that it is to be told in, such as "German"; empty: English.
        """


class Vectors(Protocol):
    """A small vector for each paper, kept beside the papers, whoever makes it. `model` names what they come from.

    A vector is a row of signed bytes; its length does not matter, its direction does.
    """

    def due(self, model: str, *, limit: int) -> tuple[Unread, ...]:
        """Papers that have no vector of this model for their present text, oldest first."""

    def put(self, model: str, made: Iterable[tuple[Unread, bytes]]) -> None:
        """Keep vectors, all of one size. A paper whose text changed meanwhile stays due."""

    def nearest(
        self, model: str, vector: bytes, *, limit: int, within: Within | None = None
    ) -> tuple[tuple[str, float], ...]:
        """(paper id, cosine), nearest first. With a `within` that only names a source, papers far down are not met."""

    def cosines(self, model: str, vector: bytes, paper_ids: Iterable[str]) -> Mapping[str, float]:
        """How near these papers are, for those that have a vector: to six decimals, as `nearest` says it."""


class Embedder(Protocol):
    """A text model that is not the packaged one: another program's, or one behind an address."""

    name: str  # what its vectors are kept under: another model has another name

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[Sequence[float]], int] | Problem]:
        """Vectors of the first texts, then of the next, each time with the tokens they cost, all of one size. A
        problem ends it; what came before holds. Never raises for its faults.
        """

    def probe(self) -> Problem | None:
        """One short text for `doctor`: None when a vector comes back."""


class Embeddings(Protocol):
    """Vectors of texts by model and text, kept for good: a day is ranked again by the same ones."""

    def get(self, model: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Those that are kept."""

    def put(self, model: str, made: Mapping[str, bytes]) -> None:
        """One that is kept already stays as it is."""
