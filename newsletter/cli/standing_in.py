"""A press for `doctor` when the database cannot be opened: an empty one stands in, so that the rest is still tried."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from newsletter.cli.frame import opened, press_opener, settings
from newsletter.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.press import Press


@contextmanager
def opened_or_stand_in() -> Iterator[tuple[Press, StoreError | None]]:
    """The press; when its database cannot be opened, one over an empty database, in memory where that can be had."""
    with ExitStack() as stack:
        try:
            press, trouble = stack.enter_context(opened()), None
        except StoreError as error:
            memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of our own is made in it
            folder = stack.enter_context(TemporaryDirectory(prefix="newsletter-", dir=memory))
            config = settings()
            empty = replace(config.newsletter, database=f"sqlite:///{folder}/empty.db")
            press, trouble = stack.enter_context(press_opener()(replace(config, newsletter=empty))), error
        yield press, trouble
