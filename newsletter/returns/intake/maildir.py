"""A Maildir: letters are read where they lie, and erased or moved aside when what they said is stored."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from newsletter.errors import RelayConfigError, RelayError
from newsletter.model.returns import Letter
from newsletter.returns.mime import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Maildir:
    """The port `Mailbox` over a folder with `new` and `cur` (maildir(5)). Two readers at once do no harm.

    What is put aside goes into the folder `.ASIDE` beside them (Maildir++), where mail programs show it.
    """

    def __init__(self, path: Path, *, aside: str) -> None:
        self.name = f"maildir {path}"
        self._path = path
        self._aside = path / f".{aside}"

    def letters(self, *, limit: int) -> Iterator[Letter]:
        for name in self._names()[:limit]:
            try:
                with (self._path / name).open("rb") as file:
                    data = file.read(LIMIT)
            except FileNotFoundError:
                continue  # another reader was quicker, or a mail program marked it as read
            except OSError as error:
                raise self._trouble(error) from error
            yield Letter(name, data)

    def finish(self, done: Sequence[str], aside: Sequence[str]) -> None:
        try:
            for name in done:
                (self._path / name).unlink(missing_ok=True)
            if aside:
                for inner in ("tmp", "new", "cur"):
                    (self._aside / inner).mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in aside:
                with suppress(FileNotFoundError):
                    (self._path / name).rename(self._aside / "cur" / self._plain(name))
        except OSError as error:
            raise self._trouble(error) from error

    @staticmethod
    def _plain(name: str) -> str:
        """The name in `cur` needs its flags, even if there are none."""
        base = name.partition("/")[2]
        return base if ":2," in base else f"{base}:2,"

    def _names(self) -> list[str]:
        """`new/NAME` and `cur/NAME`, oldest first: names begin with the second of the delivery."""
        if not self._path.is_dir():
            raise RelayConfigError(
                f"{self._path} is no folder.", cure="Give [[returns]] the path of the Maildir that bounces arrive in."
            )
        found = []
        for inner in ("new", "cur"):
            try:
                with os.scandir(self._path / inner) as entries:
                    found += [(one.name, inner) for one in entries if not one.name.startswith(".") and one.is_file()]
            except FileNotFoundError:
                continue
            except OSError as error:
                raise self._trouble(error) from error
        return [f"{inner}/{name}" for name, inner in sorted(found)]

    def _trouble(self, error: OSError) -> RelayError:
        return RelayError(
            f"{self.name} cannot be read: {error.strerror}.", cure="Make it readable and writable for this user."
        )
