"""For mkdocs: the pages beside docs/ (architecture, contributing, changelog) become pages of the site."""  # noqa: INP001 - a script, no package

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

MARK = re.compile(r"<!-- (?:run|file: [\w./-]+) -->")  # for tests/deploy/test_docs.py
ROOT = Path(__file__).resolve().parents[1]
BESIDE = ("ARCHITECTURE", "CONTRIBUTING", "CHANGELOG")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add them; links from them into docs/ lose that folder."""
    for name in BESIDE:
        text = (ROOT / f"{name}.md").read_text("utf-8").replace("](docs/", "](")
        files.append(File.generated(config, f"{name.lower()}.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to them lead to their pages here."""
    del page, config, files
    for name in BESIDE:
        markdown = markdown.replace(f"](../{name}.md", f"]({name.lower()}.md")
    return indented(markdown)


def indented(markdown: str) -> str:
    """What belongs to a list item, by four columns, and its fences as indented code: Python-Markdown knows no other
    way, where CommonMark takes two or three columns and a fence.
    """
    lines, fence = [], -1
    for line in markdown.splitlines():
        column = len(line) - len(line.lstrip(" "))
        mark = line.lstrip(" ").startswith("```")
        if fence < 0 and mark and column:
            fence = column
            lines.append("")
        elif fence > 0 and mark:
            fence = -1
            lines.append("")
        elif fence > 0:
            lines.append(" " * 8 + line[fence:] if line.strip() else "")
        elif mark:
            fence = -1 if fence == 0 else 0
            lines.append(line)
        elif fence < 0 and 2 <= column <= 3:
            lines.append(" " * (4 - column) + line)
        else:
            lines.append(line)
    return "\n".join(line for line in lines if not MARK.fullmatch(line.strip()))
