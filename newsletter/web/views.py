"""Editions and papers as the pages show them: pure, every text cleaned once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter.compose.text import web_link
from newsletter.compose.tldr import tldr
from newsletter.model.edition import Edition
from newsletter.tongue.tongue import marked
from newsletter.web.plot import Plot, draw
from newsletter.web.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from newsletter.model.edition import Card, FollowUp, Pick, Pool
    from newsletter.model.paper import Paper

AUTHORS_SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """One paper on a page."""

    id: str
    href: str  # its page here; of what a reader brought its page elsewhere, or nothing
    title: str
    authors: str
    people: str  # the same without a count, which is said in the page's language
    author_count: int  # 0: all are named
    organization: str
    gist: str
    gist_by: str
    abstract: str
    upvotes: int | None
    comments: int | None
    stars: int | None
    links: tuple[tuple[str, str], ...]
    plot: Plot | None
    why: str = ""
    reasons: tuple[tuple[str, ...], ...] = ()
    parts: tuple[tuple[str, float, str], ...] = ()
    topic: str = ""
    topic_name: str = ""
    rank: int = 0
    exploration: bool = False
    withdrawn: bool = False
    published: date | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """A titled row of cards: one topic, or the whole day by trend."""

    slug: str
    name: str
    cards: tuple[CardView, ...]
    rest: tuple[CardView, ...] = ()  # what the mails call "more online": ranked, but below the topic's top
    also: tuple[CardView, ...] = ()  # papers that an earlier shelf shows


def paper_href(paper_id: str) -> str:
    return f"/paper/{quote(paper_id, safe='/')}"


def by_topic(edition: Edition, *, only: str = "") -> tuple[Shelf, ...]:
    """The edition's pools that hold papers, in the operator's order; a paper of several topics stands in the first."""
    shelves: list[Shelf] = []
    above: set[str] = set()
    for pool in edition.pools:
        if only and pool.slug != only:
            continue
        views = _views(edition, pool, pool.shown)
        if views:
            cards = tuple(view for view in views if view.id not in above)
            also = tuple(view for view in views if view.id in above)
            shelves.append(Shelf(pool.slug, pool.name, cards, _views(edition, pool, pool.picks[pool.top :]), also))
            above |= {view.id for view in views}
    return tuple(shelves)


def _views(edition: Edition, pool: Pool, picks: Iterable[Pick]) -> tuple[CardView, ...]:
    return tuple(view for pick in picks if (view := picked(edition, pool, pick)) is not None)


def together(editions: Sequence[Edition]) -> Edition:
    """Several editions as one: each topic's papers by score, as an issue is cut from all of them (`rank.cut`)."""
    newest = sorted(editions, key=lambda edition: edition.day, reverse=True)
    pools: dict[str, Pool] = {}
    for pool in (pool for edition in newest for pool in edition.pools):
        known = pools.get(pool.slug)
        pools[pool.slug] = pool if known is None else replace(known, picks=(*known.picks, *pool.picks))
    cards: dict[str, Card] = {}
    news: dict[str, FollowUp] = {}
    for edition in newest:
        cards = {card.paper.id: card for card in edition.cards} | cards
        news = {one.paper_id: one for one in edition.follow_ups} | news
    merged = tuple(replace(pool, picks=_by_score(pool.picks)) for pool in pools.values())
    return Edition(newest[0].day, newest[0].printed_at, merged, tuple(cards.values()), follow_ups=tuple(news.values()))


def _by_score(picks: Iterable[Pick]) -> tuple[Pick, ...]:
    best: dict[str, Pick] = {}
    for pick in sorted(picks, key=lambda p: (-p.score.total, -p.day.toordinal(), p.rank, p.paper_id)):
        best.setdefault(pick.paper_id, pick)
    return tuple(best.values())


def spoken(edition: Edition, locale: str) -> Edition:
    """The edition with the summaries that were told in the language of a locale, where there are such."""
    if not any(card.told for card in edition.cards):
        return edition
    cards = tuple(
        replace(card, paper=replace(card.paper, summary=told[0], summary_by=told[1]))
        if (told := card.told_in(locale))[0]
        else card
        for card in edition.cards
    )
    return replace(edition, cards=cards)


def by_trend(edition: Edition) -> tuple[Shelf, ...]:
    """All ranked papers of the day once, most upvotes first, then best score; unknown votes come last.

    All, and not only each topic's top: what readers got from outside their topics is one of these.
    """
    best: dict[str, tuple[float, CardView]] = {}
    for pool in edition.pools:
        for pick in pool.picks:
            view = picked(edition, pool, pick)
            if view is not None and (view.id not in best or best[view.id][0] < pick.score.total):
                best[view.id] = (pick.score.total, view)
    ordered = sorted(
        best.values(), key=lambda one: (-(-1 if one[1].upvotes is None else one[1].upvotes), -one[0], one[1].id)
    )
    return (Shelf("", marked("By trend"), tuple(view for _, view in ordered)),) if ordered else ()


def top_of(edition: Edition, count: int) -> tuple[CardView, ...]:
    return tuple(card for shelf in by_trend(edition) for card in shelf.cards)[:count]


def picked(edition: Edition, pool: Pool, pick: Pick) -> CardView | None:
    """A pick as a card; None when its paper is missing from the edition, which printing does not allow."""
    card = edition.card(pick.paper_id)
    if card is None:
        return None
    return card_view(card, pick=pick, topic_name=pool.name)


def card_view(card: Card, *, pick: Pick | None = None, topic_name: str = "") -> CardView:
    paper = card.paper
    gist, by = gist_of(paper)
    return CardView(
        id=paper.id,
        href=web_link(paper.url) if paper.brought else paper_href(paper.id),
        title=clean(paper.title) or "Untitled",
        authors=names(paper.authors),
        people=people(paper.authors),
        author_count=len(paper.authors) if len(paper.authors) > AUTHORS_SHOWN else 0,
        organization=clean(paper.organization),
        gist=gist,
        gist_by=by,
        abstract=clean(paper.abstract),
        upvotes=card.upvotes,
        comments=card.comments,
        stars=card.stars,
        links=links(paper),
        plot=draw([(at, value) for at, value in card.trend], width=96, height=24),
        why=clean(pick.why) if pick else "",
        reasons=tuple(tuple(map(clean, reason)) for reason in pick.reasons) if pick else (),
        parts=tuple((p.name, p.value, clean(p.detail)) for p in pick.score.parts) if pick else (),
        topic=pick.topic if pick else "",
        topic_name=topic_name,
        rank=pick.rank if pick else 0,
        exploration="exploration" in pick.marks if pick else False,
        withdrawn=paper.withdrawn,
        published=paper.published,
    )


def gist_of(paper: Paper) -> tuple[str, str]:
    """(one or two sentences, whose they are), as in the mails."""
    told = tldr(paper)
    return told.text, told.by


def names(authors: Iterable[str], shown: int = AUTHORS_SHOWN) -> str:
    """Authors in one line; a long list names the first and the last and counts the rest."""
    every = list(authors)
    said = people(every, shown)
    return said if len(every) <= shown else f"{said} ({len(every)} authors)"


def people(authors: Iterable[str], shown: int = AUTHORS_SHOWN) -> str:
    """The same without the count."""
    every = [clean(author) for author in authors]
    return ", ".join(every) if len(every) <= shown else f"{', '.join(every[: shown - 1])} … {every[-1]}"


def links(paper: Paper) -> tuple[tuple[str, str], ...]:
    """(label, address) of what exists, http and https only: a hostile source may have sent anything."""
    every = (
        (marked("Abstract"), paper.url),
        (marked("PDF"), paper.pdf_url),
        (marked("Code"), paper.code_url),
        (marked("Project"), paper.project_url),
        (marked("Discussion"), paper.discussion_url),
        ("DOI", f"https://doi.org/{quote(paper.doi, safe='/')}" if paper.doi else ""),
    )
    return tuple((label, safe) for label, href in every if (safe := web_link(href)))
