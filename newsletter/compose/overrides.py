"""Files in an operator's template folder that no template is looked up by: a slip in a name leaves ours in use."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from newsletter.compose.templates import default_template_folder

if TYPE_CHECKING:
    from pathlib import Path

OPTIONAL = frozenset(f"email/parts/{part}.{kind}.j2" for part in ("opening", "closing") for kind in ("mjml", "txt"))
FIXED = ("workshop/", "web/demo.html.j2", "web/backtest.html.j2")  # taken from the program alone
TEXT = (".j2", ".mjml", ".txt", ".html", ".css", ".js", ".po", ".mo")
_MOST = 500  # files that are looked at: a folder with more is not one of templates


@dataclass(frozen=True, slots=True)
class Unused:
    """A file that takes no template's place; `meant`: the name it probably should have, or ""."""

    name: str
    meant: str


def unused(own: Path) -> list[Unused]:
    """What in the folder `own` is neither one of our templates' names nor spoken of by another file there."""
    theirs = [path for path in sorted(own.rglob("*"))[:_MOST] if path.is_file() and path.name.endswith(TEXT)]
    names = known_names()
    strays = [path for path in theirs if not _takes_a_place(path.relative_to(own).as_posix(), names)]
    if not strays:
        return []
    words = {path: path.read_text("utf-8", "replace") for path in theirs}
    return [
        Unused(name, _meant(name, names))
        for path in strays
        if not any(path.name in text for other, text in words.items() if other != path)
        for name in (path.relative_to(own).as_posix(),)
    ]


def known_names() -> frozenset[str]:
    """The names by which a template is looked up, such as `email/parts/card.mjml.j2`."""
    ours = default_template_folder()
    found = (path.relative_to(ours).as_posix() for path in ours.rglob("*") if path.is_file())
    return OPTIONAL.union(name for name in found if not name.startswith(FIXED))


def _takes_a_place(name: str, known: frozenset[str]) -> bool:
    if name.startswith("locales/"):
        return name.endswith(".po") and name.count("/") == 1
    return name in known or f"web/{name}" in known  # pages are looked up in the folder itself, too


def _meant(name: str, known: frozenset[str]) -> str:
    """The same file name in its right folder first, else the nearest whole name."""
    last = name.rpartition("/")[2]
    same = sorted(one for one in known if one.rpartition("/")[2] == last)
    if len(same) == 1:
        return same[0]
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    near = near or get_close_matches(f"email/{name}", known, n=1, cutoff=0.8)
    return next(iter(same or near), "")
