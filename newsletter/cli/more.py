"""`demo`, `search` and `backtest`: to see what it does before anybody is written to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.frame import command, give, json_option, opened, say, tell
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.press import Press


@command("demo", short_help="The whole day, offline, on the bundled sample.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default="demo", show_default=True, metavar="DIR"
)
@click.option("--open", "open_", is_flag=True, help="Show the page in the browser.")
@json_option
def demo(out: Path, open_: bool, as_json: bool) -> None:
    """Run the sample week offline: collect, rank, cut, and send to three sample readers' mailboxes.

    Writes their .eml files and an index.html that shows them, and says what was picked and why.
    """
    from newsletter.demo import run as run_sample

    report = run_sample(out, open_browser=open_, watch=lambda day: tell(f"{day} ..."))
    if as_json:
        give({"index": str(report.index), "mails": [str(path) for path in report.mails], "lines": list(report.lines)})
        return
    for line in report.lines:
        say(line)
    say()
    say(f"The mails, side by side: {report.index}")


@command("search", short_help="Find papers by meaning and by word.")
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@json_option
def search(query: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find papers in everything that was ever collected."""
    words = " ".join(query).split()
    if not words:
        raise UsageError("There is nothing to search for.", cure="Give some words: newsletter search diffusion models")
    with opened() as press:
        found = _found(press, words, limit)
    if as_json:
        give({"query": " ".join(words), "papers": found})
        return
    for paper in found:
        say(f"{paper['id']}  {paper['title']}")
        say(f"    {paper['url']}" if paper["url"] else "")
    if not found:
        say("Nothing found.")


def _found(press: Press, words: list[str], limit: int) -> list[dict[str, str | None]]:
    ids = press.papers.search(words, limit=limit)
    papers = press.papers.get(ids)
    return [
        {
            "id": paper.id,
            "title": paper.title,
            "url": paper.url,
            "published": paper.published.isoformat() if paper.published else None,
        }
        for paper in (papers[one] for one in ids if one in papers)
    ]


@command("backtest", short_help="The ranker against history, with metrics.")
@click.option("--from", "first", metavar="D", help="First day.")
@click.option("--to", "last", metavar="D", help="Last day.")
@json_option
def backtest(first: str | None, last: str | None, as_json: bool) -> None:
    """Rank past days as they were and compare with what later trended."""
    from newsletter.cli.frame import Day
    from newsletter.cli.replay import replay

    parse = Day()
    days = tuple(parse.convert(text, None, click.get_current_context()) if text else None for text in (first, last))
    replay(days[0], days[1], as_json=as_json)
