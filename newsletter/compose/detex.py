"""TeX to Unicode."""

from __future__ import annotations


def detex(text: str) -> str:
    return text
