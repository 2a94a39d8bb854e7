"""How raised, lowered and named parts of a formula are written in plain characters."""

from __future__ import annotations


def shifted(inside: str, table: dict[str, str], sign: str) -> str:
    if inside and all(char in table for char in inside):
        return "".join(table[char] for char in inside)
    return f"{sign}{inside}" if len(inside) <= 1 else f"{sign}({inside})"


def wrapped(inside: str) -> str:
    inside = inside.strip()
    return inside if len(inside) <= 1 or inside.isalnum() else f"({inside})"


def spaced(name: str, before: str, after: str) -> str:
    r"""`n\\log n`: TeX sets a blank between an operator's name and a letter or digit beside it."""
    left = " " if before.isalnum() or before in {")", "]"} else ""
    right = " " if after == "{" or after.isdigit() else ""
    return f"{left}{name}{right}"
