"""The demo's page: every mail as its reader sees it, why each paper is in it, and why some days are silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.compose.templates import page_environment
from newsletter.sample.mailbox import SCHEMES, in_scheme

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter.model.edition import Part
    from newsletter.sample.story import Day, Reader

WIDTHS = (320, 600, 800)  # px: a phone, the width mails are made for, a wide window


def write_page(out: Path, name: str, days: Sequence[Day], readers: Sequence[Reader]) -> Path:
    """Write `index.html` and, under `mails/`, each mail's HTML in each colour scheme and its text edition."""
    folder = out / "mails"
    folder.mkdir(exist_ok=True)
    for scene in (scene for day in days for scene in day.scenes):
        if scene.mail is not None:
            for scheme in SCHEMES:
                page = in_scheme(scene.mail.html, scheme)
                (folder / f"{scene.stem}.{scheme}.html").write_text(page, encoding="utf-8", newline="\n")
            (folder / f"{scene.stem}.txt").write_text(scene.mail.text, encoding="utf-8", newline="\n")
    index = out / "index.html"
    index.write_text(_render(name, days, readers), encoding="utf-8", newline="\n")
    return index


def _render(name: str, days: Sequence[Day], readers: Sequence[Reader]) -> str:
    environment = page_environment()
    scenes = [scene for day in days for scene in day.scenes]
    return environment.get_template("web/demo.html.j2").render(
        name=name,
        days=days,
        cast=[(reader, [scene for scene in scenes if scene.reader == reader]) for reader in readers],
        papers=sum(day.listed for day in days),
        editions=sum(day.edition is not None for day in days),
        mails=sum(scene.mail is not None for scene in scenes),
        widths=WIDTHS,
        schemes=SCHEMES,
        bar=_bars(days),
    )


def _bars(days: Sequence[Day]) -> dict[Part, int]:
    """The length of each part's bar, in per cent of the largest part that is shown."""
    parts = {
        part
        for day in days
        for scene in day.scenes
        for shelf in scene.shelves
        for choice in shelf.choices
        for part in choice.parts
    }
    largest = max((abs(part.value) for part in parts), default=0.0) or 1.0
    return {part: round(100 * abs(part.value) / largest) for part in parts}
