"""Commands: the only room that prints."""

from __future__ import annotations


def main() -> None:
    """The command `newsletter`."""
