"""The demo's folder: made afresh each time, and never at the cost of anybody else's files."""

from __future__ import annotations

import shutil
from pathlib import Path

from newsletter.errors import UsageError

SAMPLE = Path(__file__).parent
MARKER = ".newsletter-demo"
COPIED = ("config.toml", "papers.jsonl")
MADE = ("index.html", "subscribers.db", "subscribers.db-wal", "subscribers.db-shm", "subscribers.db-journal")
FOLDERS = ("outbox", "mails")
_MARK = "This folder was made by `newsletter demo`. The next demo replaces its own files in here and no others.\n"


def prepare(out: Path) -> Path:
    """An absolute folder with the sample in it and no trace of an earlier demo.

    Raises UsageError when `out` holds files but was not made by a demo, or cannot be written. A `config.toml` that was
    edited since is kept as `config.toml.bak`.
    """
    out = out.absolute()
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file.", cure="Give --out a folder.")
    try:
        if out.is_dir() and any(out.iterdir()) and not (out / MARKER).is_file():
            raise UsageError(
                f"{out} holds files that the demo did not make, so it is left as it is.",
                cure="Give --out a new or an empty folder.",
            )
        out.mkdir(parents=True, exist_ok=True)
        (out / MARKER).write_text(_MARK, encoding="utf-8")
        _clear(out)
        for name in COPIED:
            shutil.copyfile(SAMPLE / name, out / name)
    except OSError as error:
        raise UsageError(
            f"The demo cannot write to {out}: {error.strerror}.", cure="Give --out a folder that you may write to."
        ) from error
    return out


def _clear(out: Path) -> None:
    settings, original = out / "config.toml", SAMPLE / "config.toml"
    if settings.is_file() and settings.read_bytes() != original.read_bytes():
        settings.replace(settings.with_name("config.toml.bak"))
    for name in (*COPIED, *MADE):
        (out / name).unlink(missing_ok=True)
    for name in FOLDERS:
        folder = out / name
        if folder.is_symlink():  # the link is removed, what it points to is not ours
            folder.unlink()
        elif folder.is_dir():
            shutil.rmtree(folder)
