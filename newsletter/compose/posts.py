"""An edition as one post for a chat or a webhook: in the channel's own markup, within its length, nothing active in it.

Titles and names come from strangers. Whatever a chat would act on is shown as text: mentions (`@everyone`, `<!here>`),
links in titles, bold and code marks, HTML.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from newsletter.compose.detex import detex
from newsletter.compose.text import clean, shorten, web_link
from newsletter.compose.tldr import tldr
from newsletter.compose.view import authors_line
from newsletter.model.channel import Post
from newsletter.tongue.reasons import sentence
from newsletter.tongue.tongue import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from newsletter.model.channel import ChannelKind
    from newsletter.model.edition import Card, Edition, Pick
    from newsletter.tongue.tongue import Tongue

_TITLE, _SUMMARY, _WHY, _ABSTRACT = 200, 280, 160, 6000
_BREAK = "\u200b"  # a blank of no width: what it stands in is no mention and no address any more
_AT = re.compile("@")
_SLACK_MARKS = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb"})
_SLACK_UNDERLINE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_PUNCTUATION = re.compile(r"([\\*_~`|>#<+()\-])")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a channel writes. `most`: UTF-16 units of one post (what Discord and Telegram count in)."""

    most: int
    escape: Callable[[str], str]
    bold: Callable[[str], str]  # of escaped text
    link: Callable[[str, str], str]  # escaped text, address
    line: Callable[[str], str] = lambda text: f"{text}\n"


@dataclass(frozen=True, slots=True)
class Paper:
    """What a post says of one paper, unescaped."""

    id: str
    title: str
    url: str
    authors: str
    summary: str
    why: str
    upvotes: int | None
    abstract: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One topic."""

    slug: str
    name: str
    papers: tuple[Paper, ...]


def inert(text: str) -> str:
    """No mention and no address that a chat would turn into a link."""
    return _AT.sub(f"@{_BREAK}", text).replace("://", f":{_BREAK}//")


def _slack(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text: three signs have an escape; marks have none."""
    plain = _SLACK_UNDERLINE.sub("\u02cd", inert(text).translate(_SLACK_MARKS))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _discord(text: str) -> str:
    """Brackets would end a link's text, with or without a backslash."""
    return _PUNCTUATION.sub(r"\\\1", inert(text).replace("[", "(").replace("]", ")"))


def _html(text: str) -> str:
    return html.escape(inert(text))


def _anchor(text: str, url: str) -> str:
    return f'<a href="{html.escape(url)}">{text}</a>'


# Limits: a section of a Slack message 3,000, a Discord message 2,000, a Telegram message 4,096; a Matrix event 64 KiB
# with its formatted and its plain text, so a third of that; a webhook has none of its own.
DIALECTS: dict[ChannelKind, Dialect] = {
    "webhook": Dialect(100_000, lambda text: text, lambda text: text, lambda text, url: f"{text}\n  {url}"),
    "slack": Dialect(3000, _slack, lambda text: f"*{text}*", lambda text, url: f"<{url.replace('&', '&amp;')}|{text}>"),
    "discord": Dialect(2000, _discord, lambda text: f"**{text}**", lambda text, url: f"[{text}](<{url}>)"),
    "telegram": Dialect(4096, _html, lambda text: f"<b>{text}</b>", _anchor),
    "matrix": Dialect(16_000, _html, lambda text: f"<strong>{text}</strong>", _anchor, lambda text: f"{text}<br>\n"),
}


def edition_post(
    edition: Edition,
    kind: ChannelKind,
    *,
    key: str,
    newsletter: str,
    base_url: str,
    topics: Collection[str] = (),
    tongue: Tongue = ENGLISH,
) -> Post | None:
    """The edition's shown papers, each once, under its first topic of `topics` (all when empty); None: there is none.

    What does not fit is said in fewer words: first the summaries go, then what else stands beside the titles, then
    the last papers, which are counted.
    """
    shelves = shelves_of(edition, topics, tongue)
    if not shelves:
        return None
    title = f"{clean(newsletter, 100)}, {tongue.date(edition.day, 'full')}"
    url = f"{base_url}/day/{edition.day}"
    text = _fitting(DIALECTS[kind], title, url, shelves, tongue)
    return Post(key, title, text, _document(edition, key, newsletter, url, shelves))


def shelves_of(edition: Edition, topics: Collection[str], tongue: Tongue = ENGLISH) -> tuple[Shelf, ...]:
    seen: set[str] = set()
    shelves = []
    for pool in edition.pools:
        if topics and pool.slug not in topics:
            continue
        papers = []
        for pick in pool.shown:
            card = edition.card(pick.paper_id)
            if card is not None and pick.paper_id not in seen:
                seen.add(pick.paper_id)
                papers.append(_paper(pick, card, tongue))
        if papers:
            shelves.append(Shelf(pool.slug, tongue.gettext(clean(pool.name, 80) or pool.slug), tuple(papers)))
    return tuple(shelves)


def _paper(pick: Pick, card: Card, tongue: Tongue) -> Paper:
    paper = card.paper
    url = web_link(paper.url) or web_link(f"https://doi.org/{quote(paper.doi, safe='/')}" if paper.doi else "")
    return Paper(
        paper.id,
        detex(clean(paper.title, _TITLE)) or "Untitled",
        url.replace("@", "%40"),
        authors_line(paper.authors, tongue),
        shorten(tldr(paper, *card.told_in(tongue.locale)).text, _SUMMARY),
        clean(sentence(pick.reasons, tongue) if pick.reasons else pick.why, _WHY),
        card.upvotes,
        detex(clean(paper.abstract, _ABSTRACT)),
    )


def size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _fitting(dialect: Dialect, title: str, url: str, shelves: tuple[Shelf, ...], tongue: Tongue) -> str:
    for depth in (3, 2, 1, 0):
        text = _written(dialect, title, url, shelves, depth, tongue, left_out=0)
        if size(text) <= dialect.most:
            return text
    papers = [(shelf, paper) for shelf in shelves for paper in shelf.papers]
    for count in range(len(papers) - 1, -1, -1):
        kept = tuple(
            Shelf(shelf.slug, shelf.name, tuple(paper for of, paper in papers[:count] if of is shelf))
            for shelf in shelves
            if any(of is shelf for of, _ in papers[:count])
        )
        text = _written(dialect, title, url, kept, 0, tongue, left_out=len(papers) - count)
        if size(text) <= dialect.most:
            break
    return text


def _written(
    dialect: Dialect,
    title: str,
    url: str,
    shelves: tuple[Shelf, ...],
    depth: int,
    tongue: Tongue,
    *,
    left_out: int,
) -> str:
    lines = [dialect.bold(dialect.link(dialect.escape(title), url))]
    for shelf in shelves:
        lines += ["", dialect.bold(dialect.escape(shelf.name))]
        for number, paper in enumerate(shelf.papers, 1):
            lines += _lines(dialect, paper, number, depth, tongue)
    if left_out:
        lines += ["", dialect.link(dialect.escape(tongue.count("and {n} more", "and {n} more", left_out)), url)]
    return "".join(map(dialect.line, lines)).rstrip().removesuffix("<br>")


def _lines(dialect: Dialect, paper: Paper, number: int, depth: int, tongue: Tongue) -> Iterator[str]:
    escape = dialect.escape
    title = escape(paper.title)
    yield f"{number}. {dialect.link(title, paper.url) if paper.url else title}"
    votes = "" if paper.upvotes is None else tongue.count("{n} vote", "{n} votes", paper.upvotes)
    if depth >= 1 and (beside := " · ".join(part for part in (paper.authors, votes) if part)):
        yield f"   {escape(beside)}"
    if depth >= 3 and paper.summary:
        yield f"   {escape(paper.summary)}"
    if depth >= 2 and paper.why:
        yield "   " + escape(tongue.say("Why it is here: {why}", why=paper.why))


def _document(edition: Edition, key: str, newsletter: str, url: str, shelves: tuple[Shelf, ...]) -> dict[str, Any]:
    """What a webhook gets beside the text."""
    fields = ("id", "title", "url", "authors", "summary", "why", "upvotes")
    return {
        "key": key,
        "newsletter": newsletter,
        "day": edition.day.isoformat(),
        "url": url,
        "topics": [
            {
                "slug": shelf.slug,
                "name": shelf.name,
                "papers": [{name: getattr(paper, name) for name in fields} for paper in shelf.papers],
            }
            for shelf in shelves
        ],
    }
