"""`preview`: a mail as it would go out, on the screen, in a file or in the browser."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.frame import command, day_option, given_config, opened, press_opener, tell
from newsletter.cli.surroundings import own_templates
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from newsletter.press import Press
    from newsletter.stages.previewing import Preview

FORMATS = ("html", "text", "eml")


@command("preview", short_help="Render a reader's mail without sending it.")
@day_option
@click.option("--subscriber", metavar="EMAIL", default="", help="This reader's; without it, a new reader's.")
@click.option("--topic", "topics", multiple=True, metavar="SLUG", help="Only this topic; may be given again.")
@click.option("--locale", metavar="CODE", default="", help="In this language, whatever the reader chose.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="html", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to this file.")
@click.option("--open", "open_", is_flag=True, help="Show it in the browser.")
@click.option("--serve", is_flag=True, help="The template workshop, on this machine; it reloads as templates change.")
@click.option("--port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="For --serve.")
def preview(
    *,
    day: date | None,
    subscriber: str,
    topics: tuple[str, ...],
    locale: str,
    form: str,
    out: Path | None,
    open_: bool,
    serve: bool,
    port: int,
) -> None:
    """Render the day's digest without sending it and without remembering that it was seen."""
    locale = _code(locale)
    if serve:
        from newsletter.cli.gallery import Gallery, serve_gallery
        from newsletter.cli.workroom import Query, Workroom

        query = Query(day.isoformat() if day else "", topics[0] if topics else "", subscriber, locale)
        serve_gallery(Gallery(Workroom(given_config(), press_opener())), port, query, open_browser=open_)
        return
    with opened() as press:
        _tell_unused(press)
        found = seen(press, day, subscriber, topics, locale)
    if found is None:
        return
    data = as_bytes(found, form)
    if open_ and out is None:
        with tempfile.NamedTemporaryFile(prefix="newsletter-", suffix=f".{form}", delete=False) as file:
            out = Path(file.name)
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", cure="Choose another --out.") from None
    tell(f"wrote {out}: {found.rendered.subject}")
    if open_:
        webbrowser.open(out.absolute().as_uri())


def _code(locale: str) -> str:
    """The code of a language that was asked for; "" for none. Raises UsageError."""
    from newsletter.subscribe.people import RowError, locale_code

    try:
        return locale_code(locale) if locale else ""
    except RowError as error:
        raise UsageError(str(error)) from None


def _tell_unused(press: Press) -> None:
    for finding in own_templates(press.config):
        tell(f"warning: {finding.text}. {finding.cure}")


def seen(press: Press, day: date | None, email: str, topics: tuple[str, ...], locale: str = "") -> Preview | None:
    """The preview; None, with the reason on stderr, when the issue is empty."""
    from newsletter.publish import moment
    from newsletter.stages.previewing import Preview
    from newsletter.stages.previewing import preview as render

    known = [topic.slug for topic in press.config.topics]
    for slug in topics:
        if slug not in known:
            raise UsageError(f'There is no topic "{slug}".', cure=f"There are: {', '.join(known)}.")
    asof = moment(press, day)
    found = render(press, day or press.edition_day(asof), asof, email=email, topics=topics, locale=locale)
    if isinstance(found, Preview):
        return found
    tell(f"nothing to show: {found.text}")
    if not press.papers.count():
        tell("No paper is known yet: `newsletter collect` asks the sources, `newsletter run` does that and the rest.")
    return None


def as_bytes(found: Preview, form: str) -> bytes:
    if form == "eml":
        return found.message.data
    return (found.rendered.html if form == "html" else found.rendered.text).encode()
