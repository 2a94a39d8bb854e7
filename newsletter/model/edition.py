"""Topics, scores, editions and the cut of one reader: what is picked, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, datetime

    from newsletter.model.paper import Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a section of the newsletter is about, as the operator wrote it."""

    slug: str
    name: str
    query: str = ""
    keywords: tuple[str, ...] = ()  # a keyword in double quotes is a phrase
    exclude: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()  # seed papers: more like these
    papers_not: tuple[str, ...] = ()  # and less like these
    top: int = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One named share of a score; `detail` says in a few words what it was read from."""

    name: str
    value: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """Named parts whose sum is the total."""

    parts: tuple[Part, ...]

    @property
    def total(self) -> float:
        return sum(part.value for part in self.parts)


@dataclass(frozen=True, slots=True)
class Pick:
    """A paper's place in a topic's pool. The sentence `why` is true of the parts."""

    paper_id: str
    topic: str  # slug of the pool it was ranked in
    day: date  # of the edition it was ranked in
    rank: int  # 1 is best
    score: Score
    why: str
    marks: tuple[str, ...] = ()  # "exploration", "late-bloomer"
    # The same as `why`, for saying it in another language: each with its kind first (`tongue.reasons`).
    reasons: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Pool:
    """One topic's ranked papers in one edition; the first `top` are what most readers see."""

    slug: str
    name: str
    top: int
    picks: tuple[Pick, ...]

    @property
    def shown(self) -> tuple[Pick, ...]:
        return self.picks[: self.top]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A candidate that is in no pool of a topic, and why: `why --paper` reads these."""

    paper_id: str
    topic: str
    reason: str


def language_of(locale: str) -> str:
    """The language that a CLDR locale is written in: `de` of `de_AT`, `zh_Hant` of `zh_Hant_TW`."""
    language, *rest = locale.split("_")
    return "_".join((language, *(part for part in rest if part == "Hant")))


@dataclass(frozen=True, slots=True)
class Card:
    """The facts of a paper as they stood when the edition was printed. Mails are made from these."""

    paper: Paper
    listed: date
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    trend: tuple[tuple[str, float], ...] = ()  # (ISO time, upvotes), oldest first: for the small plot
    told: tuple[tuple[str, str, str], ...] = ()  # (language, summary, whose words), for readers of other languages

    def told_in(self, locale: str) -> tuple[str, str]:
        """(summary, whose words) in the language of a CLDR locale such as `de_AT`; empty texts when there is none."""
        language = language_of(locale)
        return next(((text, by) for one, text, by in self.told if one == language), ("", ""))


@dataclass(frozen=True, slots=True)
class FollowUp:
    """News about a paper of an earlier edition: code, published, version, withdrawn."""

    paper_id: str
    kind: Literal["code", "published", "version", "withdrawn"]
    text: str
    value: str = ""  # the journal, or the number of the version: for saying it in another language


@dataclass(frozen=True, slots=True)
class Edition:
    """The day's pools, the same for everybody, immutable once printed."""

    day: date
    printed_at: datetime
    pools: tuple[Pool, ...]
    cards: tuple[Card, ...]  # every paper of the pools and follow-ups, by id
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()  # "huggingface: no list on Saturdays", "arxiv: stale since 2026-11-18"
    follow_ups: tuple[FollowUp, ...] = ()

    def card(self, paper_id: str) -> Card | None:
        return next((card for card in self.cards if card.paper.id == paper_id), None)


@dataclass(frozen=True, slots=True)
class Section:
    """One topic in one reader's issue."""

    slug: str
    name: str
    picks: tuple[Pick, ...]
    more: int = 0  # how many further papers of the topic are online


@dataclass(frozen=True, slots=True)
class Issue:
    """One reader's cut of all editions since her last issue."""

    subscriber_id: int
    day: date  # her local day
    editions: tuple[date, ...]  # oldest first
    sections: tuple[Section, ...]
    follow_ups: tuple[FollowUp, ...] = ()

    @property
    def paper_ids(self) -> tuple[str, ...]:
        return tuple(pick.paper_id for section in self.sections for pick in section.picks)


@dataclass(frozen=True, slots=True)
class Silence:
    """Why a reader gets no issue on a day. `code` is for programs, `text` for people."""

    subscriber_id: int
    day: date
    code: Literal[
        "not-due",
        "already-cut",
        "no-edition",
        "empty-edition",
        "nothing-new",
        "no-topic",
        "paused",
        "unconfirmed",
        "left",
        "suppressed",
        "failed",
    ]
    text: str
