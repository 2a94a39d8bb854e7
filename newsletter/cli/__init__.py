"""Commands: the only room that prints."""

from __future__ import annotations

import sys
from typing import NoReturn

from newsletter.cli.table import commands

__all__ = ["commands", "main"]


def main() -> NoReturn:
    """The command `newsletter`."""
    from newsletter.cli.edge import run

    sys.exit(run(sys.argv[1:]))
