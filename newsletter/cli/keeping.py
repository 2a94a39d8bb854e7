"""`backup`: what must not be lost, in a file."""

from __future__ import annotations

from pathlib import Path

import click

from newsletter.cli.frame import command, give, json_option, opened, say


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
