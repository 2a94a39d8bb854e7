"""`locales`: which languages the newsletter speaks, what their catalogues lack, and a fresh one to fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.frame import command, give, json_option, say, settings, tell
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.tongue.messages import State

SHOWN = 10


@command("locales", short_help="The languages it speaks, and what their catalogues lack.")
@click.option("--check", is_flag=True, help="Name what is missing or wrong; then the exit code is 1.")
@click.option("--update", metavar="CODE", help="Write this language's catalogue with every message, new ones empty.")
@json_option
def locales(check: bool, update: str | None, as_json: bool) -> None:
    """Show each language with how many messages its catalogue translates; the rest is said in English.

    The catalogues are locales/CODE.po in the folder of [newsletter] templates and in the program's own.
    """
    from newsletter.tongue.catalogues import Tongues
    from newsletter.tongue.messages import messages, state

    folders = _folders()
    wanted = messages(folders)
    tongues = Tongues(folders)
    if update:
        say(f"wrote {_update(folders[0], update, messages(folders, [topic.name for topic in settings().topics]))}")
    found = []
    for language in tongues.languages():
        catalogue = tongues.catalogue(language)
        if catalogue is not None:
            found.append(state(catalogue, wanted))
    if as_json:
        give({"messages": len([m for m in wanted if m.id]), "locales": [_plain(one) for one in found]})
    else:
        for one in found:
            _show(one, every=check)
    if check and any(one.missing or one.wrong for one in found):
        raise click.exceptions.Exit(1)


def _folders() -> list[Path]:
    from newsletter.stages.folders import template_folders

    return template_folders(settings())


def _update(folder: Path, language: str, wanted: Any) -> Path:
    from newsletter.tongue.catalogues import FOLDER, known, read_catalogue
    from newsletter.tongue.messages import updated, write

    if not known(language):
        raise UsageError(f'There is no language "{language}".', cure='Write a code such as "it", "pt_BR" or "zh_Hant".')
    if folder.name == "_templates":
        cure = "Name a folder of your own in config.toml: [newsletter] templates."
        raise UsageError("The program's own catalogues are not changed where it is installed.", cure=cure)
    path = folder / FOLDER / f"{language}.po"
    catalogue = read_catalogue(path) if path.is_file() else None
    try:
        write(updated(catalogue, wanted, language), path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", cure="Make its folder writable.") from None
    return path


def _show(one: State, *, every: bool) -> None:
    from babel import Locale

    name = Locale.parse(one.language).english_name
    say(f"{one.language:<8} {name or '':<20} {one.done} of {one.total} messages")
    if every:
        for text, what in one.wrong:
            tell(f'{one.language}: "{text}" {what}')
        for text in one.missing[:SHOWN]:
            tell(f'{one.language}: "{text}" is not translated')
        if len(one.missing) > SHOWN:
            tell(f"{one.language}: and {len(one.missing) - SHOWN} more")


def _plain(one: State) -> dict[str, Any]:
    return {
        "locale": one.language,
        "translated": one.done,
        "missing": list(one.missing),
        "wrong": [{"message": text, "what": what} for text, what in one.wrong],
    }
