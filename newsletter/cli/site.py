"""`site`: the archive as files for any page host, and an edition as an e-reader file."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from newsletter.cli.frame import command, day_option, give, json_option, opened, plural, say, tell
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from newsletter.press import Press
    from newsletter.web.site import Made

MANIFEST = ".newsletter-site.json"  # which files are ours, so that no other one is touched
JOURNAL = ".newsletter-site.begun"  # which were written since, for a `site` that is interrupted


@command("site", short_help="The archive as a static site, or an edition as an e-reader file.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write the site here.")
@click.option("--base-url", metavar="URL", default="", help="Where it will be reached; default: [newsletter] base_url.")
@click.option("--sign-up", metavar="URL", default="", help="A page to subscribe on; without it the site has none.")
@click.option("--epub", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write an EPUB file.")
@click.option("--topic", "topics", multiple=True, metavar="SLUG", help="--epub: only this topic; may be given again.")
@click.option("--mail", metavar="EMAIL", default="", help="--epub: mail the file to this address, such as a reader's.")
@day_option
@json_option
def site(
    out: Path | None,
    base_url: str,
    sign_up: str,
    epub: Path | None,
    topics: tuple[str, ...],
    mail: str,
    day: date | None,
    as_json: bool,
) -> int:
    """Write every printed edition, the topics, papers and feeds as files with relative links: for any page host.

    Only what changed is written, only files of an earlier `site` are removed. Nothing about readers is in it.
    With --epub FILE: the newest edition (or that of --day) as an e-reader file; readers' own mails stay as they are.
    """
    if out is None and epub is None:
        raise click.UsageError("Say what to write: --out DIR for the site, --epub FILE for an e-reader file.")
    told: dict[str, Any] = {}
    code = 0
    with opened() as press:
        if out is not None:
            told |= _site(press, out, base_url, sign_up)
        if epub is not None:
            code = _book(press, epub, day, topics, mail, told)
    if as_json:
        give(told)
    elif out is not None:
        say(f"{plural(told['files'], 'file')} under {out}: {told['written']} written, {told['removed']} removed")
    return code


def _site(press: Press, out: Path, base_url: str, sign_up: str) -> dict[str, Any]:
    try:
        from newsletter.wiring_site import open_site
    except ModuleNotFoundError as error:
        cure = "Install them: pip install 'trending-papers[web]'."
        raise UsageError(f"The site needs a package that is not here: {error.name}.", cure=cure) from None
    base = (base_url or press.config.newsletter.base_url).rstrip("/")
    for url in filter(None, (base, sign_up)):
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise UsageError(f"{url} is no web address.", cure="Write it with https://.")
    if urlsplit(base).hostname in {"localhost", "127.0.0.1"}:
        tell(f"links in feeds begin with {base}: give --base-url, where the site will be reached")
    began = time.monotonic()
    told = write_files(out, open_site(press, base_url=base, sign_up=sign_up))
    return told | {"out": str(out), "seconds": round(time.monotonic() - began, 2)}


def write_files(out: Path, made: Iterable[Made]) -> dict[str, int]:
    """Write what differs; remove what an earlier call wrote and this one does not. The next call finishes one that was
    interrupted. Raises UsageError before it would replace a file that is not ours, or when it cannot write.
    """
    manifest, journal = out / MANIFEST, out / JOURNAL
    now: dict[str, str] = {}
    written = 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        before = _before(manifest, journal)
        with journal.open("a", encoding="utf-8") as begun:
            for one in made:
                now[one.path] = hashlib.sha256(one.data).hexdigest()
                path = out / one.path
                there = path.is_file()
                if there and one.path not in before and path.read_bytes() != one.data:
                    cure = "Choose an empty folder, or move that file away."
                    raise UsageError(f"{path} is not a file that this command made.", cure=cure)
                if not there or before.get(one.path) != now[one.path]:
                    begun.write(f"{one.path}\n")
                    begun.flush()
                    _put(path, one.data)
                    written += 1
        gone = sorted(before.keys() - now.keys())
        for name in gone:
            (out / name).unlink(missing_ok=True)
        _put(manifest, json.dumps(now, indent=0, sort_keys=True).encode())
        journal.unlink()
    except OSError as error:
        raise UsageError(
            f"{error.filename or out} cannot be written: {error.strerror}.", cure="Choose another."
        ) from error
    return {"files": len(now), "written": written, "removed": len(gone)}


def _before(manifest: Path, journal: Path) -> dict[str, str]:
    """Our files and what was in them; of those that an interrupted call began nobody knows."""
    known: dict[str, str] = json.loads(manifest.read_text("utf-8")) if manifest.exists() else {}
    begun = journal.read_text("utf-8").splitlines() if journal.exists() else []
    return known | dict.fromkeys(begun, "")


def _put(path: Path, data: bytes) -> None:
    """It appears whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)


def _book(press: Press, path: Path, day: date | None, topics: tuple[str, ...], mail: str, told: dict[str, Any]) -> int:
    from newsletter.stages.booking import book_of, mail_book

    known = {topic.slug for topic in press.config.topics}
    if wrong := [slug for slug in topics if slug not in known]:
        raise UsageError(f'There is no topic "{wrong[0]}".', cure=f"There are: {', '.join(sorted(known))}.")
    days = press.editions.days()
    wanted = day or (days[-1] if days else None)
    edition = press.editions.get(wanted) if wanted else None
    book = None if edition is None else book_of(press, edition, topics)
    if edition is None or book is None:
        tell(f"there is nothing to write: no paper {f'on {wanted}' if wanted else 'was printed yet'}")
        return 0
    try:
        _put(path, book)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", cure="Choose another --epub.") from error
    tell(f"wrote {path}: the edition of {edition.day}, {len(book) / 1000:,.0f} kB")
    told["epub"] = str(path)
    if not mail:
        return 0
    failed = mail_book(press, edition, book, mail)
    tell(f"not mailed to {mail}: {failed}" if failed else f"mailed to {mail}")
    return 75 if failed else 0
