"""`search`: papers by meaning and by word, over everything that was ever collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.frame import Day, command, give, json_option, opened, plural, say, tell
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.search import Found, Hit
    from newsletter.press import Press


@command("search", short_help="Find papers by meaning and by word.")
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option("--topic", default="", metavar="SLUG", help="Only papers that an edition ranked in this topic.")
@click.option("--source", default="", metavar="NAME", help="Only papers that this source listed.")
@click.option("--since", type=Day(), help="Only papers of this day or later.")
@click.option("--until", type=Day(), help="Only papers of this day or earlier.")
@click.option("--after", "cursor", default="", metavar="CURSOR", help="Go on where the last page stopped.")
@json_option
def search(
    query: tuple[str, ...],
    limit: int,
    topic: str,
    source: str,
    since: date | None,
    until: date | None,
    cursor: str,
    as_json: bool,
) -> None:
    """Find papers by meaning and by word. A phrase in double quotes must be said; a paper's number finds the paper."""
    from newsletter.stages.searching import Filters
    from newsletter.stages.searching import search as look

    text = " ".join(query)
    if not text.split():
        raise UsageError("There is nothing to search for.", cure="Give some words: newsletter search diffusion models")
    with opened() as press:
        _check(press, topic, source)
        filters = Filters(topic=topic, source=source, since=since, until=until)
        found = look(press, text, filters, limit=limit, cursor=cursor)
    if as_json:
        give({"query": text, "papers": [_hit(one) for one in found.hits], "after": found.cursor, "total": found.total})
        return
    _say(found)


def _check(press: Press, topic: str, source: str) -> None:
    """A name that nobody has is a slip of the pen, not an empty result."""
    topics = [one.slug for one in press.config.topics]
    if topic and topic not in {*topics, *(pool.slug for pool in _newest_pools(press))}:
        raise UsageError(f'There is no topic "{topic}".', cure=f"There are: {', '.join(topics) or 'none'}.")
    if source and source not in press.source_names:
        raise UsageError(f'There is no source "{source}".', cure=f"There are: {', '.join(sorted(press.source_names))}.")


def _newest_pools(press: Press) -> tuple[Any, ...]:
    days = press.editions.days()
    edition = press.editions.get(days[-1]) if days else None
    return edition.pools if edition else ()


def _hit(hit: Hit) -> dict[str, Any]:
    paper = hit.paper
    return {
        "id": paper.id,
        "title": paper.title,
        "url": paper.url,
        "published": paper.published.isoformat() if paper.published else None,
        "score": hit.score,
        "words": hit.words,
        "meaning": hit.meaning,
    }


def _say(found: Found) -> None:
    from newsletter.compose.detex import detex

    for hit in found.hits:
        day = f", {hit.paper.published}" if hit.paper.published else ""
        say(f"{hit.paper.id}{day}  {detex(hit.paper.title)}")
        if hit.paper.url:
            say(f"    {hit.paper.url}")
    if not found.hits:
        say("Nothing found.")
    elif found.cursor:
        tell(f"of {plural(found.total, 'paper')} within reach; the next page: --after {found.cursor}")
