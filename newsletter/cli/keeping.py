"""`backup`, `restore` and `upgrade`: what must not be lost, in a file, back again, and brought up to date."""

from __future__ import annotations

from pathlib import Path

import click

from newsletter.cli.frame import command, give, json_option, opened, press_opener, say, settings, tell
from newsletter.errors import UsageError


@command("backup", short_help="Copy the SQLite database into a new file, while everything goes on.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Copy the SQLite database into FILE: whole, of one moment, readable by you only.

    The secret that signs links is not in it: keep that too. docs/operations.md says how to restore.
    """
    with opened() as press:
        assert press.copy_store is not None
        press.copy_store(file)
    if as_json:
        give({"made": str(file), "bytes": file.stat().st_size})
    else:
        say(f"made {file} ({file.stat().st_size / 1e6:,.1f} MB)")


@command("restore", short_help="Put a backup in the place of the SQLite database.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="There is a database already: put it aside.")
@json_option
def restore(file: Path, replace: bool, as_json: bool) -> None:
    """Put the backup FILE in the place of the database. Stop `serve` and cron before; docs/operations.md says more.

    The backup is checked first. A database that is there already is put aside, and only with --replace.
    """
    from newsletter.config import ensure_secret
    from newsletter.wiring import restore_store

    config, _ = ensure_secret(settings())
    if not config.database_url.startswith("sqlite:///"):
        cure = "For PostgreSQL: createdb NAME && pg_restore --dbname=NAME FILE."
        raise UsageError("This command restores SQLite databases.", cure=cure)
    path = Path(config.database_url.removeprefix("sqlite:///"))
    if path.exists() and not replace:
        raise UsageError(f"{path} is there already.", cure="Give --replace: it is put aside, not erased.")
    aside = restore_store(file, path)
    with press_opener()(config) as press:
        readers = sum(press.subscribers.counts().values())
        if press.upgraded:
            tell(press.upgraded)
    if as_json:
        give({"restored": str(path), "aside": str(aside) if aside else None, "readers": readers})
        return
    say(f"restored {path}: {readers:,} readers")
    if aside is not None:
        say(f"the database that was there is {aside}")
    say("Mail that went out after the backup is not in it: `newsletter send --dry-run` shows who would be mailed.")


@command("upgrade", short_help="Bring the database up to this version, and say what was done.")
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the database up to this version of the program. Every command does so at its first use; this one does
    nothing else, and says what was done. An SQLite database is copied before.
    """
    with opened() as press:
        done = press.upgraded
    if as_json:
        give({"upgraded": done or None})
    elif not done:
        say("The database is up to date.")
