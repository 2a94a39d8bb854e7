"""What the templates see: papers, sections and follow-ups as strings that are ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter.compose.detex import detex
from newsletter.compose.text import clean, shorten, web_link
from newsletter.compose.tldr import tldr
from newsletter.tongue.reasons import sentence
from newsletter.tongue.tongue import ENGLISH, fill, marked, marked_count

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.edition import Card, FollowUp, Pick, Section
    from newsletter.tongue.tongue import Tongue

_TITLE = 300
_WHY = 300
_AUTHORS = 3
_FOLLOW_UPS = {
    "code": marked("Code"),
    "published": marked("Published"),
    "version": marked("New version"),
    "withdrawn": marked("Withdrawn"),
}
_NEWS = {
    "code": marked("A new version names its code."),
    "published": marked("Published: {value}."),
    "version": marked("Version {value} is out."),
    "withdrawn": marked("Withdrawn by its authors."),
}
_OUTSIDE = ("exploration", marked("Outside your topics"))  # as `rank.cut` names it


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
    """Makes views in one language; `feedback` is the reader's prefix, its slot, or empty for no feedback links.

    Only `topics` have a page and can be muted; a section such as "Outside your topics" cannot. Empty: all have.
    """

    def __init__(self, *, base_url: str, tongue: Tongue, feedback: str, topics: frozenset[str] = frozenset()) -> None:
        self._base = web_link(base_url).rstrip("/")
        self.tongue = tongue
        self._feedback = feedback
        self._topics = topics

    def card(self, pick: Pick, card: Card, number: str) -> CardView:
        paper = card.paper
        summary = tldr(paper, *card.told_in(self.tongue.locale))
        url = web_link(paper.url) or f"{self._base}/paper/{quote(paper.id)}"
        return CardView(
            number=number,
            title=detex(clean(paper.title, _TITLE)) or self.tongue.say("Untitled"),
            url=url,
            authors=authors_line(paper.authors, self.tongue),
            tldr=summary.text,
            tldr_by=summary.by,
            why=self._why(pick),
            figures=self._figures(card),
            links=self._links(card, url),
            votes=self._votes(paper.id),
            exploration="exploration" in pick.marks,
            late_bloomer="late-bloomer" in pick.marks,
            withdrawn=paper.withdrawn,
        )

    def section(self, section: Section, cards: tuple[CardView, ...]) -> SectionView:
        name = self.tongue.gettext(clean(section.name, 100)) if section.name.strip() else section.slug
        known = not self._topics or section.slug in self._topics
        mute = f"{self._feedback}?topic={quote(section.slug)}&choice=mute" if self._feedback and known else ""
        return SectionView(
            slug=section.slug,
            name=name,
            url=f"{self._base}/topic/{quote(section.slug)}" if known else "",
            cards=cards,
            more=self.tongue.count("{n} more online", "{n} more online", section.more) if section.more else "",
            mute=mute,
        )

    def follow_up(self, news: FollowUp, card: Card | None) -> FollowUpView:
        title = detex(clean(card.paper.title, _TITLE)) if card else clean(news.paper_id, 60)
        url = (web_link(card.paper.url) if card else "") or f"{self._base}/paper/{quote(news.paper_id)}"
        kind = self.tongue.say(_FOLLOW_UPS[news.kind])
        return FollowUpView(kind, title or self.tongue.say("Untitled"), url, news_text(news, self.tongue))

    def dates(self, day: date) -> tuple[str, str]:
        """(long, short) as the reader's locale writes them."""
        return self.tongue.date(day, "full"), self.tongue.date(day, "medium")

    def _why(self, pick: Pick) -> str:
        """As many reasons as fit; an edition printed before they were kept has its English sentence."""
        if not pick.reasons:
            return clean(pick.why, _WHY)
        cleaned = [tuple(clean(value, _WHY) for value in reason) for reason in pick.reasons]
        said = sentence(cleaned, self.tongue)
        while len(said) > _WHY and len(cleaned) > 1:
            cleaned.pop()
            said = sentence(cleaned, self.tongue)
        return said if len(said) <= _WHY else shorten(said, _WHY)

    def _figures(self, card: Card) -> tuple[str, ...]:
        counted = (
            (card.upvotes, marked_count("{n} upvote", "{n} upvotes")),
            (card.comments, marked_count("{n} comment", "{n} comments")),
            (card.stars, marked_count("{n} star", "{n} stars")),
        )
        return tuple(self.tongue.count(*forms, count) for count, forms in counted if count)

    def _links(self, card: Card, url: str) -> tuple[tuple[str, str], ...]:
        """Each link once, the title's first."""
        paper = card.paper
        offered = (
            (marked("Abstract"), url),
            (marked("PDF"), web_link(paper.pdf_url)),
            (marked("Code"), web_link(paper.code_url)),
            (marked("Project"), web_link(paper.project_url)),
            (marked("Discussion"), web_link(paper.discussion_url)),
        )
        seen: dict[str, str] = {}
        for label, link in offered:
            if link:
                seen.setdefault(link, label)
        return tuple((self.tongue.say(label), link) for link, label in seen.items())

    def _votes(self, paper_id: str) -> tuple[tuple[str, str], ...]:
        if not self._feedback:
            return ()
        asked = f"{self._feedback}?paper={quote(paper_id, safe='')}&choice="
        return tuple(
            (self.tongue.say(label), asked + choice)
            for label, choice in (
                (marked("More like this"), "more"),
                (marked("Less"), "less"),
                (marked("Save"), "save"),
            )
        )


def news_text(news: FollowUp, tongue: Tongue) -> str:
    """English, or what was said before its value was kept, is shown as it was printed."""
    text = _NEWS[news.kind]
    value = clean(news.value, _WHY)
    if tongue is ENGLISH or ("{value}" in text and not value):
        return clean(news.text, _WHY)
    return tongue.say(text, value=value)


def authors_line(authors: tuple[str, ...], tongue: Tongue = ENGLISH) -> str:
    """The first three names and `et al.` where there are more than four; `et al.` never stands for one person."""
    names = [name for name in (detex(clean(author, 80)) for author in authors[:8]) if name]
    if len(authors) > _AUTHORS + 1:
        return fill(tongue.gettext("{names} et al."), {"names": ", ".join(names[:_AUTHORS])})
    return ", ".join(names)
