"""`subscribers taste`: what a reader brings, what was learned from her, and taking it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import config_option
from newsletter.cli.frame import give, json_option, opened, plural, say, tell
from newsletter.errors import UsageError
from newsletter.model.paper import pasted_id

if TYPE_CHECKING:
    from newsletter.model.subscriber import Subscriber
    from newsletter.press import Press
    from newsletter.stages.tasting import Brought

SHOWN = 50


@click.command("taste", short_help="What a reader likes: bring it, see it, take it back.")
@click.argument("email")
@click.option("--import", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Her library.")
@click.option("--author", metavar="ID", help="Her arXiv author id, such as warner_s_1, or ORCID.")
@click.option("--forget", metavar="ID", multiple=True, help="Take back what she said of this paper; repeatable.")
@click.option("--reset", is_flag=True, help="Take back all that she said of papers.")
@click.option("--show", is_flag=True, help="Show what was learned (also without any option).")
@config_option
@json_option
def taste(
    email: str, file: Path | None, author: str | None, forget: tuple[str, ...], reset: bool, show: bool, as_json: bool
) -> None:
    """Show what was learned from a reader: the papers she likes and those she wants less of.

    --import reads BibTeX, RIS, Zotero's CSV, RDF and CSL JSON, OPML, or a list of arXiv ids, DOIs and addresses; its
    papers count as liked. --reset takes everything back.
    """
    from newsletter.cli.people import known
    from newsletter.stages import tasting

    if bool(file) + bool(author) + bool(forget) + reset > 1:
        raise UsageError("--import, --author, --forget and --reset exclude each other.")
    with opened() as press:
        reader = known(press, email)
        if file is not None:
            _told(_import(press, reader, file), as_json=as_json)
        elif author is not None:
            _told(tasting.bring_author(press, reader, author), as_json=as_json)
        elif forget:
            count = tasting.forget(press, reader, [*forget, *map(pasted_id, forget)])
            if not count:
                raise UsageError(
                    f"{reader.email} has said nothing of {', '.join(forget)}.",
                    cure=f"`newsletter subscribers taste {reader.email}` lists what she said.",
                )
            _counted(count, reader.email, "forgotten", as_json=as_json)
        elif reset:
            _counted(tasting.reset(press, reader), reader.email, "reset", as_json=as_json)
        if show or not (file or author or forget or reset):
            _show(press, reader, as_json=as_json)


def _counted(count: int, email: str, what: str, *, as_json: bool) -> None:
    if as_json:
        give({what: count})
    else:
        say(f"took back what {email} said of {plural(count, 'paper')}")


def _import(press: Press, reader: Subscriber, file: Path) -> Brought:
    from newsletter.stages.tasting import bring
    from newsletter.subscribe.library import LARGEST, read_library

    try:
        with file.open("rb") as stream:
            library = read_library(stream.read(LARGEST + 1))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    if library.remark:
        tell(f"note: {library.remark}")
    if not library.entries:
        raise UsageError(
            f"{file} names no papers that can be recognised.",
            cure="It may be BibTeX, RIS, Zotero's CSV, RDF or CSL JSON, OPML, or a list of arXiv ids and DOIs.",
        )
    tell(f"{file.name}: {library.form}, {plural(len(library.entries), 'paper')}")
    if library.skipped:
        tell(f"note: {plural(library.skipped, 'entry', 'entries')} without a title, an arXiv id or a DOI left out")
    return bring(press, reader, library.entries, file.name)


def _told(brought: Brought, *, as_json: bool) -> None:
    for problem in brought.problems:
        tell(f"warning: {problem.where}: {problem.what} {problem.cure}".rstrip())
    if as_json:
        give(
            {
                "liked": [{"id": paper.id, "title": paper.title} for paper in brought.liked],
                "known": brought.known,
                "unknown": list(brought.unknown),
            }
        )
        return
    say(f"{plural(len(brought.liked), 'paper')} more that she likes, {brought.known} known already")
    for name in brought.unknown[:SHOWN]:
        say(f"  {name}: nothing is known of it, so it was left out")


def _show(press: Press, reader: Subscriber, *, as_json: bool) -> None:
    from newsletter.stages.tasting import learned

    said = press.subscribers.said([reader.id]).get(reader.id, ())
    known = learned(press, reader)
    sources = {one.paper_id: one.source for one in said if one.source}
    facts: dict[str, Any] = {
        "email": reader.email,
        "weight": known.weight,
        "words": list(known.words),
        "authors": list(known.authors),
        "likes": [_paper(one.id, one.title, sources) for one in known.likes],
        "dislikes": [_paper(one.id, one.title, sources) for one in known.dislikes],
        "muted_topics": sorted(_muted(said)),
    }
    if as_json:
        give(facts)
        return
    if not known.likes and not known.dislikes:
        say(f"Nothing was learned of {reader.email} yet: her topics alone decide.")
        return
    say(f"{reader.email}: her taste counts {facts['weight']:.0%}, her topics the rest")
    for name in ("words", "authors"):
        if facts[name]:
            say(f"  {name:<8} {', '.join(facts[name])}")
    for name in ("likes", "dislikes"):
        for one in facts[name][:SHOWN]:
            say(f"  {name[:-1]:<8} {one['id']}  {one['title']}" + (f"  ({one['source']})" if one["source"] else ""))
        if (more := len(facts[name]) - SHOWN) > 0:
            say(f"  and {more} more; --json names them all")


def _paper(paper_id: str, title: str, sources: dict[str, str]) -> dict[str, str]:
    return {"id": paper_id, "title": title, "source": sources.get(paper_id, "")}


def _muted(said: tuple[Any, ...]) -> set[str]:
    from newsletter.rank.cut import mutes

    return set(mutes(said)[1])
