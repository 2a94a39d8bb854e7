"""What the templates see: papers, sections and follow-ups as strings that are ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from newsletter.compose.detex import detex
from newsletter.compose.text import clean, web_link
from newsletter.compose.tldr import tldr

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.edition import Card, FollowUp, Pick, Section

_TITLE = 300
_WHY = 300
_AUTHORS = 3
_FOLLOW_UPS = {"code": "Code", "published": "Published", "version": "New version", "withdrawn": "Withdrawn"}


@dataclass(frozen=True, slots=True)
class CardView:
    """One paper of an issue. `links` and `votes` are (label, URL); `number` is its place, from 1."""

    number: str
    title: str
    url: str
    authors: str
    tldr: str
    tldr_by: str
    why: str
    figures: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    votes: tuple[tuple[str, str], ...]
    exploration: bool
    late_bloomer: bool
    withdrawn: bool

    @property
    def words(self) -> int:
        return sum(len(text.split()) for text in (self.title, self.tldr, self.why))


@dataclass(frozen=True, slots=True)
class SectionView:
    """One topic of an issue. `url` and `mute` are links, `more` is a sentence; each may be empty."""

    slug: str
    name: str
    url: str
    cards: tuple[CardView, ...]
    more: str
    mute: str


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """News about a paper of an earlier issue."""

    kind: str
    title: str
    url: str
    text: str


class Viewer:
    """Makes views in one locale; `feedback` is the reader's prefix, its slot, or empty for no feedback links.

    Only `topics` have a page and can be muted; a section such as "Outside your topics" cannot. Empty: all have.
    """

    def __init__(self, *, base_url: str, locale: str, feedback: str, topics: frozenset[str] = frozenset()) -> None:
        self._base = web_link(base_url).rstrip("/")
        self._locale = read_locale(locale)
        self._feedback = feedback
        self._topics = topics

    def card(self, pick: Pick, card: Card, number: str) -> CardView:
        paper = card.paper
        summary = tldr(paper)
        url = web_link(paper.url) or f"{self._base}/paper/{quote(paper.id)}"
        return CardView(
            number=number,
            title=detex(clean(paper.title, _TITLE)) or "Untitled",
            url=url,
            authors=authors_line(paper.authors),
            tldr=summary.text,
            tldr_by=summary.by,
            why=clean(pick.why, _WHY),
            figures=self._figures(card),
            links=_links(card, url),
            votes=self._votes(paper.id),
            exploration="exploration" in pick.marks,
            late_bloomer="late-bloomer" in pick.marks,
            withdrawn=paper.withdrawn,
        )

    def section(self, section: Section, cards: tuple[CardView, ...]) -> SectionView:
        name = clean(section.name, 100) or section.slug
        known = not self._topics or section.slug in self._topics
        mute = f"{self._feedback}?topic={quote(section.slug)}&choice=mute" if self._feedback and known else ""
        return SectionView(
            slug=section.slug,
            name=name,
            url=f"{self._base}/topic/{quote(section.slug)}" if known else "",
            cards=cards,
            more=f"{section.more} more online" if section.more else "",
            mute=mute,
        )

    def follow_up(self, news: FollowUp, card: Card | None) -> FollowUpView:
        title = detex(clean(card.paper.title, _TITLE)) if card else clean(news.paper_id, 60)
        url = (web_link(card.paper.url) if card else "") or f"{self._base}/paper/{quote(news.paper_id)}"
        return FollowUpView(_FOLLOW_UPS[news.kind], title or "Untitled", url, clean(news.text, _WHY))

    def dates(self, day: date) -> tuple[str, str]:
        """(long, short) as the reader's locale writes them."""
        return format_date(day, "full", locale=self._locale), format_date(day, "medium", locale=self._locale)

    @property
    def language(self) -> str:
        """A BCP 47 tag for the words that are written in the reader's language."""
        return str(self._locale).replace("_", "-")

    def _figures(self, card: Card) -> tuple[str, ...]:
        counted = ((card.upvotes, "upvote"), (card.comments, "comment"), (card.stars, "star"))
        return tuple(
            f"{format_decimal(count, locale=self._locale)} {noun}{'s'[: count != 1]}"
            for count, noun in counted
            if count
        )

    def _votes(self, paper_id: str) -> tuple[tuple[str, str], ...]:
        if not self._feedback:
            return ()
        asked = f"{self._feedback}?paper={quote(paper_id, safe='')}&choice="
        return (("More like this", asked + "more"), ("Less", asked + "less"), ("Save", asked + "save"))


@lru_cache(maxsize=512)
def language_name(name: str) -> str:
    """One name for every spelling of a locale."""
    return str(read_locale(name))


def read_locale(name: str) -> Locale:
    """The locale of a name such as `de`, `pt-BR` or `zh_Hant`; English when there is no such language."""
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale("en")


def authors_line(authors: tuple[str, ...]) -> str:
    """The first three names and `et al.` where there are more than four; `et al.` never stands for one person."""
    names = [name for name in (detex(clean(author, 80)) for author in authors[:8]) if name]
    if len(authors) > _AUTHORS + 1:
        return ", ".join(names[:_AUTHORS]) + " et al."
    return ", ".join(names)


def _links(card: Card, url: str) -> tuple[tuple[str, str], ...]:
    """Each link once, the title's first."""
    paper = card.paper
    offered = (
        ("Abstract", url),
        ("PDF", web_link(paper.pdf_url)),
        ("Code", web_link(paper.code_url)),
        ("Project", web_link(paper.project_url)),
        ("Discussion", web_link(paper.discussion_url)),
    )
    seen: dict[str, str] = {}
    for label, link in offered:
        if link:
            seen.setdefault(link, label)
    return tuple((label, link) for link, label in seen.items())
